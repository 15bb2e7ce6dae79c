"""Features that synthesis models are trained on."""

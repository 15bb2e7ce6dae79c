"""Parts that several synthesisers share."""

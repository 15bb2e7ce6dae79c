"""Small helpers without a speech idea of their own."""

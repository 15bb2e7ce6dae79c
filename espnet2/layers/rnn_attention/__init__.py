"""Attention mechanisms of the recurrent decoder."""

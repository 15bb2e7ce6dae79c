"""Beam search over scorers."""

"""Synthesis by a Transformer."""

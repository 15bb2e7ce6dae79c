"""Searches that take the speech piece by piece."""

"""FastSpeech."""

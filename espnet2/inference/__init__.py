"""From files and waveforms to results."""

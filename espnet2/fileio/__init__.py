"""Files of a data folder: audio, Kaldi tables and archives, numpy arrays."""

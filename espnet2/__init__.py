"""A speech toolkit with ESPnet2's user surface; importing it loads neither torch nor numpy."""

__version__ = "0.1.0"

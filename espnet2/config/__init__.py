"""How a YAML file and a command line become constructor arguments."""

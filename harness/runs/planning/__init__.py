"""From an experiment and a device to a plan."""

"""What the example models are made of: photographs, degradation, network, graphs."""

SCALE = 2

"""Metrics of sequences: frames in their order, uint8 (frames, height, width, 3), or grey without the channels."""

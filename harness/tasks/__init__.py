"""The pictures of an experiment, and how they become tensors and back."""

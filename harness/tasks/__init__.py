"""A task is a value: what the items of an experiment are, and how they become tensors and back."""

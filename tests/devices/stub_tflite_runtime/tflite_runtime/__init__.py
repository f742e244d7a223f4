"""A runtime of nothing for the Python runner: one input, one output, and an inference that may keep memory."""

__version__ = "2.14.0"

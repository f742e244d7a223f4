"""A device made ready for a run."""

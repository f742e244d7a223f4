"""Pure functions from (output, reference) to numbers."""

"""Pure renderings of comparison.json."""

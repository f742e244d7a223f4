"""From records and outputs to tidy tables."""

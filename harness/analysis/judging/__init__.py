"""From evidence to outcomes of rules and a verdict."""

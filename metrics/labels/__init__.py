"""Metrics of a label: which class an item is of, against what a model gives each class."""

"""Metrics of images against references."""

"""Metrics of label masks: which class each pixel is of."""

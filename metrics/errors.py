"""What can go wrong with a metric: its input, or something it needs."""

from __future__ import annotations


class MetricInputError(ValueError):
    """The images cannot be compared: other shapes, other types, too small, not finite."""


class MetricUnavailableError(RuntimeError):
    """The metric cannot be had on this machine; the text says why and what to do. It is never replaced by 0."""


class LpipsUnavailableError(MetricUnavailableError):
    """LPIPS weights could not be had from anywhere, or gave wrong distances."""

"""An image in bands of rows, so that what is made on the way stays in a core's cache and threads share the work."""

from __future__ import annotations

_VALUES = 50_000
"""Values of one band: 400 kB of float64."""


def row_bands(height: int, values_per_row: int) -> list[slice]:
    """Slices of rows that cover the image, in order; the same whatever the number of threads."""
    rows = max(1, _VALUES // max(1, values_per_row))
    return [slice(first, min(first + rows, height)) for first in range(0, height, rows)]

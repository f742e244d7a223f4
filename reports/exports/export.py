"""The shape of every export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.documents.comparison import Comparison


@dataclass(frozen=True)
class Export:
    """A format that a comparison can be written in.

    `render` gives the whole file, UTF-8, from the comparison and the folder where the paths of its files begin. The
    same comparison gives the same bytes.
    """

    name: str
    meaning: str
    render: Callable[[Comparison, Path], bytes]

"""What warnings say, whatever they are about."""

from __future__ import annotations

from collections.abc import Sequence

from harness.documents.comparison import RunWarning


def texts(warnings: Sequence[RunWarning]) -> list[str]:
    """The text of each."""
    return [warning.text for warning in warnings]

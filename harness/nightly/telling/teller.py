"""The shape of every way to tell of a night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.documents.nightly import Nightly

Render = Callable[[str, Nightly], bytes]
"""Name of a rendering of `reports.nightly.registry` and the night → the whole file. It is handed in: no floor below the
commands knows the reports.
"""


class TellingError(Exception):
    """Somebody could not be told. `what` says who and why, without any secret; `remedy` what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}" if self.remedy else self.what


@dataclass(frozen=True)
class Teller:
    """A way to tell: `tell` gets the night, the way's own table of the suite, and how a night is rendered. It returns
    when it has been told, and raises `TellingError`.
    """

    name: str
    tell: Callable[[Nightly, Any, Render], None]

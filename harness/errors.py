"""What a person got wrong, in words that help: shown as one or two lines, exit code 2, never a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A fault in what the user gave. `remedy` says what to do next."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}" if self.remedy else self.what

"""Whole numbers in what a device says: plain digits and few of them, or none at all.

`str.isdigit` is true of "²", which `int` refuses, and `int` takes minutes for, or refuses, a number of thousands of
digits.
"""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[0-9]{1,18}")


def whole_number(text: str) -> int | None:
    """The number that the text is, blanks around it allowed; null for anything else, and from 10^18 on."""
    stripped = text.strip()
    return int(stripped) if _WHOLE.fullmatch(stripped) else None

"""Texts that devices print, and what every runner must take out of them for a gate."""

from __future__ import annotations

NUMBERS: list[tuple[str, str, float | None]] = [
    ("42", "", 42),
    (" \t42 mW", "", 42),
    ("level:\t-3.25e2,", "level:", -325),
    ("x=+.5", "x=", 0.5),
    ("7.", "", 7),
    ("7e", "", 7),
    ("7e+x", "", 7),
    ("0x10", "", 0),
    ("level: 1\nlevel: 2", "level:", 1),
    ("leve level: 3", "level:", 3),
    ("1e400", "", None),
    ("nan", "", None),
    ("inf", "", None),
    ("- 3", "", None),
    (".", "", None),
    ("", "", None),
    ("level:\n9", "level:", None),
    ("level: 9", "Level:", None),
    ("leve", "level:", None),
]
"""(text, what the number stands after, number)."""

WORDS: list[tuple[str, str | None]] = [
    ("status: Full\n", "Full"),
    ("status:Not charging", "Not"),
    ("status: 5", "5"),
    ("status: \xa0x\n", "\xa0x"),
    ("status: \nnext: x", None),
    ("status:", None),
]
"""(text, the word after `status:`)."""

"""Text from users made inert: nothing in it can move a cursor, start an escape sequence or turn the reading direction.

Markup is another matter and is escaped where the text is put (jinja2's autoescape, rich's `Text`).
"""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_WHITE_SPACE = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# C0 and C1 controls, DEL, lone surrogates, non-characters; the marks, embeddings, overrides and isolates of Unicode
# bidirectional text; invisible characters that make two names look the same.
_ACTIVE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)


def inert(text: str) -> str:
    """`text` on one line, with every control and direction-changing character shown as U+FFFD."""
    return _ACTIVE.sub(REPLACEMENT, _WHITE_SPACE.sub(" ", text))

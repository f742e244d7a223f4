"""What `getprop` prints, read by a pure function."""

from __future__ import annotations

import re
from itertools import pairwise

_BEGIN = re.compile(r"\[([^\[\]\s]+)\]: \[")


def parse_getprop(text: str) -> dict[str, str]:
    """Property → value, of every line such as `[ro.product.model]: [Pixel 8]`.

    A value may be empty, and may go on over several lines up to the closing bracket. A line that was cut before its
    closing bracket is left out: how much of its value is missing cannot be known.
    """
    properties: dict[str, str] = {}
    lines = [line.rstrip("\r") for line in text.split("\n")]
    begins = [index for index, line in enumerate(lines) if _BEGIN.match(line)]
    for first, after in pairwise([*begins, len(lines)]):
        last = next((index for index in range(after - 1, first - 1, -1) if lines[index].endswith("]")), None)
        found = _BEGIN.match(lines[first])
        if last is not None and found is not None:
            properties[found[1]] = "\n".join(lines[first : last + 1])[found.end() : -1]
    return properties

"""What `getprop` prints, read by a pure function."""

from __future__ import annotations

import re

_BEGIN = re.compile(r"\[([^\[\]\s]+)\]: \[")


def parse_getprop(text: str) -> dict[str, str]:
    """Property → value, of every line such as `[ro.product.model]: [Pixel 8]`.

    A value may be empty, and may go on over several lines up to the closing bracket. A line that was cut before its
    closing bracket is left out: how much of its value is missing cannot be known.
    """
    properties: dict[str, str] = {}
    lines = [line.rstrip("\r") for line in text.split("\n")]
    index = 0
    while index < len(lines):
        found = _BEGIN.match(lines[index])
        if found is None:
            index += 1
            continue
        end = index
        while end < len(lines) and not lines[end].endswith("]"):
            end += 1
            if end < len(lines) and _BEGIN.match(lines[end]):
                end = len(lines)
        if end < len(lines):
            properties[found[1]] = "\n".join(lines[index : end + 1])[found.end() : -1]
            index = end
        index += 1
    return properties

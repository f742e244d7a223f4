"""One condition of a gate: what a probe's text says, and whether it holds."""

from __future__ import annotations

import math
import re
from typing import Any

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^ \t\n\r\v\f]+")


def gate_value(condition: dict[str, Any], text: str | None) -> float | str | None:
    """What a condition speaks of, out of its probe's text; None where it cannot be read."""
    after = condition.get("after", "")
    if text is None or after not in text:
        return None
    rest = text[text.index(after) + len(after) :].lstrip(" \t")
    if all(condition.get(bound) is None for bound in ("at_most", "at_least", "rise_at_most")):
        word = _WORD.match(rest)
        return word.group() if word else None
    number = _NUMBER.match(rest)
    value = float(number.group()) * condition.get("scale", 1.0) if number else math.nan
    return value if math.isfinite(value) else None


def gate_holds(condition: dict[str, Any], value: float | str, first: float | str) -> bool:
    """Whether a value is within the condition's bound; `first` is the first one of the session."""
    if isinstance(value, str) or isinstance(first, str):
        return value not in condition.get("none_of", ()) and (not condition.get("same_as_first") or value == first)
    bounds = ((condition.get("at_most"), value), (condition.get("rise_at_most"), value - first))
    at_least = condition.get("at_least")
    return all(most is None or found <= most for most, found in bounds) and (at_least is None or value >= at_least)

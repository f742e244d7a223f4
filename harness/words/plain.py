"""What a number means to people who do not measure: frames a second, minutes of waiting, hours of a battery."""

from __future__ import annotations

import math

from harness.words.sentences import plural

_NANOSECONDS = 1e9


def rate_in_words(baseline_ns: float, candidate_ns: float, noun: str) -> str | None:
    """`35 clips a second instead of 24`, from the time that one takes; None below one a second, or where both read
    alike.
    """
    if not (0.0 < baseline_ns < math.inf and 0.0 < candidate_ns < math.inf):
        return None
    before, after = _NANOSECONDS / baseline_ns, _NANOSECONDS / candidate_ns
    slower = min(before, after)
    if slower < 1.0:
        return None
    decimals = 0 if slower >= 10.0 else 1
    told = [f"{rate:.{decimals}f}" for rate in (after, before)]
    return f"{told[0]} {plural(noun)} a second instead of {told[1]}" if told[0] != told[1] else None


def battery_in_words(baseline_h: float, candidate_h: float) -> str | None:
    """`about 1 h 10 min more of continuous use from a full battery`; None where the difference is under five minutes,
    which no battery is known to.
    """
    minutes = 60.0 * (candidate_h - baseline_h)
    if not math.isfinite(minutes) or abs(minutes) < 5.0:
        return None
    rounded = 10 * round(abs(minutes) / 10.0) if abs(minutes) >= 30.0 else 5 * round(abs(minutes) / 5.0)
    hours, rest = divmod(int(rounded), 60)
    told = " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
    return f"about {told} {'more' if minutes > 0 else 'less'} of continuous use from a full battery"


def duration_in_words(seconds: float) -> str:
    """`about 40 seconds`, `about 4 minutes`, `about 2.5 hours`: as people plan with it, rounded up."""
    if seconds < 60.0:
        count = max(5, 5 * math.ceil(seconds / 5.0))
        return f"about {count} seconds" if count < 60 else "about 1 minute"
    if seconds < 90.0 * 60.0:
        count = math.ceil(seconds / 60.0)
        return f"about {count} {'minute' if count == 1 else 'minutes'}"
    return f"about {math.ceil(seconds / 1800.0) / 2.0:g} hours"

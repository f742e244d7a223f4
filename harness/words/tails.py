"""The tail in words: of scores, on which items a candidate is worse than a mean tells; of latencies, how many stall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.quantity import STALLED
from harness.words.changes import limit_in_words, percent_in_words
from harness.words.sentences import counted, named

if TYPE_CHECKING:
    from harness.documents.comparison import ItemTail
    from harness.quantity import Quantity


def tail_in_words(quantity: Quantity, tail: ItemTail, noun: str) -> str:
    """`worse by more than 0.5 dB on 3 of 100 frames (at most 7.6 % of such frames)`, where `noun` is `frame`."""
    return (
        f"worse by more than {limit_in_words(quantity, tail.margin)} on {tail.worse} of"
        f" {counted(tail.items, noun)} (at most {percent_in_words(tail.upper)} of such {noun}s)"
    )


def disasters_in_words(quantity: Quantity, tail: ItemTail, noun: str) -> str | None:
    """`loses more than 1.0 dB of that score on 3 of 100 frames (a, b and c)`; None where it loses so much on none."""
    if not tail.disasters:
        return None
    return (
        f"loses more than {limit_in_words(quantity, tail.disaster_margin)} of {quantity.label} on"
        f" {len(tail.disasters)} of {counted(tail.items, noun)} ({named(tail.disasters, 5)})"
    )


def stalls_in_words(baseline: float, candidate: float) -> str:
    """`one inference in 50 takes more than twice the usual time (one in 500 with the baseline)`; both are shares."""
    times = "twice" if STALLED == 2.0 else f"{STALLED:g} times"
    before = f"{_one_in(baseline)} with the baseline" if baseline > 0.0 else "none that was seen with the baseline"
    after = _one_in(candidate).replace("one in ", "one inference in ")
    return f"{after} takes more than {times} the usual time ({before})"


def _one_in(share: float) -> str:
    """`one in 50`, to two digits; of more than half of them, too."""
    return f"one in {max(float(f'{1.0 / share:.1e}'), 2.0):,.0f}"

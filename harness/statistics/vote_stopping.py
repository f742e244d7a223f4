"""When one voter's answers settle which of two builds they prefer, looked at after every answer; and what their share
is worth when such looking ended the session.

A voter prefers one of two builds with a chance p, or neither (p = 1/2). With a uniform prior on p the evidence against
p = 1/2 after `first` answers for one build and `second` for the other is

    e = 2^n / ((n + 1)·C(n, first)),  n = first + second,

a martingale that starts at 1 where p = 1/2, so it ever reaches 20 with a chance of at most 5 % (Ville's inequality;
Robbins 1970, "Statistical methods related to the law of the iterated logarithm"). It is the same whichever build is
called the first: the page can look at it without knowing which is which.

A share of answers is biased where the answers decided when to stop. Given how many answers of each kind there were, all
orders of them that do not stop earlier are equally likely (answers to pairs in a random order are exchangeable), so the
mean of the *first* answer over those orders is without bias (Girshick, Mosteller & Savage 1946, "Unbiased estimates for
certain binomial sampling problems"; it is the first answer, Rao-Blackwellised).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

EVIDENCE_ENOUGH: Final = 20.0
"""Evidence of 20 is ever reached by chance in one session of twenty at most."""


def evidence_of_preference(first: int, second: int) -> float:
    """Evidence against no preference after so many answers for either build; 1 where there are none. Answers that there
    is no difference do not count.
    """
    total = first + second
    return 2.0**total / ((total + 1.0) * math.comb(total, first))


def is_settled(first: int, second: int) -> bool:
    """Whether the session ends here: the voter prefers one of the builds."""
    return evidence_of_preference(first, second) >= EVIDENCE_ENOUGH


def unbiased_share(first: int, second: int, ties: int) -> float:
    """The voter's chance of preferring the first build, a tie counted as one half for either: between 0 and 1.

    Without bias whether the session ended by `is_settled` or by anything that does not depend on the answers. Raises
    ValueError where there are no answers, or where the session would have ended before.
    """
    total = first + second
    if total + ties == 0:
        raise ValueError("no answers")
    if total == 0:
        return 0.5
    orders = _orders(first, second)
    if orders == 0:
        raise ValueError(f"a session ends before {first} answers to {second}")
    share = _orders_first(first, second) / orders
    # A tie never ends a session by evidence: where it did end so, the last answer was none.
    tied = ties / (total + ties - 1) if is_settled(first, second) else ties / (total + ties)
    return tied * 0.5 + (1.0 - tied) * share


@cache
def _orders(first: int, second: int) -> int:
    """Orders of so many answers that are settled at their end at the earliest."""
    if first == 0 and second == 0:
        return 1
    return sum(
        _orders(*before)
        for before in ((first - 1, second), (first, second - 1))
        if min(before) >= 0 and not is_settled(*before)
    )


@cache
def _orders_first(first: int, second: int) -> int:
    """Those of them that begin with an answer for the first build."""
    if (first, second) == (1, 0):
        return 1
    if first <= 0:
        return 0
    return sum(
        _orders_first(*before)
        for before in ((first - 1, second), (first, second - 1))
        if min(before) >= 0 and not is_settled(*before)
    )

"""What a night says of those before it: when anything was measured last, and which nights were missed of late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from harness.documents.nightly import NIGHTS_LOOKED_BACK, Nightly


def looking_back(nightly: Nightly, earlier: Iterable[Nightly]) -> Nightly:
    """The night with `last_success_at` and `missed_nights` set from the suite's nights before it, in any order.

    A night before the suite's first was not missed; nights of other suites and later ones do not count.
    """
    before = [each for each in earlier if each.suite == nightly.suite and each.night < nightly.night]
    successes = [each.finished_at for each in [*before, nightly] if each.outcome != "not measured"]
    tonight = date.fromisoformat(nightly.night)
    first = max(
        [
            tonight - timedelta(NIGHTS_LOOKED_BACK),
            min((date.fromisoformat(each.night) for each in before), default=tonight),
        ]
    )
    there = {each.night for each in before}
    days = (first + timedelta(day) for day in range((tonight - first).days))
    missed = [day.isoformat() for day in days if day.isoformat() not in there]
    return nightly.model_copy(update={"last_success_at": max(successes, default=None), "missed_nights": missed[::-1]})

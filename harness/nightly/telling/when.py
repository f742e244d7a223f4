"""Whether a night is told of to people: only what is new wakes anybody."""

from __future__ import annotations

from harness.documents.nightly import Nightly
from harness.nightly.telling.settings import When


def is_due(nightly: Nightly, on: When) -> bool:
    """Whether somebody who asked for `on` is told of this night.

    A night that measured nothing is always told of: silence would look like a good one. What an earlier night told of,
    and what was not seen again when it was measured a second time, wakes nobody.
    """
    if on == "always" or nightly.outcome == "not measured":
        return True
    new = [change for change in nightly.changes if change.is_new and change.confirmation != "not confirmed"]
    if on == "regression":
        return any(change.is_regression for change in new)
    return bool(new) or nightly.outcome == "partly"

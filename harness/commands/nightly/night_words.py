"""What a night came to, and the one sentence that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from harness.words.sentences import counted, named, sentence

if TYPE_CHECKING:
    from harness.documents.nightly import Change, Job, NightOutcome

GIVEN: Final = {"measured", "partly"}


def outcome_of(jobs: Sequence[Job], changes: Sequence[Change] | None) -> NightOutcome:
    """`changes` is None where nobody can say what changed: what could not be judged is never fine, nor is a suspicion
    that could not be measured again.
    """
    new = [change for change in changes or () if change.is_new]
    if any(change.is_regression for change in new):
        return "regression"
    if not any(job.status in GIVEN for job in jobs):
        return "not measured"
    if changes is None or any(job.status != "measured" for job in jobs):
        return "partly"
    return "partly" if any(_is_suspected(change) for change in new) else "fine"


def _is_suspected(change: Change) -> bool:
    return change.confirmation == "suspected" and any(member.is_worse for member in change.members)


def night_sentence(jobs: Sequence[Job], changes: Sequence[Change] | None, first_nights: bool) -> str:
    """One sentence for a chat; `first_nights` where there are too few nights to see a change."""
    missing = [job for job in jobs if job.status not in GIVEN]
    if len(missing) == len(jobs):
        why = (jobs[0].reason or jobs[0].status).splitlines()[0] if jobs else "the suite has nothing to measure"
        return sentence(f"nothing could be measured: {why}")
    told = [change for change in changes or () if change.is_new and change.confirmation != "not confirmed"]
    parts = [_changed(told, changes, first_nights)]
    if missing:
        names = [f"{job.experiment} on {job.device} ({job.status})" for job in missing]
        parts.append(f"not measured: {named(names)}")
    partly = [f"{job.experiment} on {job.device}" for job in jobs if job.status == "partly"]
    if partly:
        parts.append(f"measured in part: {named(partly)}")
    held = [f"{job.experiment} on {job.device}" for job in jobs if job.decision == "hold"]
    if held and not any(change.kind == "rule broken" for change in told):
        parts.append(f"against the pinned baseline rules are broken: {named(held)}")
    return sentence("; ".join(parts))


def _changed(told: Sequence[Change], changes: Sequence[Change] | None, first_nights: bool) -> str:
    if changes is None:
        return "what changed is not known, since the history cannot be had"
    if not told:
        return "there are too few nights to see a change" if first_nights else "nothing changed"
    worst = sorted(told, key=lambda change: (not change.is_regression, change.confirmation != "confirmed"))[0]
    seen = "" if worst.confirmation == "confirmed" else "perhaps: "
    more = f" (and {counted(len(told) - 1, 'more change')})" if len(told) > 1 else ""
    return f"{seen}{worst.sentence.rstrip('.')}{more}"

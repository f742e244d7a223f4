"""Parts of a night that its renderings share: which changes come first, what could not be measured, words for kinds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from harness.documents.nightly import Change, Confirmation, Job, JobStatus, Nightly, NightOutcome, SeriesTonight

Mark = Literal["good", "bad", "open", "same", "none"]

OUTCOME_WORDS: Final[dict[NightOutcome, str]] = {
    "fine": "Fine",
    "regression": "Regression",
    "not measured": "Not measured",
    "partly": "Measured in part",
}
OUTCOME_MARKS: Final[dict[NightOutcome, Mark]] = {
    "fine": "good",
    "regression": "bad",
    "not measured": "bad",
    "partly": "open",
}
CONFIRMATION_WORDS: Final[dict[Confirmation, str]] = {
    "confirmed": "confirmed",
    "suspected": "suspected, not measured again",
    "not confirmed": "not seen again",
}
JOB_MARKS: Final[dict[JobStatus, Mark]] = {
    "measured": "good",
    "partly": "open",
    "failed": "bad",
    "missing": "none",
    "busy": "none",
    "quarantined": "bad",
    "out of time": "open",
}


def change_mark(change: Change) -> Mark:
    """Shape of a change's mark: bad only for what is confirmed and for the worse."""
    if change.is_regression:
        return "bad"
    return "good" if change.kind == "improvement" and change.confirmation == "confirmed" else "open"


def new_changes(nightly: Nightly) -> list[Change]:
    """Those that no night told of before and that this night did not refute: regressions first, then what is
    confirmed.
    """
    told = [change for change in nightly.changes if change.is_new and change.confirmation != "not confirmed"]
    return sorted(told, key=lambda change: (not change.is_regression, change.confirmation != "confirmed"))


def known_changes(nightly: Nightly) -> list[Change]:
    """Those that an earlier night told of."""
    return [change for change in nightly.changes if not change.is_new]


def refuted_changes(nightly: Nightly) -> list[Change]:
    """What was suspected tonight, measured again, and not seen."""
    return [change for change in nightly.changes if change.is_new and change.confirmation == "not confirmed"]


def new_regressions(nightly: Nightly) -> list[Change]:
    """Confirmed regressions that no night told of before."""
    return [change for change in new_changes(nightly) if change.is_regression]


def unmeasured_jobs(nightly: Nightly) -> list[Job]:
    """Jobs that did not give all their results."""
    return [job for job in nightly.jobs if job.status != "measured"]


def reason_of(job: Job) -> str:
    """Why a job did not give all its results, on one line; never empty."""
    lines = [line.strip() for line in (job.reason or "").splitlines()]
    return ". ".join(line.removesuffix(".") for line in lines if line) or "no reason was recorded"


def unavailable_series(nightly: Nightly) -> list[SeriesTonight]:
    """Series without a point of tonight, of jobs that did measure: the others are told of by their job."""
    silent = {(job.experiment, job.device) for job in nightly.jobs if job.status not in {"measured", "partly"}}
    return [
        each
        for each in nightly.series
        if each.unavailable is not None and (each.name.experiment, each.name.device) not in silent
    ]


def since(change: Change) -> str:
    """When it began: `between the nights of 2026-11-28 and 2026-11-30`."""
    if change.last_good_night is None:
        return f"since the night of {change.first_bad_night}, or before"
    return f"between the nights of {change.last_good_night} and {change.first_bad_night}"


def short_sha(sha: str) -> str:
    """The beginning of a commit's hash, as people write it."""
    return sha[:10]


def counted_statuses(statuses: Iterable[str]) -> list[tuple[str, int]]:
    """How often each occurs, in the order of appearance."""
    counted: dict[str, int] = {}
    for status in statuses:
        counted[status] = counted.get(status, 0) + 1
    return list(counted.items())

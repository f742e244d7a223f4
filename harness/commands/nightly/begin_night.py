"""The jobs of a night: of one that begins, and of one that was cut, whose suite may have been edited meanwhile."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from harness.documents.folder import read_model
from harness.errors import UserError
from harness.nightly.budget import estimate_minutes
from harness.nightly.state import JobOfNight, NightState
from harness.words.sentences import listed, named

if TYPE_CHECKING:
    from harness.commands.nightly.find_devices import FoundDevices
    from harness.commands.nightly.prepare_experiments import PreparedExperiment
    from harness.documents.nightly import Nightly
    from harness.nightly.night_folder import NightFolder
    from harness.nightly.suite import Suite

_GIVEN: Final = {"measured", "partly"}


def asked_of(suite: Suite, experiments: Sequence[PreparedExperiment]) -> str:
    """Hash of what a suite asks to be measured, and on which devices."""
    facts = [
        [each.declared.name, each.fingerprint, sorted(each.declared.devices or suite.devices), each.problem is None]
        for each in experiments
    ]
    return hashlib.sha256(json.dumps(sorted(facts), ensure_ascii=True).encode()).hexdigest()


def read_state(folder: NightFolder, suite: Suite, night: str) -> NightState | None:
    """How far the night got; None where it has not begun. Raises `UserError` for what is no such night's."""
    if not folder.state.exists():
        return None
    state = read_model(folder.state, NightState)
    if state.suite != suite.name or state.night != night:
        raise UserError(
            f"{folder.state}: is of the night {state.night} of suite {state.suite!r}",
            "Is it a copy? Name another folder with --out.",
        )
    return state


def make_state(
    suite: Suite,
    night: str,
    experiments: Sequence[PreparedExperiment],
    found: FoundDevices,
    before: NightState | None,
    *,
    again: bool,
) -> tuple[NightState, list[str]]:
    """The state to go on from, and sentences on what is not as it was when the night began.

    What `before` measured of the same is kept, unless all is to be measured `again`.
    """
    asked = asked_of(suite, experiments)
    fresh = before is None or again or before.is_finished
    old = {job.key: job for job in before.jobs} if before is not None else {}
    jobs, changed = [], []
    for each in experiments:
        for device in found.of(each.declared, suite):
            key = each.declared.name, device
            job = JobOfNight(experiment=key[0], device=device, fingerprint=each.fingerprint, commits=list(each.commits))
            known = old.pop(key, None)
            if known is not None:
                kept = [run.attempt for run in known.runs if run.is_kept]
                job.earlier_attempts = max(kept, default=known.earlier_attempts)
                is_same = known.fingerprint == each.fingerprint
                if not is_same:
                    changed.append(key[0])
                elif not again and _is_to_be_kept(known):
                    job = known
                    if job.status in _GIVEN:  # cut while it was measured again
                        job.progress = "done"
            jobs.append(job)
    is_decided = not fresh and all(job.progress == "done" for job in jobs)
    state = NightState(
        suite=suite.name,
        night=night,
        host=socket.gethostname(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds") if fresh or before is None else before.started_at,
        spent_s=0.0 if fresh or before is None else before.spent_s,
        asked=asked,
        jobs=jobs,
        devices={} if fresh or before is None else before.devices,
        changes=before.changes if is_decided and before is not None else None,
        told_before=_told(before),
    )
    return state, _edited(changed, old, before, again=again)


def _told(before: NightState | None) -> list[str]:
    if before is None:
        return []
    return sorted({*before.told_before, *(change.id for change in before.changes or () if change.is_new)})


def _is_to_be_kept(job: JobOfNight) -> bool:
    """What gave no result is tried once more."""
    return job.progress != "done" or job.status in _GIVEN


def _edited(
    changed: Iterable[str], gone: dict[tuple[str, str], JobOfNight], before: NightState | None, *, again: bool
) -> list[str]:
    if before is None or again:
        return []
    sentences = []
    names = sorted(set(changed))
    if names:
        sentences.append(f"{listed(names)} changed since this night began, and is measured from its beginning")
    left = sorted({f"{name} on {device}" for name, device in gone})
    if left:
        sentences.append(f"{named(left)} was of this night when it began, and is in the suite no more")
    return sentences


def expected_minutes(earlier: Iterable[Nightly]) -> dict[tuple[str, str], float]:
    """Experiment and device → how long one run takes there. `earlier`: the nights before, the newest first."""
    known: dict[tuple[str, str], list[float]] = {}
    for nightly in reversed(list(earlier)):
        for job in nightly.jobs:
            if job.status in _GIVEN:
                runs = 2 if job.measured_again else 1
                known.setdefault((job.experiment, job.device), []).append(job.minutes / runs)
    found = {key: estimate_minutes(minutes) for key, minutes in known.items()}
    return {key: minutes for key, minutes in found.items() if minutes is not None}

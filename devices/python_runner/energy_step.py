"""A block of the energy pass: an arm works, or the device idles, for a time, and is read around it and meanwhile."""

from __future__ import annotations

import contextlib
import functools
import select
import time
from typing import TYPE_CHECKING, Any

from devices.python_runner.arms import ArmFailedError, At
from devices.python_runner.clock import clock_ns
from devices.python_runner.progress import picked
from devices.python_runner.sampler import Sampler
from devices.python_runner.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


def energy_step(session: Session, step: dict[str, Any]) -> None:
    """Does it. Raises ArmFailedError."""
    arm = step["arm"]
    if not _load_all(session, step["step"]):
        session.skip_for_all_arms(step)
        return
    if arm in session.progress.failed:
        raise ArmFailedError(session.progress.failed[arm])
    at = None if arm is None else At(arm, step["step"], "energy")
    worker = None if at is None else session.bound_arm(at, step["item"])
    gate = session.settle(step, "energy", session.latency["settle_ns"] + session.rest_ns(), worker)
    options = session.energy
    boundary, sampled = options.get("boundary_probes", []), options.get("sampled_probes", [])
    readings: list[dict[str, Any]] = []

    def read(probes: Sequence[str]) -> None:
        readings.extend(session.read(probes, worker))

    if options.get("lead_in_ns", 0) > 0:
        _spend(session, at, options["lead_in_ns"], 0, None)
    before = session.context.read()
    at_ends = [probe for probe in sampled if probe not in boundary]
    read([*boundary, *at_ends])
    sampler = Sampler(functools.partial(read, sampled), options["sample_every_ns"]) if sampled else None
    spent = _spend(session, at, step["duration_ns"], options.get("slices", 0), sampler)
    read([*at_ends, *boundary])
    session.journal.write(
        "energy_block",
        **picked(step, "step", "cycle", "position", "arm", "item"),
        **spent,
        readings=readings,
        before=before,
        after=session.context.read(),
        gate=gate,
    )


def _load_all(session: Session, number: int) -> bool:
    """Has every arm of the pass loaded, so that idling and working begin in the same state; False if none can."""
    items = {other["arm"]: other["item"] for other in reversed(session.steps) if other["kind"] == "energy"}
    items.pop(None, None)
    for arm, item in sorted(items.items()):
        if arm not in session.progress.failed and not session.arms.is_bound(arm):
            with contextlib.suppress(ArmFailedError):  # on record; the others go on
                session.bound_arm(At(arm, number, "energy"), item)
    return not items or bool(session.live(items))


def _spend(session: Session, at: At | None, duration_ns: int, slices: int, sampler: Sampler | None) -> dict[str, Any]:
    """Works, or without an arm idles, for a time: inferences, and start and end by both clocks; while it works in so
    many slices.
    """
    if at is None:
        return _idle(session, duration_ns, sampler)
    spent = session.arms.ask(
        at, "infer_for", duration_ns=duration_ns, slices=slices, lasts_ns=duration_ns, meanwhile=sampler
    )
    times = ("started_ns", "ended_ns", "wall_started_ns", "wall_ended_ns")
    return {**picked(spent, *times, "inferences", "slice_inferences", "slice_ns"), "notes": spent.get("notes", [])}


def _idle(session: Session, duration_ns: int, sampler: Sampler | None) -> dict[str, Any]:
    wall_started_ns, started_ns = time.time_ns(), clock_ns()
    left_ns = duration_ns
    while left_ns > 0:
        if sampler is not None:
            left_ns = min(left_ns, sampler.left_ns())
        if select.select([session.stops.wakeup_fd], [], [], left_ns / 1e9)[0]:
            session.stops.woken()
        if sampler is not None:
            sampler.take_if_due()
        left_ns = started_ns + duration_ns - clock_ns()
    return {
        "inferences": 0,
        "started_ns": started_ns,
        "ended_ns": clock_ns(),
        "wall_started_ns": wall_started_ns,
        "wall_ended_ns": time.time_ns(),
    }

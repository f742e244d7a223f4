"""All devices at once, each with its jobs one after the other, in the order of the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.commands.nightly.measure_run import Came, measure_run
from harness.nightly.device_lock import device_lock
from harness.runs.session.device_threads import in_threads
from harness.runs.session.stop_request import InterruptedRunError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harness.commands.nightly.night import Night
    from harness.nightly.state import JobOfNight, RunOfNight

HoldElsewhere = Callable[[str], "AbstractContextManager[bool]"]
"""A device → a lock on it that other computers heed too; false where it could not be had."""


@contextmanager
def no_lock_elsewhere(_device: str) -> Iterator[bool]:
    """For a history that only this computer uses."""
    yield True


def measure_first(night: Night, reserved_s: float, hold_elsewhere: HoldElsewhere = no_lock_elsewhere) -> None:
    """Measure what waits and can be begun with so many seconds left over. Raises as `measure_run` does."""
    waiting: dict[str, list[JobOfNight]] = {}
    for job in night.state.jobs:
        if job.progress != "done":
            waiting.setdefault(job.device, []).append(job)

    def one(device: str) -> None:
        retries = night.suite.suite.retries
        for job in waiting[device]:
            if not _fits(night, job, reserved_s):
                continue
            came = _alone(night, device, hold_elsewhere, partial(_first, night, job, retries))
            if came.status == "missing":
                retries = 0  # it is asked once more for each further experiment, and not waited for again
            finish(night, job, came)

    _on_all(night, [partial(one, device) for device in waiting])


def measure_again(
    night: Night, jobs: Sequence[JobOfNight], hold_elsewhere: HoldElsewhere = no_lock_elsewhere
) -> list[JobOfNight]:
    """Measure these once more, in fresh runs; returns those of which that was done. Raises as `measure_run` does."""
    waiting: dict[str, list[JobOfNight]] = {}
    done: list[JobOfNight] = []
    for job in jobs:
        waiting.setdefault(job.device, []).append(job)

    def one(device: str) -> None:
        for job in waiting[device]:
            run = _second_run(job)
            if run is not None and run.progress == "done":
                done.append(job)
                continue
            if not _fits(night, job, 0.0):
                continue
            came = _alone(night, device, hold_elsewhere, partial(_again, night, job))
            if came.status in {"measured", "partly"}:
                done.append(job)
            else:
                night.progress.say(device, f"{job.experiment} could not be measured again: {came.reason}")

    _on_all(night, [partial(one, device) for device in waiting])
    return done


def _on_all(night: Night, works: list[Callable[[], None]]) -> None:
    with night.stop.listening():
        in_threads(works, night.stop)
    if night.stop.asked and not night.out_of_time.is_set():
        raise InterruptedRunError


def _fits(night: Night, job: JobOfNight, reserved_s: float) -> bool:
    expected = night.expected_minutes.get(job.key)
    estimate_s = None if expected is None else 60.0 * expected
    return not night.out_of_time.is_set() and night.budget.fits(estimate_s, reserved_s)


def _alone(night: Night, device: str, hold_elsewhere: HoldElsewhere, measure: Callable[[], Came]) -> Came:
    """Measure with the device's locks, waiting for them as long as there is time."""

    def say() -> None:
        night.progress.say(device, "another night is at work there; waiting for it")

    busy = Came("busy", "another night was at work there for as long as this one had time; give it another hour")
    try:
        with device_lock(device, night.wait, say) as had:
            if not had:
                return busy
            with hold_elsewhere(device) as had_there:
                return measure() if had_there else busy
    except InterruptedRunError:
        if not night.out_of_time.is_set():
            raise
        return busy


def _first(night: Night, job: JobOfNight, retries: int) -> Came:
    run = job.runs[-1] if job.runs else night.new_run(job)
    night.progress.say(job.device, f"{job.experiment} {'goes on' if run.progress == 'begun' else 'begins'}")
    came = measure_run(night, job, run, retries)
    run.progress = "done"
    return came


def _again(night: Night, job: JobOfNight) -> Came:
    run = _second_run(job) or night.new_run(job)
    tries = job.tries
    try:
        came = measure_run(night, job, run, retries=0)
    finally:
        job.tries, job.progress = tries, "done"
    if came.status in {"measured", "partly"}:
        with night.lock:
            run.progress = "done"
            night.save()
    return came


def _second_run(job: JobOfNight) -> RunOfNight | None:
    return job.runs[1] if len(job.runs) > 1 else None


def finish(night: Night, job: JobOfNight, came: Came) -> None:
    """Write down what a job came to. Raises `DiskError`."""
    with night.lock:
        job.progress, job.status, job.reason = "done", came.status, came.reason
        night.save()
    if came.reason is not None:
        night.progress.say(job.device, f"{job.experiment}: {came.status}: {came.reason}")

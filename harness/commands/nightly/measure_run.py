"""One run of one job: begun, or gone on with; tried again where its fault may pass; and what it came to."""

from __future__ import annotations

import shutil
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices.errors import DeviceError, NotReachableError, TransientError
from devices.open_device import open_device
from devices.retry import with_reconnect
from harness.commands.run import Outcome, Overrides, resume_run, start_run
from harness.documents.folder import DiskError, read_model
from harness.errors import UserError
from harness.quantity import QUANTITIES
from harness.runs.measuring.keep_awake import AnotherRunError
from harness.runs.session.stop_request import InterruptedRunError
from harness.words.printable import printable
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.comparison import Comparison
    from harness.documents.folder import RunFolder
    from harness.documents.nightly import JobStatus
    from harness.nightly.state import JobOfNight, RunOfNight

FIRST_CONNECT_S: Final = 10.0
LONGEST_WAIT_S: Final = 600.0
"""Between two tries."""
LOOK_AGAIN_S: Final = 20.0
"""Between two looks at a phone that another run is at work on."""


@dataclass(frozen=True)
class Came:
    """What a run came to."""

    status: JobStatus
    reason: str | None = None


def measure_run(night: Night, job: JobOfNight, run: RunOfNight, retries: int) -> Came:
    """Take a run to its end, whatever it is. Its device is this night's alone meanwhile.

    Raises `DiskError` where night.json cannot be written, and `InterruptedRunError` where the user asks to stop.
    """
    wait_s, busy = night.suite.suite.retry_wait_s, None
    while True:
        with night.lock:
            job.tries += 1
            run.progress = job.progress = "begun"
            night.save()
        began = time.monotonic()
        try:
            fault = _try(night, job, run)
        finally:
            run.minutes += (time.monotonic() - began) / 60.0
        if isinstance(fault, Came):
            has_begun = night.folder.run(run).manifest.exists()
            return busy if busy is not None and fault.status == "out of time" and not has_begun else fault
        if isinstance(fault, AnotherRunError):
            if busy is None:
                night.progress.say(job.device, f"{fault.what}; waiting for it")
            busy, job.tries = Came("busy", str(fault)), job.tries - 1
            if not night.wait(LOOK_AGAIN_S):
                return busy
            continue
        if not isinstance(fault, TransientError) or retries == 0 or night.budget.left_s <= wait_s:
            return Came("missing" if isinstance(fault, NotReachableError) else "failed", str(fault))
        night.progress.say(job.device, f"{fault.what}; trying again in {wait_s:.0f} s")
        if not night.wait(wait_s):
            return Came("missing" if isinstance(fault, NotReachableError) else "failed", str(fault))
        retries, wait_s = retries - 1, min(2.0 * wait_s, LONGEST_WAIT_S)


def _try(night: Night, job: JobOfNight, run: RunOfNight) -> Came | Exception:
    """What it came to, or a fault that may pass."""
    try:
        unreachable = _reach(night, job.device)
        if unreachable is not None:
            return unreachable
        outcome = _start_or_resume(night, job, run)
    except InterruptedRunError:
        if not night.out_of_time.is_set():
            raise
        minutes = night.suite.suite.budget_minutes
        return Came("out of time", f"stopped on the way: the night's {minutes:g} minutes were over")
    except (DeviceError, UserError) as error:
        return error if isinstance(error, (TransientError, AnotherRunError)) else Came("failed", str(error))
    except Exception as error:  # one experiment's is not the night's
        night.progress.say(job.device, printable(traceback.format_exc(limit=-3)))
        return Came("failed", f"a fault of bakeoff's own: {type(error).__name__}: {error}")
    return _of_outcome(outcome, job.device)


def _of_outcome(outcome: Outcome, device: str) -> Came | Exception:
    fault = outcome.faults.get(device)
    if isinstance(fault, (TransientError, AnotherRunError)):
        return fault
    if outcome.problems:
        return Came("failed", next(iter(outcome.problems.values())))
    return judged(outcome.comparison)


def _reach(night: Night, name: str) -> DeviceError | None:
    """Why a device does not answer; asked first, since it is found out in seconds."""
    device = open_device(name)
    try:
        with_reconnect(device, device.connect, total_s=FIRST_CONNECT_S, sleep=night.stop.sleep)
    except TransientError as error:
        return error
    finally:
        device.close()
    return None


def _start_or_resume(night: Night, job: JobOfNight, run: RunOfNight) -> Outcome:
    folder = night.folder.run(run)
    prepared = night.experiments[job.experiment]
    if folder.manifest.exists():
        try:
            return resume_run(folder, night.progress, stop=night.stop)
        except DiskError:
            raise
        except UserError as error:
            # Such as an input that is another since: what was measured of it is of no use.
            night.progress.say(job.device, f"{error.what}; it is measured from the beginning")
            with night.lock:
                run.folder = night.new_folder(job)
                night.save()
            folder = night.folder.run(run)
    shutil.rmtree(folder.path, ignore_errors=True)  # what a start that was cut left of itself is no run yet
    overrides = Overrides(pairs=prepared.declared.pairs)
    return start_run(prepared.file, [job.device], folder, overrides, night.progress, night.stop)


def judged(comparison: Comparison) -> Came:
    """Whether a run says what it was asked: a rule on what could not be measured is not met in silence."""
    result = comparison.devices[0]
    effects = [each for each in result.contrasts if each.effect.kind == "effect"]
    if not effects:
        failures = [failure for arm in result.arms for failure in arm.failures]
        why = failures[0] if failures else result.problem or "the run has no results"
        return Came("failed", f"nothing could be compared: {why}")
    lacking = [rule for rule in result.rules if rule.outcome == "unavailable"]
    if lacking and len(lacking) == len(result.rules):
        return Came("failed", f"no rule could be judged: {lacking[0].reason}")
    if lacking:
        first = lacking[0]
        more = f" (and {counted(len(lacking) - 1, 'more rule')})" if len(lacking) > 1 else ""
        return Came("partly", f"{QUANTITIES[first.quantity].label} could not be judged: {first.reason}{more}")
    if not result.rules or result.status != "complete":
        return Came("partly", result.problem or "no rule was judged")
    return Came("measured")


def read_comparison(folder: RunFolder) -> Comparison:
    """The result of a run. Raises `UserError`."""
    from harness.documents.comparison import Comparison

    return read_model(folder.comparison, Comparison)

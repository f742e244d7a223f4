"""The conductor: walks the plan, one worker at a time."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any

from devices.python_runner.arms import ArmFailedError
from devices.python_runner.contract import EXIT_DATA, EXIT_IO, EXIT_LOCKED, RECORDS_SCHEMA, RUNNER_VERSION
from devices.python_runner.journal import Journal, UnusableError
from devices.python_runner.log import log, one_line
from devices.python_runner.output_file import make_folders
from devices.python_runner.plan import read_plan
from devices.python_runner.session import Session
from devices.python_runner.step_kinds import STEP_KINDS
from devices.python_runner.stop import PassStoppedError, StoppedError, StopRequests


def walk(session: Session) -> None:
    """Walks a plan's steps in order, from where an earlier session ended, to its end, to a stop, or to its bound."""
    _write_started(session)
    log(f"session {session.journal.session} of plan {session.plan['run_id']}, {len(session.steps)} steps")
    reason = "complete"
    try:
        for index in range(len(session.steps)):
            if not _is_done(session, index):
                _do_or_stop_pass(session, index)
        if session.progress.bound_hit:
            reason = "bound"
    except StoppedError:
        reason = "stopped"
    finally:
        session.arms.close(at_once=reason == "stopped")
    session.journal.write("runner_finished", reason=reason, context=session.context.read())
    log(f"finished: {reason}")


def _write_started(session: Session) -> None:
    system = os.uname()
    session.journal.write(
        "runner_started",
        schema=RECORDS_SCHEMA,
        runner="python",
        runner_version=RUNNER_VERSION,
        wall_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        pid=os.getpid(),
        machine=system.machine,
        system=f"{system.sysname} {system.release}",
        context=session.context.read(),
    )


def _of_pass(step: dict[str, Any]) -> str | None:
    kind = STEP_KINDS.get(step["kind"])
    return None if kind is None else kind.of_pass


def _is_done(session: Session, index: int) -> bool:
    """Whether earlier sessions, or this one, left nothing to do in this step."""
    step = session.steps[index]
    if _of_pass(step) in session.progress.passes_stopped or step["step"] in session.progress.done:
        return True
    kind = STEP_KINDS.get(step["kind"])
    return kind is not None and kind.is_done(session, index)


def _do_or_stop_pass(session: Session, index: int) -> None:
    step = session.steps[index]
    try:
        session.stops.check(_of_pass(step))
        _do(session, step)
    except PassStoppedError as stop:
        # A warm-up that is only made anew has been done.
        undone = (
            step
            for index, step in enumerate(session.steps[index:], index)
            if _of_pass(step) == stop.of_pass
            and not _is_done(session, index)
            and step["step"] not in session.progress.block_inferences
        )
        session.journal.write("pass_stopped", step=next(undone, step)["step"], of_pass=stop.of_pass)
        session.progress.passes_stopped.add(stop.of_pass)


def _do(session: Session, step: dict[str, Any]) -> None:
    kind = STEP_KINDS.get(step["kind"])
    if kind is None:
        named = one_line(str(step["kind"]), 60)
        session.skip(step, f"runner version {RUNNER_VERSION} knows no steps of kind {named}")
        return
    arm = step.get("arm")
    if arm in session.progress.failed:
        session.skip(step, f"arm {arm} failed before: {session.progress.failed[arm]}")
        return
    # An arm's failure is on record already; what is left to do is to say that the step has no result.
    try:
        kind.do(session, step)
    except ArmFailedError as failure:
        session.skip(step, f"arm {arm} failed in this step: {failure}")


def conduct(plan_path: Path, records_path: Path, program: Path) -> int:
    """Runs the plan as far as it is not done yet; `program` is this runner, which is also its workers'. Returns the
    exit code.
    """
    folder = records_path.parent.resolve()
    try:
        plan = read_plan(plan_path)
        make_folders(folder)
        lock_fd = os.open(str(folder / "runner.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"another runner is writing {records_path}: follow that one, or stop it first")
            return EXIT_LOCKED
        journal = Journal.open(records_path)
        last = journal.past[-1] if journal.past else {}
        if last.get("record") == "runner_finished" and last.get("reason") in ("complete", "bound"):
            log("this plan is done already")
            return 0
        walk(Session(plan, journal, folder, StopRequests(plan_path.parent / "stop"), program))
    except UnusableError as error:
        log(str(error))
        return EXIT_DATA
    except OSError as error:
        log(f"cannot write beside {records_path}: {error}")
        return EXIT_IO
    return 0

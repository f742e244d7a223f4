"""A latency pair: one block of every arm, in the order of the plan."""

from __future__ import annotations

from typing import Any

from devices.python_runner.arms import ArmFailedError, At
from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import BOUND_REASON
from devices.python_runner.progress import picked
from devices.python_runner.session import Session


def latency_step(session: Session, step: dict[str, Any]) -> None:
    """Does it."""
    if session.latency_bound_reached():
        session.skip(step, BOUND_REASON)
        session.progress.bound_hit = True
        return
    position, launch = 0, session.launch
    launch.number = step.get("launch") if launch.number is None else launch.number
    begun_ns, waited_ns = clock_ns(), 0
    for arm in step["order"]:
        if arm in session.progress.failed:
            continue
        session.stops.check("latency")
        try:
            waited_ns += _block(session, step, arm, position)
        except ArmFailedError:
            continue
        position += 1
    launch.pairs += 1
    launch.spent_ns += clock_ns() - begun_ns - waited_ns
    if position == 0:
        session.skip_for_all_arms(step)


def latency_is_done(session: Session, index: int) -> bool:
    """Whether it was skipped, or one session has a block of every arm that has not failed."""
    step = session.steps[index]
    live = set(session.live(step["order"]))
    return step["step"] in session.progress.done or (bool(live) and session.progress.has_whole_pair(step["step"], live))


def _block(session: Session, step: dict[str, Any], arm: str, position: int) -> int:
    """One block of one arm; how long was waited before it."""
    at = At(arm, step["step"], "latency")
    worker = session.bound_arm(at, step["item"])
    gate = session.settle(step, "latency", session.latency["settle_ns"], worker)
    reference = session.reference()
    before = session.context.read()
    lead_in, count = session.latency["lead_in_inferences"], session.block_inferences
    reply = session.arms.ask(at, "block", lead_in=lead_in, count=count)
    session.journal.write(
        "latency_block",
        **picked(step, "step", "pair"),
        position=position,
        launch=session.launch.number,
        arm=arm,
        item=step["item"],
        before=before,
        after=session.context.read(),
        gate=gate,
        **reference,
        **picked(reply, "started_ns", "ended_ns", "lead_in_ns", "latency_ns", "cpu_ns"),
        notes=reply.get("notes", []),
    )
    return 0 if gate is None else int(gate["waited_ns"])

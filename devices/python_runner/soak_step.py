"""A soak: one arm infers for hours, and every window of it is a record."""

from __future__ import annotations

from typing import Any

from devices.python_runner.arms import At
from devices.python_runner.session import Session


def soak_step(session: Session, step: dict[str, Any]) -> None:
    """Does it, from where an earlier session ended. Raises ArmFailedError."""
    at = At(step["arm"], step["step"], "soak")
    session.arms.close()
    worker = session.bound_arm(at, step["item"])
    soaked = session.progress.soaked(step["step"])
    while soaked.elapsed_ns < step["duration_ns"]:
        session.stops.check()
        reference = session.reference()
        window_ns = step["window_ns"]
        reply = session.arms.ask(at, "soak", window_ns=window_ns, lasts_ns=window_ns)
        session.journal.write(
            "soak_window",
            step=step["step"],
            arm=step["arm"],
            index=soaked.windows,
            **reply,
            **reference,
            readings=session.read(session.plan.get("soak_probes", []), worker),
            context=session.context.read(),
        )
        soaked.add(reply)
    session.arms.close()


def soak_is_done(session: Session, index: int) -> bool:
    """Whether all sessions together soaked for long enough."""
    step = session.steps[index]
    return bool(session.progress.soaked(step["step"]).elapsed_ns >= step["duration_ns"])

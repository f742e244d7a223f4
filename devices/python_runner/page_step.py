"""A page step: a fresh tab of one web arm, and whether a page that keeps animating stays smooth while it infers."""

from __future__ import annotations

from typing import Any

from devices.python_runner.arms import At
from devices.python_runner.progress import picked
from devices.python_runner.session import Session


def page_step(session: Session, step: dict[str, Any]) -> None:
    """Does it. Raises ArmFailedError."""
    arms, at, duration_ns = session.arms, At(step["arm"], step["step"], "page"), step["duration_ns"]
    arms.close()
    try:
        session.bound_arm(at, step["item"])
        told = arms.ask(at, "animate", duration_ns=duration_ns, lasts_ns=duration_ns)
    finally:
        arms.close()
    session.journal.write("page", **picked(step, "step", "arm", "repeat"), **told)

"""A quality step: one item once, its outputs kept."""

from __future__ import annotations

from typing import Any

from devices.python_runner.arms import At
from devices.python_runner.progress import picked
from devices.python_runner.session import Session


def quality_step(session: Session, step: dict[str, Any]) -> None:
    """Does it. Raises ArmFailedError."""
    at = At(step["arm"], step["step"], "quality")
    session.bound_arm(at, step["item"])
    reply = session.arms.keep(at, step["item"])
    session.journal.write(
        "quality_output", **picked(step, "step", "arm", "item"), **picked(reply, "outputs", "latency_ns")
    )

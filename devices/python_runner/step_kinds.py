"""The kinds of steps: one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from devices.python_runner.energy_step import energy_step
from devices.python_runner.latency_step import latency_is_done, latency_step
from devices.python_runner.memory_step import memory_step
from devices.python_runner.page_step import page_step
from devices.python_runner.quality_step import quality_step
from devices.python_runner.soak_step import soak_is_done, soak_step
from devices.python_runner.warm_up_step import warm_up_is_done, warm_up_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.python_runner.session import Session


def _is_never_done_otherwise(_session: Session, _index: int) -> bool:
    return False


class StepKind(NamedTuple):
    """How a kind of step is done."""

    do: Callable[[Session, dict[str, Any]], None]
    """Does one. Raises ArmFailedError, StoppedError, PassStoppedError."""
    of_pass: str | None = None
    """The pass that it belongs to, where that may be ended alone."""
    is_done: Callable[[Session, int], bool] = _is_never_done_otherwise
    """Whether the step of this index has nothing left to do, beside one that has its own record."""


STEP_KINDS = {
    "quality": StepKind(quality_step),
    "memory": StepKind(memory_step),
    "warm_up": StepKind(warm_up_step, "latency", warm_up_is_done),
    "latency_pair": StepKind(latency_step, "latency", latency_is_done),
    "energy": StepKind(energy_step, "energy"),
    "page": StepKind(page_step),
    "soak": StepKind(soak_step, is_done=soak_is_done),
}
"""Name in a plan → how it is done."""

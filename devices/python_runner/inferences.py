"""Timing inferences one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.python_runner.clock import clock_ns

if TYPE_CHECKING:
    from collections.abc import Callable


def timed_inferences(infer: Callable[[], object], count: int) -> list[int]:
    """Times `count` calls one by one. Returns nanoseconds; frees what a call returned outside the timed region."""
    latency_ns = [0] * count
    clock = clock_ns
    for k in range(count):
        begun_ns = clock()
        inferred = infer()
        latency_ns[k] = clock() - begun_ns
        del inferred
    return latency_ns

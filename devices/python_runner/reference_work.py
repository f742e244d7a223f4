"""Fixed work of the runner's own, by which throttling shows."""

from __future__ import annotations

import hashlib
import time

from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import REFERENCE_CHUNK_BYTES, REFERENCE_REPEATS

_REFERENCE_CHUNK = bytes(REFERENCE_CHUNK_BYTES)


def reference_work(size_bytes: int) -> tuple[list[int], list[int]]:
    """SHA-256 over so many bytes, a few times: durations and this thread's CPU times, in nanoseconds.

    Where CPU times grow, the device slows down; where durations alone do, other programs take the core.
    """
    durations_ns, cpu_ns = [], []
    for _ in range(REFERENCE_REPEATS):
        digest = hashlib.sha256()
        begun_ns, cpu_begun_ns = clock_ns(), time.thread_time_ns()
        for _ in range(size_bytes // REFERENCE_CHUNK_BYTES):
            digest.update(_REFERENCE_CHUNK)
        digest.update(_REFERENCE_CHUNK[: size_bytes % REFERENCE_CHUNK_BYTES])
        digest.digest()
        cpu_ns.append(time.thread_time_ns() - cpu_begun_ns)
        durations_ns.append(clock_ns() - begun_ns)
    return durations_ns, cpu_ns


def calibrated_reference_bytes(target_ns: int) -> int:
    """The size with which the fixed work takes about this long now: a multiple of the chunk."""
    size_bytes = REFERENCE_CHUNK_BYTES
    while True:
        took_ns = max(1, min(reference_work(size_bytes)[0]))
        if took_ns * 4 >= target_ns or size_bytes >= 1 << 40:
            return max(1, round(size_bytes / REFERENCE_CHUNK_BYTES * target_ns / took_ns)) * REFERENCE_CHUNK_BYTES
        size_bytes *= 4

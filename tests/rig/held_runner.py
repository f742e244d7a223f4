"""A runner of this machine that is held still: however late a test is, the runner has not ended before it acts."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.rig.run_watch import records, wait_for

UNHURRIED = {"settle_ms": 150.0}
"""What a test adds to the `measure` of a run that it means to catch at work: a pause before every block, in which
nothing is computed.
"""


@contextmanager
def held_runner(folder: Path, device: str = "0-local") -> Iterator[int]:
    """Holds the runner that was started last while the body runs; gives its process id.

    What it has written by then comes home meanwhile, and nothing more. Killed in the body, it stays dead.
    """
    pid = [record.pid for record in records(folder, device) if record.record == "runner_started"][-1]
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: _state(pid) in "TZ")
    assert _state(pid) == "T", "the runner had ended before it could be held"
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):  # where the body killed it
            os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"

"""A writer that is killed at any moment leaves whole runs, and the next one brings the rest."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from harness.history.store import History, open_history
from tests.rig.command import environment

RUNS, RESULTS = 60, 3
WRITER = f"""
import sys
from harness.history.waiting import Waiting, keep_or_wait
from harness.history.store import open_history
from tests.harness.history.sample_rows import nightly, run_row
from pathlib import Path
url, folder = sys.argv[1], Path(sys.argv[2])
open_history(url).close()
print("ready", flush=True)
for number in range({RUNS}):
    kept = keep_or_wait(url, [run_row(number)], folder=folder)
    assert kept.in_history, kept
    print(number, flush=True)
"""


def check(history: History, *, told: int) -> int:
    """Every run has all its results, none is twice; returns how many there are."""
    counts = history.read(
        lambda connection: connection.execute(
            text(
                "select runs.run_id, count(results.run) from bakeoff_runs as runs"
                " left join bakeoff_results as results on results.run = runs.id group by runs.id, runs.run_id"
            )
        ).all()
    )
    assert all(count == RESULTS for _, count in counts)
    assert len({run_id for run_id, _ in counts}) == len(counts)
    # What the writer said it had kept is there.
    assert len(counts) >= told
    return len(counts)


def test_a_killed_writer_leaves_no_half_run(url: str, tmp_path: Path) -> None:
    dice = random.Random(url.startswith("sqlite"))
    folder = tmp_path / "waiting"
    argv = [sys.executable, "-c", WRITER, url, str(folder)]
    told = 0
    for _ in range(5 if url.startswith("sqlite") else 3):
        writer = subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.0, 0.5))
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().split("\n")
        writer.wait()
        told = max(told, len([line for line in said[:-1] if line.strip()]))
        with open_history(url) as history:
            check(history, told=told)
            if url.startswith("sqlite"):
                whole = history.read(lambda connection: connection.execute(text("pragma integrity_check")).scalar())
                assert whole == "ok"
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open_history(url) as history:
        assert check(history, told=RUNS) == RUNS
    assert not folder.exists() or list(folder.glob("*.json")) == []

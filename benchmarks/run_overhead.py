"""How much of a run's wall time is not measuring: `bakeoff run` against the time its runner worked.

    python benchmarks/run_overhead.py [EXPERIMENT] [--runs N]

Runs an experiment (the demo by default) on this machine after one run that provisions and fills the caches. Prints for
each run the wall time of the command, the time between the runner's first and last record, and the budget of
1.25 × measuring + 5 s. The exit code is 1 when the median run is over its budget.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def one_run(experiment: Path, folder: Path) -> tuple[float, float]:
    """(wall seconds of the command, seconds between the runner's first and last record)."""
    began = time.monotonic()
    command = [sys.executable, "-m", "harness.cli.main", "run", str(experiment), "-d", "local", "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    wall_s = time.monotonic() - began
    (records,) = (folder / "devices").glob("*/records.jsonl")
    stamps = [json.loads(line)["monotonic_ns"] for line in records.read_bytes().splitlines()]
    return wall_s, (stamps[-1] - stamps[0]) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description="Wall time of a run against the time spent measuring.")
    parser.add_argument("experiment", nargs="?", type=Path, default=REPOSITORY / "examples" / "demo.toml")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as scratch:
        one_run(arguments.experiment, Path(scratch) / "warm")
        print("wall s   measuring s   budget s   share of budget")
        for number in range(arguments.runs):
            wall_s, measuring_s = one_run(arguments.experiment, Path(scratch) / str(number))
            budget_s = 1.25 * measuring_s + 5.0
            shares.append(wall_s / budget_s)
            print(f"{wall_s:6.1f}   {measuring_s:11.1f}   {budget_s:8.1f}   {shares[-1]:15.2f}", flush=True)
    return int(statistics.median(shares) > 1.0)


if __name__ == "__main__":
    sys.exit(main())

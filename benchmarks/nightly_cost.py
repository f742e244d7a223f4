"""What a night costs over its measurements: `bakeoff nightly` against the runs that it makes.

    python benchmarks/nightly_cost.py [EXPERIMENT] [--nights N] [--experiments N]

Measures nights of a suite in which the experiment (the demo by default) stands so many times, on this machine, after
one night that provisions and fills the caches. Prints for each night the wall time of the command, the time of its
runs, and the rest as a share of these. What a command costs once (starting, reading, judging, telling) is the same for
a night of one run and of a hundred. The exit code is 1 when the median share is over 5 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
MOST_SHARE = 0.05
FIRST = date(2026, 1, 1)


def write_suite(folder: Path, experiment: Path, experiments: int) -> Path:
    """The experiment under so many names; its changes are only suspected, so that every night has as many runs."""
    lines = ['name = "cost"', "budget_minutes = 600", 'devices = ["local"]', "[changes]", "measure_again = false"]
    for number in range(experiments):
        lines += ["[[experiments]]", f'name = "number {number}"', f"file = {json.dumps(str(experiment.resolve()))}"]
    path = folder / "suite.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one_night(suite: Path, night: str) -> tuple[float, float]:
    """(wall seconds of the command, seconds of its runs)."""
    folder = suite.parent
    own = {
        "BAKEOFF_HISTORY": f"sqlite:///{folder}/history.db",
        "BAKEOFF_HISTORY_WAITING": str(folder / "waiting"),
        "BAKEOFF_STATE": str(folder / "state"),
    }
    began = time.monotonic()
    command = [sys.executable, "-m", "harness.cli.main", "nightly", str(suite), "--night", night]
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ | own, capture_output=True, text=True, check=False)
    wall_s = time.monotonic() - began
    (path,) = folder.glob(f"nights/*/{night}/nightly.json")
    nightly = json.loads(path.read_bytes())
    if any(job["status"] not in {"measured", "partly"} for job in nightly["jobs"]):
        sys.exit(f"{nightly['sentence']}\n{done.stderr}")
    return wall_s, 60.0 * sum(job["minutes"] for job in nightly["jobs"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Wall time of a night against that of its runs.")
    parser.add_argument("experiment", nargs="?", type=Path, default=REPOSITORY / "examples" / "demo.toml")
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--experiments", type=int, default=3)
    arguments = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as scratch:
        suite = write_suite(Path(scratch), arguments.experiment, arguments.experiments)
        one_night(suite, FIRST.isoformat())
        print("wall s   runs s   share over them")
        for number in range(1, arguments.nights + 1):
            wall_s, runs_s = one_night(suite, (FIRST + timedelta(days=number)).isoformat())
            shares.append(wall_s / runs_s - 1.0)
            print(f"{wall_s:6.1f}   {runs_s:6.1f}   {100.0 * shares[-1]:13.1f} %", flush=True)
    return int(statistics.median(shares) > MOST_SHARE)


if __name__ == "__main__":
    sys.exit(main())

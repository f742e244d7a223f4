"""What launches cost: a run to its verdict with fresh processes every few pairs, and with the same ones throughout.

    python benchmarks/launch_cost.py [EXPERIMENT] [--runs N] [--runner python|native]

Runs an experiment (the demo by default) on this machine, the two designs in turn, after one run that provisions and
fills the caches. Prints for each the pairs and launches that its latency pass took, the seconds of that pass and of the
whole command, and the ratio of the two designs' median seconds. The exit code is 1 where the whole command takes more
than 1.3 times as long.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
MOST = 1.3


class Cost(NamedTuple):
    """One run."""

    pairs: int
    launches: int
    pass_s: float
    wall_s: float
    verdict: str


def experiments(path: Path, scratch: Path) -> dict[str, Path]:
    """The experiment as it is, and with one launch; both beside the original, since their paths are relative to it."""
    text = re.sub(r"(?m)^launches\s*=.*\n", "", path.read_text(encoding="utf-8"))
    made = {}
    for name, line in (("launches", ""), ("the same processes", "launches = 1\n")):
        made[name] = path.with_name(f".{scratch.name}-{name.replace(' ', '-')}.toml")
        made[name].write_text(text.replace("[measure]\n", f"[measure]\n{line}", 1), encoding="utf-8")
    return made


def one_run(experiment: Path, folder: Path, runner: str) -> Cost:
    """Run it; what its records say."""
    command = [sys.executable, "-m", "harness.cli.main", "run", str(experiment), "-d", "local", "--out", str(folder)]
    began = time.monotonic()
    subprocess.run([*command, "--runner", runner, "--no-wait"], cwd=REPOSITORY, check=True, capture_output=True)
    wall_s = time.monotonic() - began
    (path,) = (folder / "devices").glob("*/records.jsonl")
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    of_pass = [one for one in records if one["record"] in ("warm_up_block", "warm_up_done", "latency_block")]
    blocks = [one for one in of_pass if one["record"] == "latency_block"]
    comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    return Cost(
        len({one["pair"] for one in blocks}),
        len({one["launch"] for one in blocks}),
        (of_pass[-1]["monotonic_ns"] - of_pass[0]["monotonic_ns"]) / 1e9,
        wall_s,
        comparison["verdicts"][0]["decision"],
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Seconds to a verdict with launches and without.")
    parser.add_argument("experiment", nargs="?", type=Path, default=REPOSITORY / "examples" / "demo.toml")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--runner", choices=["python", "native"], default="python")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        made = experiments(arguments.experiment, scratch)
        costs: dict[str, list[Cost]] = {name: [] for name in made}
        try:
            one_run(made["the same processes"], scratch / "warm", arguments.runner)
            print(f"{'design':20} pairs  launches   pass s   wall s  verdict")
            for number in range(arguments.runs):
                for name, path in made.items():
                    cost = one_run(path, scratch / f"{number}-{name}", arguments.runner)
                    costs[name].append(cost)
                    print(
                        f"{name:20} {cost.pairs:5}  {cost.launches:8}   {cost.pass_s:6.1f}   {cost.wall_s:6.1f}  "
                        f"{cost.verdict}",
                        flush=True,
                    )
        finally:
            for path in made.values():
                path.unlink()
    median = {name: statistics.median(one.wall_s for one in each) for name, each in costs.items()}
    ratio = median["launches"] / median["the same processes"]
    print(f"a run in launches takes {ratio:.2f} times as long as one in the same processes (at most {MOST:g})")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())

"""How long from `bakeoff run` on a phone until it has measured its first block, when everything is cached?

    python benchmarks/phone_start.py [--runs N]

Runs a tiny experiment on a stand-in phone after one run that builds the runner, gets the runtime and fills the phone's
caches. Prints for each run the seconds from the start of the command until the first latency block is written on the
phone, and until it has come home. The exit code is 1 when the median of the former is over the budget of 5 s.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.rig.adb_server import AdbServer
from tests.rig.command import argv, environment
from tests.rig.phone import StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.tiny_experiment import TinyExperiment

BUDGET_S = 5.0
TIMEOUT_S = 300.0
LOOK_EVERY_S = 0.01
WORKDIR = "/data/local/tmp/bakeoff"


def has_a_block(folder: Path, pattern: str) -> bool:
    """Whether a records.jsonl below the folder holds a latency block; it may come and go meanwhile."""
    for path in folder.glob(pattern):
        try:
            if b'"latency_block"' in path.read_bytes():
                return True
        except FileNotFoundError:
            continue
    return False


def one_run(experiment: Path, folder: Path, phone: StandInPhone, server: AdbServer) -> tuple[float, float]:
    """Seconds until the first block is (there, here). Raises RuntimeError where a run fails."""
    began = time.monotonic()
    words = argv("run", experiment, "-d", f"adb:{phone.address}", "--out", folder)
    variables = environment(BAKEOFF_ADB_WORKDIR=phone.path(WORKDIR), **server.variables)
    with (
        folder.with_suffix(".log").open("wb") as log,
        subprocess.Popen(words, env=variables, stdout=log, stderr=log) as run,
    ):
        there_s = here_s = None
        while here_s is None and run.poll() is None and time.monotonic() - began < TIMEOUT_S:
            if there_s is None and has_a_block(phone.data_folder, "bakeoff/runs/*/records.jsonl"):
                there_s = time.monotonic() - began
            if has_a_block(folder, "devices/*/records.jsonl"):
                here_s = time.monotonic() - began
            time.sleep(LOOK_EVERY_S)
        if here_s is None:
            run.kill()
        if run.wait() != 0 or here_s is None:
            raise RuntimeError(f"the run failed: {folder.with_suffix('.log').read_text()}")
    return here_s if there_s is None else there_s, here_s


def main() -> int:
    parser = argparse.ArgumentParser(description="From a run's start on a phone to its first measured block.")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    reason = missing_parts()
    if reason is not None:
        print(f"not measured: {reason}")
        return 0
    with tempfile.TemporaryDirectory() as scratch, AdbServer(Path(scratch) / "adb") as server, StandInPhone() as phone:
        phone.connect(server)
        experiment = TinyExperiment(Path(scratch) / "experiment").write()
        one_run(experiment, Path(scratch) / "warm", phone, server)
        runs = [one_run(experiment, Path(scratch) / str(number), phone, server) for number in range(arguments.runs)]
    print("first block on the phone s   here s")
    for there_s, here_s in runs:
        print(f"{there_s:24.2f}   {here_s:6.2f}")
    median_s = statistics.median(there_s for there_s, _ in runs)
    print(f"median {median_s:.2f} s; budget {BUDGET_S:g} s")
    return int(median_s > BUDGET_S)


if __name__ == "__main__":
    sys.exit(main())

"""How the cost of the history grows with its rows: keeping a night, listing, one series, all series of a suite.

    python benchmarks/history_speed.py [--rows 100 1000 10000 100000 1000000] [--history URL]

Without --history each size has an SQLite file of its own in a temporary folder. A night is 60 runs of 20 quantities.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.history.rows import Environment, ResultRow, RunRow, SeriesKey
from harness.history.store import History, open_history
from harness.quantity import QUANTITIES, Available

EXPERIMENTS, DEVICES = 6, 10
NAMES = tuple(QUANTITIES)[:20]
FIRST = datetime(2024, 1, 1, 3, tzinfo=UTC)


def night_of_runs(night: int, dice: random.Random) -> list[RunRow]:
    at = FIRST + timedelta(days=night)
    rows = []
    for experiment in range(EXPERIMENTS):
        for device in range(DEVICES):
            results = []
            for name in NAMES:
                quantity = QUANTITIES[name]
                estimate = dice.gauss(0.9, 0.02) if quantity.scale == "ratio" else dice.gauss(-0.05, 0.01)
                value = Available(value=1e6, unit=quantity.unit, source="geometric mean of 30 block medians")
                key = SeriesKey("phones", f"experiment-{experiment}", f"adb:{device:08d}", "newest", name)
                low, high = estimate - 0.01, estimate + 0.01
                results.append(
                    ResultRow(
                        key, quantity.scale, quantity.unit, quantity.better, estimate, low, high, 0.95, 30, value, value
                    )
                )
            environment = Environment({"os": f"Android {14 + night // 300}", "device": str(device)})
            rows.append(
                RunRow(
                    run_id=f"{night}-{experiment}",
                    suite="phones",
                    night=at.date().isoformat(),
                    attempt=1,
                    experiment=f"experiment-{experiment}",
                    design="0" * 16,
                    device=f"adb:{device:08d}",
                    host="desk",
                    folder=f"/srv/nights/{night}/{experiment}",
                    measured_at=at + timedelta(minutes=experiment * DEVICES + device),
                    environment=environment,
                    commits=(),
                    decision="ship",
                    results=tuple(results),
                )
            )
    return rows


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The best of a few."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def fill(history: History, rows: int) -> int:
    """Whole runs until there are about so many rows; returns the next night's number."""
    dice = random.Random(7)
    night = left = 0
    while left < rows:
        runs = night_of_runs(night, dice)
        runs = runs[: max(1, -(-(rows - left) // len(NAMES)))]
        history.keep_runs(runs)
        left += len(runs) * len(NAMES)
        night += 1
    return night


def measure(history: History, rows: int) -> str:
    from harness.commands.history_query import list_results

    began = time.perf_counter()
    night = fill(history, rows)
    filled = time.perf_counter() - began
    newest = seconds(lambda: list_results(history, most=50))
    narrow = seconds(lambda: list_results(history, most=50, quantity="latency_p50", device="adb:00000000"))
    series = seconds(
        lambda: history.series("phones", experiment="experiment-0", device="adb:00000000", quantity="latency_p50")
    )
    tonight = seconds(lambda: history.series("phones", last_nights=90), repeats=1)
    dice = random.Random(8)
    runs = iter([night_of_runs(night + number, dice) for number in range(3)])
    kept = seconds(lambda: history.keep_runs(next(runs)))
    file = history.address.file
    size = f"{file.stat().st_size / 1e6:9.1f}" if file is not None else "        –"
    milliseconds = " ".join(f"{1e3 * each:10.1f}" for each in (newest, narrow, series, tonight, kept))
    return f"{rows:>9,} {filled:9.1f} {milliseconds} {size}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--history", help="an empty database, for one size")
    arguments = parser.parse_args()
    print("     rows    fill, s  newest, ms  narrow, ms  series, ms 90 nights, ms  keep 1200 rows, ms   size, MB")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            url = arguments.history or f"sqlite:///{Path(folder)}/history.db"
            with open_history(url) as history:
                print(measure(history, rows), flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()

"""What the native runner itself adds to an inference, beside the runtime's own call.

    python benchmarks/native_call_overhead.py [--pairs 200]

The runtime is a library of the tests' own whose run does nothing, so what the runner measures for an inference is its
own: two readings of the clock and the way to the call and back. The wall time of a block over its inferences adds what
lies between two measured calls (freeing outputs, the loop). Both are printed in nanoseconds per inference, as the
median over blocks, beside two bare readings of the clock one after the other. Each should be under 1 µs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from harness.documents.records import LatencyBlock
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.stub_onnxruntime import stub_onnxruntime

ALLOWED_NS = 1000
INFERENCES = 2000


def measure(folder: Path, pairs: int) -> list[LatencyBlock]:
    bench = Bench(folder, RUNNERS["native"]())
    library = str(stub_onnxruntime())
    bench.add_arm(models.conv_onnx(folder / "any.onnx"), runtime_version="1.28.0", library=library)
    bench.add_item(np.zeros((1, 4), np.float32))
    bench.warm_up(["a0"], "i0")
    for pair in range(pairs):
        bench.pair(pair, ["a0"], "i0")
    bench.write_plan(block_min_inferences=INFERENCES, block_max_inferences=INFERENCES, settle_ns=0)
    return of_kind(bench.run(), LatencyBlock)


def bare_clock_ns() -> float:
    """Two readings of the same clock from Python: more than from C, and of the machine's own size."""
    clock = time.monotonic_ns
    return statistics.median(-clock() + clock() for _ in range(20_000))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    arguments = parser.parse_args()
    os.environ.pop("STUB_CALLS", None)
    with tempfile.TemporaryDirectory() as temporary:
        blocks = measure(Path(temporary), arguments.pairs)
    measured = statistics.median(statistics.median(block.latency_ns) for block in blocks)
    whole = statistics.median((block.ended_ns - block.started_ns) / len(block.latency_ns) for block in blocks)
    print(f"blocks {len(blocks)} of {INFERENCES} inferences of a runtime that does nothing")
    print(f"within the measured time   {measured:8.1f} ns per inference")
    print(f"with what lies in between  {whole:8.1f} ns per inference")
    print(f"two readings of the clock  {bare_clock_ns():8.1f} ns (from Python)")
    within = max(measured, whole) < ALLOWED_NS
    print("within the allowance" if within else "NOT within the allowance")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())

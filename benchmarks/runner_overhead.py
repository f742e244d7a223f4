"""Does the python runner's way of timing an inference change what it times?

    python benchmarks/runner_overhead.py [--pairs 60]

Interleaves, in one process and on one loaded model, blocks timed by `devices.python_runner.inferences.timed_inferences`
through the adapter with blocks of a bare loop over the runtime's own call, in random order within each pair, and prints
the median over pairs of runner/bare (of block medians) with its 95 % interval. Each should be within 2 % of 1, or
within 0.15 µs, which one more call in Python costs and which matters below some 10 µs an inference only. Both free
what a call returned after the clock was read: for a large output that alone is some 2 %.

The models are made here: a small convolution at several sizes, from tens of microseconds an inference to
milliseconds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from devices.python_runner.inferences import timed_inferences
from devices.python_runner.runtimes.adapter import Adapter
from devices.python_runner.runtimes.registry import ADAPTERS
from tests.devices.runner_contract import models

SEED = 20240601
BLOCK_TARGET_NS = 30_000_000
ALLOWED_FRACTION = 0.02
ALLOWED_US = 0.15


def bare_onnxruntime(adapter: Any, image: Any) -> Callable[[int], list[int]]:
    run, feeds = adapter._session.run, {"image": image}
    names = [output.name for output in adapter._session.get_outputs()]

    def loop(count: int) -> list[int]:
        latency_ns = []
        for _ in range(count):
            begun_ns = time.perf_counter_ns()
            outputs = run(names, feeds)
            latency_ns.append(time.perf_counter_ns() - begun_ns)
            del outputs
        return latency_ns

    return loop


def bare_tensorflow_lite(adapter: Any, image: Any) -> Callable[[int], list[int]]:
    interpreter, invoke = adapter._interpreter, adapter._interpreter.invoke
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)

    def loop(count: int) -> list[int]:
        latency_ns = []
        for _ in range(count):
            begun_ns = time.perf_counter_ns()
            invoke()
            latency_ns.append(time.perf_counter_ns() - begun_ns)
        return latency_ns

    return loop


def ratios(
    adapter: Adapter, bare: Callable[[int], list[int]], pairs: int, order: random.Random
) -> tuple[list[float], float]:
    """Runner over bare, one ratio a pair, and the bare loop's median in microseconds."""
    timed_inferences(adapter.infer, 20)
    count = max(20, min(2000, round(BLOCK_TARGET_NS / statistics.median(bare(20)))))
    found: list[float] = []
    bare_ns: list[float] = []
    for _ in range(pairs):
        medians: dict[str, float] = {}
        for side in order.sample(("runner", "bare"), 2):
            latency_ns = timed_inferences(adapter.infer, count) if side == "runner" else bare(count)
            medians[side] = statistics.median(latency_ns)
        found.append(medians["runner"] / medians["bare"])
        bare_ns.append(medians["bare"])
    return found, statistics.median(bare_ns) / 1e3


def interval_of_median(values: list[float]) -> tuple[float, float]:
    """Distribution-free 95 % interval of the median by order statistics (binomial, normal approximation)."""
    ordered, n = sorted(values), len(values)
    reach = 0.98 * n**0.5
    return ordered[max(0, int(n / 2 - reach))], ordered[min(n - 1, int(n / 2 + reach))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=60)
    arguments = parser.parse_args()
    order = random.Random(SEED)
    cases = (("onnxruntime", bare_onnxruntime), ("ai-edge-litert", bare_tensorflow_lite))
    within = True
    print(f"{'runtime':<16}{'input':>12}{'bare µs':>10}{'runner/bare':>13}   95 % interval   pairs {arguments.pairs}")
    with tempfile.TemporaryDirectory() as folder:
        for runtime, bare in cases:
            author = models.conv_onnx if runtime == "onnxruntime" else models.conv_tflite
            model = author(Path(folder) / ("conv.onnx" if runtime == "onnxruntime" else "conv.tflite"))
            for size in (8, 128, 512):
                shape = (1, 1, size, size) if runtime == "onnxruntime" else (1, size, size, 1)
                image = np.random.default_rng(SEED).random(shape, dtype=np.float32)
                adapter = ADAPTERS[runtime](1, "cpu", {})
                adapter.load(str(model), {"image": list(shape)})
                adapter.bind([image])
                found, bare_us = ratios(adapter, bare(adapter, image), arguments.pairs, order)
                middle, (low, high) = statistics.median(found), interval_of_median(found)
                within = within and abs(middle - 1) <= max(ALLOWED_FRACTION, ALLOWED_US / bare_us)
                print(f"{runtime:<16}{f'{size}×{size}':>12}{bare_us:>10.1f}{middle:>13.4f}   {low:.4f} – {high:.4f}")
    print("within the allowance" if within else "NOT within the allowance")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())

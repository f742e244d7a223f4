"""Does it matter which runner measured? Median latency and memory of one model under both, on this machine.

    python benchmarks/native_against_python.py [--pairs 20]

Runs whole plans of few blocks, native and python in turn and in random order within each pair of plans, so that what
the machine does meanwhile meets both. Prints the median over pairs of native/python of the block medians with its 95 %
interval, and the largest sizes. Latency should be within 2 % of 1; memory of the native runner lower.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from harness.documents.records import LatencyBlock, MemoryMeasured
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.runner_contract.native import library_version

SEED = 20240601
ALLOWED_FRACTION = 0.02
EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "models"
SIDES = ("native", "python")


def measure(runner: str, folder: Path, model: Path, runtime: str, array: Any, shapes: dict[str, list[int]]) -> Any:
    folder.mkdir()
    bench = Bench(folder, RUNNERS[runner]())
    bench.add_arm(model, runtime, runtime_version=library_version(runtime), input_shapes=shapes)
    bench.add_item(array)
    bench.memory("a0", "i0", inferences=5)
    bench.warm_up(["a0"], "i0")
    for pair in range(3):
        bench.pair(pair, ["a0"], "i0")
    bench.write_plan(block_target_ns=60_000_000, block_max_inferences=2000, settle_ns=20_000_000)
    records = bench.run()
    medians = [statistics.median(block.latency_ns) for block in of_kind(records, LatencyBlock)]
    (memory,) = of_kind(records, MemoryMeasured)
    return statistics.median(medians), memory


def interval_of_median(values: list[float]) -> tuple[float, float]:
    """Distribution-free 95 % interval of the median by order statistics (binomial, normal approximation)."""
    ordered, n = sorted(values), len(values)
    reach = 0.98 * n**0.5
    return ordered[max(0, int(n / 2 - reach))], ordered[min(n - 1, int(n / 2 + reach))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20)
    arguments = parser.parse_args()
    order = random.Random(SEED)
    random_array = np.random.default_rng(SEED).random
    picture = random_array((1, 3, 96, 96), dtype=np.float32)
    print(f"{'runtime':<16}{'model':<18}{'python µs':>10}{'native/python':>15}   95 % interval    PSS native/python MB")
    within = True
    with tempfile.TemporaryDirectory() as temporary:
        small = models.conv_onnx(Path(temporary) / "conv.onnx")
        cases = (
            ("onnxruntime", small, random_array((1, 1, 128, 128), dtype=np.float32), {}),
            ("onnxruntime", EXAMPLES / "sr_x2_fp32.onnx", picture, {}),
            ("ai-edge-litert", EXAMPLES / "sr_x2_fp32.tflite", picture.transpose(0, 2, 3, 1).copy(), "lr"),
        )
        for number, (runtime, model, array, named) in enumerate(cases):
            shapes = {named: list(array.shape)} if isinstance(named, str) else {}
            ratios, python_ns, pss = [], [], dict.fromkeys(SIDES, 0)
            for pair in range(arguments.pairs):
                medians: dict[str, float] = {}
                for side in order.sample(SIDES, 2):
                    folder = Path(temporary) / f"{number}-{pair}-{side}"
                    medians[side], memory = measure(side, folder, model, runtime, array, shapes)
                    pss[side] = max(pss[side], memory.pss_bytes or 0)
                ratios.append(medians["native"] / medians["python"])
                python_ns.append(medians["python"])
            middle, (low, high) = statistics.median(ratios), interval_of_median(ratios)
            within = within and low <= 1 + ALLOWED_FRACTION and pss["native"] < pss["python"]
            print(
                f"{runtime:<16}{model.name:<18}{statistics.median(python_ns) / 1e3:>10.1f}{middle:>15.4f}"
                f"   {low:.4f} – {high:.4f}   {pss['native'] / 1e6:>8.1f} {pss['python'] / 1e6:>8.1f}"
            )
    print("within the allowance" if within else "NOT within the allowance")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())

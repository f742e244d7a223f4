"""LPIPS here against the `lpips` package under PyTorch, in turns in one run, per A/B (one reference, two outputs).

    python benchmarks/lpips_speed.py [--side 512] [--rounds 7] [--torch-python PYTHON]

PyTorch and `lpips` go into an environment of their own, made on the first run in ~/.cache/bakeoff-benchmarks. Both
sides have the same weights, the same images as uint8, and one thread per core. Prints medians, the ratio of
each round's pair (median, smallest, largest), and how far the distances are apart.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.peers_environment import peers_environment
from metrics.errors import LpipsUnavailableError
from metrics.lpips.lpips import Lpips
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_weight_files import save_part
from metrics.lpips.lpips_weights import find_weights
from metrics.metric import MetricSettings

SETTLE_S = 0.3
"""Before each turn: the other side's threads spin for a while after their work."""

REPEATS = 5
"""A/Bs in a turn, so that waking up after the pause counts little."""

TORCH_PACKAGES = (["torch==2.13.0"], ["numpy", "scipy", "tqdm"], ["--no-deps", "lpips==0.1.4"])


def torch_python() -> Path:
    """Python of an environment with PyTorch and `lpips`, made if it is not there."""
    return peers_environment("lpips-torch", TORCH_PACKAGES)


def compare(net: str, side: int, rounds: int, python: Path, folder: Path) -> None:
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (side // 8 + 1, side // 8 + 1, 3))
    reference = np.kron(coarse, np.ones((8, 8, 1)))[:side, :side].astype(np.uint8)
    first, second = (
        np.clip(reference + generator.normal(0, sigma, reference.shape), 0, 255).astype(np.uint8) for sigma in (10, 30)
    )
    np.savez(folder / "images.npz", reference=reference, first=first, second=second)
    save_part(folder / "trunk.npz", find_weights(NETWORKS[net]).trunk, "benchmark")
    threads = os.cpu_count() or 1
    metric = Lpips(net, MetricSettings(threads=threads))
    worker = subprocess.Popen(
        [
            python,
            Path(__file__).with_name("lpips_torch_worker.py"),
            net,
            folder / "trunk.npz",
            folder / "images.npz",
            str(threads),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("the worker has no pipes")
    pairs, apart = [], 0.0
    with worker:
        for _ in range(rounds + 1):
            time.sleep(SETTLE_S)
            start = time.perf_counter()
            for _ in range(REPEATS):
                prepared = metric.prepare(reference)
                ours = [prepared.score(output) for output in (first, second)]
            our_s = (time.perf_counter() - start) / REPEATS
            time.sleep(SETTLE_S)
            worker.stdin.write(f"{REPEATS}\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            if not answer:
                sys.exit("the PyTorch side ended; its reason is above")
            theirs = json.loads(answer)
            pairs.append((our_s, theirs["seconds"]))
            apart = max(apart, *(abs(a - b) for a, b in zip(ours, theirs["distances"], strict=True)))
        worker.stdin.close()
    pairs = pairs[1:]  # the first round loads code and touches memory
    ratios = [their_s / our_s for our_s, their_s in pairs]
    print(
        f"{net}, A/B of {side}×{side}: here {1e3 * statistics.median(p[0] for p in pairs):.0f} ms, "
        f"lpips under PyTorch {1e3 * statistics.median(p[1] for p in pairs):.0f} ms, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}), distances {apart:.1e} apart"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--torch-python", type=Path)
    arguments = parser.parse_args()
    python = arguments.torch_python or torch_python()
    with tempfile.TemporaryDirectory() as folder:
        for net in NETWORKS:
            try:
                compare(net, arguments.side, arguments.rounds, python, Path(folder))
            except LpipsUnavailableError as error:
                print(error)


if __name__ == "__main__":
    main()

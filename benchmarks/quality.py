"""Metrics of pictures here against the programs that define them, in turns in one run.

    python benchmarks/quality.py [--side 512] [--rounds 7] [--peers-python PYTHON] [--only WORD]

The programs go into an environment of their own, made on the first run in ~/.cache/bakeoff-benchmarks. Both sides have
the same images as uint8 and one thread per core; an A/B is one reference and two outputs. Prints medians, the ratio of
each round's pair (median, smallest, largest), that of the time of all cores
together, and how far the values are apart. LPIPS: lpips_speed.py.
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
from benchmarks.quality_worker import PEERS
from metrics.metric import MetricSettings
from metrics.registry import METRICS

PACKAGES = (
    ["torch==2.13.0"],
    ["numpy", "scipy", "scikit-image", "flip-evaluator==1.7", "ssimulacra2==0.3.0"],
    ["--no-deps", "pytorch-msssim==1.0.0", "torchmetrics==1.9.0", "lightning-utilities"],
)


def compare(peer: str, images: tuple[np.ndarray, ...], rounds: int, python: Path, folder: Path) -> None:
    threads = os.cpu_count() or 1
    metric = METRICS[peer.split(" ", maxsplit=1)[0]](MetricSettings(threads=threads))
    worker = subprocess.Popen(
        [python, Path(__file__).with_name("quality_worker.py"), peer, folder / "images.npz", str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("the worker has no pipes")
    pairs, apart = [], 0.0
    with worker:
        for _ in range(rounds + 1):
            start, cpu_start = time.perf_counter(), time.process_time()
            prepared = metric.prepare(images[0])
            ours = [prepared.score(output) for output in images[1:]]
            our_s, our_cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
            worker.stdin.write("1\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            if not answer:
                sys.exit(f"{peer}: the other side ended; its reason is above")
            theirs = json.loads(answer)
            pairs.append((our_s, theirs["seconds"], our_cpu_s, theirs["cpu_seconds"]))
            apart = max(apart, *(abs(a - b) for a, b in zip(ours, theirs["values"], strict=True)))
        worker.stdin.close()
    pairs = pairs[1:]  # the first round loads code and touches memory
    ratios = [their_s / our_s for our_s, their_s, *_ in pairs]
    cpu_ratio = statistics.median(their_s / our_s for *_, our_s, their_s in pairs)
    print(
        f"{peer:27} here {1e3 * statistics.median(pair[0] for pair in pairs):5.0f} ms, there "
        f"{1e3 * statistics.median(pair[1] for pair in pairs):6.0f} ms, ratio {statistics.median(ratios):.1f} "
        f"({min(ratios):.1f}–{max(ratios):.1f}), of the time of all cores {cpu_ratio:.1f}, values {apart:.0e} apart",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers-python", type=Path)
    parser.add_argument("--only", default="", help="measure against those whose name holds this")
    arguments = parser.parse_args()
    python = arguments.peers_python or peers_environment("quality-peers", PACKAGES)
    generator, side = np.random.default_rng(0), arguments.side
    coarse = generator.integers(0, 200, (side // 8 + 1, side // 8 + 1, 3))
    texture = generator.integers(0, 50, (side, side, 3))
    reference = (np.kron(coarse, np.ones((8, 8, 1), int))[:side, :side] + texture).astype(np.uint8)
    first, second = (
        np.clip(reference + generator.normal(0, sigma, reference.shape), 0, 255).astype(np.uint8) for sigma in (5, 15)
    )
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "images.npz", reference=reference, first=first, second=second)
        for peer in (name for name in PEERS if arguments.only in name):
            compare(peer, (reference, first, second), arguments.rounds, python, Path(folder))


if __name__ == "__main__":
    main()

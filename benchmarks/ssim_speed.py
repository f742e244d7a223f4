"""SSIM here against scikit-image, in turns in one run: `python benchmarks/ssim_speed.py [SIDE] [ROUNDS]`.

Prints medians over the rounds, the ratio of each round's pair (median, smallest, largest), and how far the values are
apart. An A/B is what a run needs for each item: one reference, two outputs.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray

from metrics.image.ssim import Ssim
from metrics.metric import MetricSettings

Image = NDArray[np.uint8]


def scikit_image(reference: Image, output: Image) -> float:
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            reference,
            output,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=255,
        )
    )


def photograph_like(side: int, seed: int) -> tuple[Image, Image, Image]:
    """A smooth RGB image with texture, and two degraded copies."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (side // 16 + 1, side // 16 + 1, 3))
    reference = np.kron(coarse, np.ones((16, 16, 1)))[:side, :side] * 0.8 + generator.integers(0, 50, (side, side, 3))

    def degraded(amount: int) -> Image:
        noisy = reference + generator.integers(-amount, amount + 1, reference.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    return reference.astype(np.uint8), degraded(10), degraded(25)


def seconds(run: Callable[[], list[float]]) -> tuple[float, list[float]]:
    start = time.perf_counter()
    values = run()
    return time.perf_counter() - start, values


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    reference, first, second = photograph_like(side, 0)
    metric = Ssim(MetricSettings())

    def ours(outputs: tuple[Image, ...]) -> list[float]:
        prepared = metric.prepare(reference)
        return [prepared.score(output) for output in outputs]

    def theirs(outputs: tuple[Image, ...]) -> list[float]:
        return [scikit_image(reference, output) for output in outputs]

    for name, outputs in (("one output", (first,)), ("A/B", (first, second))):
        pairs, apart = [], 0.0
        for _ in range(rounds + 1):
            our_s, our_values = seconds(lambda outputs=outputs: ours(outputs))
            their_s, their_values = seconds(lambda outputs=outputs: theirs(outputs))
            pairs.append((our_s, their_s))
            apart = max(apart, *(abs(a - b) for a, b in zip(our_values, their_values, strict=True)))
        pairs = pairs[1:]  # the first round loads code and touches memory
        ratios = [their_s / our_s for our_s, their_s in pairs]
        print(
            f"{name}, {side}×{side} RGB: here {1e3 * statistics.median(p[0] for p in pairs):.0f} ms, "
            f"scikit-image {1e3 * statistics.median(p[1] for p in pairs):.0f} ms, "
            f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}), values {apart:.1e} apart"
        )


if __name__ == "__main__":
    main()

"""Train the ×2 super-resolution network and write the ONNX models and the demo images.

    python examples/train.py                  # minutes on two cores, then:
    python examples/convert_tflite.py         # the same weights as TFLite
    python examples/evaluate.py --set5 ../shared/images/set5

Photographs come from installed wheels (`superres/photographs.py`), the seed fixes everything else.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from superres import SCALE
from superres.calibration import calibration_images
from superres.network import SuperResolution
from superres.onnx_graph import write_float, write_int8
from superres.patches import PatchSampler, image_pairs
from superres.photographs import HELD_OUT, TRAINING, load
from superres.tiles import richest_tiles

from metrics.image.bicubic import imresize

EXAMPLES = Path(__file__).parent
TILES_PER_SCENE = 4


def train(steps: int, batch: int, side: int, peak_rate: float, seed: int) -> SuperResolution:
    """Train on patches with the L1 loss, Adam and one cycle of the learning rate.

    Args:
        steps: optimiser steps.
        batch: patches a step.
        side: of a low-resolution patch, in pixels.
        peak_rate: the highest learning rate; it ends at a 25,000th of it.
        seed: of the initial weights and of the patches.
    """
    torch.manual_seed(seed)
    sampler = PatchSampler(image_pairs(map(load, TRAINING), side), side, seed)
    network = SuperResolution()
    optimiser = torch.optim.Adam(network.parameters(), lr=peak_rate, betas=(0.9, 0.99))
    # The rate falls to almost nothing, which averages the last steps as well as a moving average.
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, peak_rate, total_steps=steps, pct_start=0.05, final_div_factor=1000.0
    )
    began = time.monotonic()
    losses = []
    for step in range(1, steps + 1):
        low, high = sampler.batch(batch)
        loss = torch.nn.functional.l1_loss(network(low), high)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % 500 == 0 or step == steps:
            seconds = time.monotonic() - began
            print(f"step {step}: L1 {np.mean(losses[-500:]):.5f}, {seconds:.0f} s", flush=True)
    return network.eval()


def write_demo_images(folder: Path) -> None:
    """Tiles of the held-out photographs as hr/SCENE__NN.png, and halved as lr_x2/SCENE__NN.png."""
    for photograph in HELD_OUT:
        for number, tile in enumerate(richest_tiles(load(photograph), TILES_PER_SCENE)):
            name = f"{photograph.scene}__{number:02d}.png"
            for kind, image in (("hr", tile), ("lr_x2", imresize(tile, 1.0 / SCALE))):
                (folder / kind).mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(folder / kind / name, optimize=True)


def main() -> None:
    """Parse the command line, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=EXAMPLES, help="where models/ and images/ go")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--side", type=int, default=32, help="low-resolution patch, pixels")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    # Another number of threads sums gradients in another order: other last digits, same quality.
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    write_demo_images(options.out / "images")
    network = train(options.steps, options.batch, options.side, options.rate, options.seed)
    models = options.out / "models"
    models.mkdir(parents=True, exist_ok=True)
    write_float(network.weights(), models / "sr_x2_fp32.onnx")
    write_int8(models / "sr_x2_fp32.onnx", models / "sr_x2_int8.onnx", calibration_images())


if __name__ == "__main__":
    main()

"""The programs that `quality.py` measures against, in an environment of their own: a line of input says how many A/Bs.

python quality_worker.py METRIC IMAGES.npz THREADS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def scikit_image_ssim(reference: np.ndarray, output: np.ndarray) -> float:
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            reference, output, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=-1
        )
    )


def torchmetrics_ssim(reference: np.ndarray, output: np.ndarray) -> float:
    import torch
    from torchmetrics.functional.image import structural_similarity_index_measure

    tensors = [torch.from_numpy(one).float().permute(2, 0, 1)[None] for one in (output, reference)]
    return float(structural_similarity_index_measure(*tensors, data_range=255.0, sigma=1.5, kernel_size=11))


def pytorch_ms_ssim(reference: np.ndarray, output: np.ndarray) -> float:
    import pytorch_msssim
    import torch

    tensors = [torch.from_numpy(one).double().permute(2, 0, 1)[None] for one in (output, reference)]
    return float(pytorch_msssim.ms_ssim(*tensors, data_range=255.0))


def scikit_image_delta_e(reference: np.ndarray, output: np.ndarray) -> float:
    from skimage.color import deltaE_ciede2000, rgb2lab

    return float(deltaE_ciede2000(rgb2lab(reference), rgb2lab(output)).mean())


def flip_evaluator(reference: np.ndarray, output: np.ndarray) -> float:
    import flip_evaluator as package

    unit = [(one / 255.0).astype(np.float32) for one in (reference, output)]
    return float(package.evaluate(*unit, "LDR", applyMagma=False)[1])


def ssimulacra2(reference: np.ndarray, output: np.ndarray) -> float:
    import ssimulacra2.ssimulacra2 as package

    class Values:
        def __init__(self, path: np.ndarray) -> None:
            self.values = path

        def convert(self, _: str) -> Values:
            return self

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array(self.values, dtype=dtype)

    package.Image.open = Values
    return float(package.compute_ssimulacra2(reference, output))


PEERS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "ssim scikit-image": scikit_image_ssim,
    "ssim torchmetrics": torchmetrics_ssim,
    "ms_ssim pytorch-msssim": pytorch_ms_ssim,
    "delta_e_2000 scikit-image": scikit_image_delta_e,
    "flip flip-evaluator": flip_evaluator,
    "ssimulacra2 ssimulacra2": ssimulacra2,
}


def main() -> None:
    name, images_path, threads = sys.argv[1:]
    if "torch" in name:
        import torch

        torch.set_num_threads(int(threads))
    with np.load(images_path) as images:
        reference, outputs = images["reference"], (images["first"], images["second"])
    for line in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            values = [PEERS[name](reference, output) for output in outputs]
        spent = {
            "seconds": (time.perf_counter() - start) / int(line),
            "cpu_seconds": (time.process_time() - cpu_start) / int(line),
        }
        print(json.dumps({**spent, "values": values}), flush=True)


if __name__ == "__main__":
    main()

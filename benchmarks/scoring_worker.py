"""What many would write to score two models' pictures: the peer of `scoring_speed.py`, in the environment of `lpips`.

    python scoring_worker.py WORK.json TRUNK.npz

WORK.json: [[name, reference.png, output.npy], …]. Prints JSON with the seconds of reading and scoring, on the clock and
of all cores, and the scores.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from lpips_torch_worker import stand_in_for_torchvision, tensor
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}


def luma(picture: np.ndarray) -> np.ndarray:
    return 16.0 + (picture.astype(np.float64) @ np.array([65.481, 128.553, 24.966])) / 255.0


def main() -> None:
    work_path, trunk_path = sys.argv[1:]
    torch.set_num_threads(os.cpu_count() or 1)
    with np.load(trunk_path) as trunk:
        stand_in_for_torchvision({name: torch.from_numpy(trunk[name]) for name in trunk.files if name != "origin"})
    import lpips

    metric = lpips.LPIPS(net="alex", verbose=False)
    work = json.loads(Path(work_path).read_text(encoding="utf-8"))
    scores = {}
    began, cpu_began = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        for name, reference_path, output_path in work:
            reference = np.asarray(Image.open(reference_path).convert("RGB"))
            made = np.load(output_path)[0].transpose(1, 2, 0)
            picture = np.rint(np.clip(made, 0.0, 1.0) * 255.0).astype(np.uint8)
            luma_of_both = [luma(each)[2:-2, 2:-2] for each in (reference, picture)]
            scores[name] = {
                "psnr": peak_signal_noise_ratio(reference, picture, data_range=255),
                "psnr_y": peak_signal_noise_ratio(*luma_of_both, data_range=255),
                "ssim": structural_similarity(reference, picture, channel_axis=-1, **SSIM),
                "ssim_y": structural_similarity(*luma_of_both, **SSIM),
                "lpips_alex": float(metric(tensor(reference), tensor(picture))),
            }
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "scores": scores}, default=float))


if __name__ == "__main__":
    main()

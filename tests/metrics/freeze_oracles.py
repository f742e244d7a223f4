"""Ask the programs that define the metrics about the pictures of oracle_pictures.py, and keep what they say.

Not a test: run it in an environment of its own, since the programs need PyTorch and are wanted for nothing else:

    python -m venv oracle
    oracle/bin/pip install numpy scipy scikit-image flip-evaluator==1.7 ssimulacra2==0.3.0 torch==2.13.0 tqdm
    oracle/bin/pip install --no-deps lpips==0.1.4 dists-pytorch==0.1 pytorch-msssim==1.0.0
    PYTHONPATH=. oracle/bin/python tests/metrics/freeze_oracles.py AlexNet.npz SqueezeNet.npz VGG.npz

The three files are trunks as bakeoff keeps them in its cache. Values of pictures that an oracle refuses are left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import flip_evaluator
import numpy as np
import pytorch_msssim
import ssimulacra2.ssimulacra2 as ssimulacra2_package
import torch
from scipy import ndimage
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmarks.lpips_torch_worker import stand_in_for_torchvision
from tests.metrics.oracle_pictures import CASES

FROZEN = Path(__file__).with_name("oracles.json")
NETS = ("alex", "squeeze", "vgg")

torch.set_grad_enabled(False)


def trunk(path: str) -> dict[str, torch.Tensor]:
    with np.load(path) as archive:
        return {name: torch.from_numpy(archive[name]) for name in archive.files if name != "origin"}


def open_networks(trunks: list[str]) -> dict[str, Any]:
    """LPIPS and DISTS under PyTorch: name → callable of two (1, 3, H, W) tensors in [0, 1]."""
    networks: dict[str, Any] = {}
    for net, path in zip(NETS, trunks, strict=True):
        stand_in_for_torchvision(trunk(path))
        for name in [name for name in sys.modules if name.partition(".")[0] == "lpips"]:
            del sys.modules[name]  # it holds the trunk before
        import lpips

        model = lpips.LPIPS(net=net, verbose=False)
        networks[f"lpips_{net}"] = lambda x, y, model=model: model(2 * x - 1, 2 * y - 1)
    # The package looks for its weights where old versions of pip put them.
    from DISTS_pytorch import DISTS_pt

    DISTS_pt.sys.prefix = str(Path(DISTS_pt.__file__).parent)
    networks["dists"] = DISTS_pt.DISTS()
    return networks


def ssimulacra2(reference: np.ndarray, output: np.ndarray) -> float:
    """The package reads files of 8 bits; here it is given values on the scale 0..255 instead."""

    class Values:
        def __init__(self, path: np.ndarray) -> None:
            self.values = path

        def convert(self, _: str) -> Values:
            return self

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array(self.values, dtype=dtype)

    ssimulacra2_package.Image.open = Values
    if min(reference.shape[:2]) < 8:
        raise ValueError("no scale is looked at")
    return float(ssimulacra2_package.compute_ssimulacra2(reference * 255.0, output * 255.0))


def ms_ssim(reference: np.ndarray, output: np.ndarray) -> float:
    """The package pads odd sizes with zeros, which the definition does not: only even ones are asked about."""
    if any(size % 16 for size in reference.shape[:2]) or min(reference.shape[:2]) < 176:
        raise ValueError("odd at some scale")
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = torch.from_numpy(taps / taps.sum())[None, None, None]
    channels = [torch.from_numpy(np.atleast_3d(one)[..., None].transpose(2, 3, 0, 1)) for one in (reference, output)]
    return float(pytorch_msssim.ms_ssim(*channels, data_range=1.0, win=window))


def gradient_error(reference: np.ndarray, output: np.ndarray) -> float:
    def magnitude(image: np.ndarray) -> np.ndarray:
        across, down = (ndimage.sobel(255.0 * image, axis=axis) / 8.0 for axis in (1, 0))
        return np.hypot(across, down)[1:-1, 1:-1]

    # One channel after the other: of three axes the operator would smooth over the channels too.
    both = [[image] if image.ndim == 2 else np.moveaxis(image, 2, 0) for image in (reference, output)]
    return float(np.mean([np.abs(magnitude(y) - magnitude(x)).mean() for x, y in zip(*both, strict=True)]))


def ssim(reference: np.ndarray, output: np.ndarray) -> float:
    if min(reference.shape[:2]) < 11:
        raise ValueError("smaller than the window")
    return float(
        structural_similarity(
            reference,
            output,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=2 if reference.ndim == 3 else None,
        )
    )


def asked(reference: np.ndarray, output: np.ndarray, networks: dict[str, Any]) -> dict[str, float]:
    """What every oracle says of two pictures in 0..1, float64."""
    colors = [np.repeat(one[..., None], 3, axis=2) if one.ndim == 2 else one for one in (reference, output)]
    oracles: dict[str, Any] = {
        "psnr": lambda: peak_signal_noise_ratio(reference, output, data_range=1.0),
        "mae": lambda: 255.0 * np.abs(output - reference).mean(),
        "max_error": lambda: 255.0 * np.abs(output - reference).max(),
        "ssim": lambda: ssim(reference, output),
        "ms_ssim": lambda: ms_ssim(reference, output),
        "delta_e_2000": lambda: deltaE_ciede2000(*(rgb2lab(one) for one in colors)).mean(),
        "gradient_error": lambda: gradient_error(reference, output),
        "ssimulacra2": lambda: ssimulacra2(*colors),
        "flip": lambda: flip_evaluator.evaluate(*(one.astype(np.float32) for one in colors), "LDR", applyMagma=False)[
            1
        ],
    }
    tensors = [torch.from_numpy(one.astype(np.float32)).permute(2, 0, 1)[None] for one in colors]
    for name, network in networks.items():
        oracles[name] = lambda network=network: network(*tensors).item()
    said = {}
    for name, oracle in oracles.items():
        try:
            said[name] = float(oracle())
        except (ValueError, RuntimeError, AssertionError) as error:
            print(f"  no {name}: {str(error)[:80]}")
    return said


def main() -> None:
    networks = open_networks(sys.argv[1:])
    frozen = {}
    for case in CASES:
        print(case.name)
        frozen[case.name] = asked(*(one / case.data_range for one in case.pair()), networks)
    FROZEN.write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")
    from metrics.lpips.lpips_self_check import pair

    both = [torch.from_numpy(one / 255.0).float().permute(2, 0, 1)[None] for one in pair()]
    print("the self-check's pair:", {name: network(*both).item() for name, network in networks.items()})


if __name__ == "__main__":
    main()

"""PSNR-Y of the four models and of bicubic, on Set5 and on the demo images, as Markdown tables.

    python examples/evaluate.py --set5 ../shared/images/set5

A model whose runtime is not installed is left out with a word, so that the same script runs beside
tflite-runtime, which cannot share an environment with the others. `--save A` keeps what the models
produced, and `--against A` says how far another run, in another runtime, is from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from superres import SCALE
from superres.runtimes import Upscale, open_model

from metrics.image.bicubic import imresize, round_to_uint8
from metrics.image.luma import OnLuma
from metrics.image.psnr import Psnr
from metrics.metric import MetricSettings

EXAMPLES = Path(__file__).parent
MODELS = ("sr_x2_fp32.onnx", "sr_x2_int8.onnx", "sr_x2_fp32.tflite", "sr_x2_int8.tflite")

Outputs = dict[str, list[NDArray[np.float32]]]


@dataclass(frozen=True)
class Sample:
    """An image to restore: `low` (H, W, 3) and `high` (2H, 2W, 3), both uint8."""

    name: str
    low: NDArray[np.uint8]
    high: NDArray[np.uint8]


def read_samples(folder: Path) -> list[Sample]:
    """The pairs hr/NAME.png and lr_x2/NAME.png of a folder, by name.

    Raises:
        FileNotFoundError: there is none.
    """
    samples = []
    for file in sorted((folder / "hr").glob("*.png")):
        low = _read(folder / "lr_x2" / file.name)
        height, width = (SCALE * side for side in low.shape[:2])
        samples.append(Sample(file.stem, low, _read(file)[:height, :width]))
    if not samples:
        raise FileNotFoundError(f"{folder}: no hr/*.png with lr_x2/*.png beside it")
    return samples


def _read(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def bicubic(low: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The peer to beat: MATLAB's bicubic on each of R, G, B."""
    return imresize(low, float(SCALE)).astype(np.float32) / np.float32(255)


def methods(folder: Path) -> Iterator[tuple[str, Upscale]]:
    """Bicubic and every model that an installed runtime can open, each with its column's name."""
    yield "bicubic", bicubic
    for name in MODELS:
        try:
            runtime, upscale = open_model(folder / name)
        except ModuleNotFoundError as missing:
            print(f"{name} left out: {missing}")
        else:
            yield f"{name.removeprefix('sr_x2_')} ({runtime})", upscale


def table(samples: list[Sample], outputs: Outputs) -> str:
    """A Markdown table of PSNR-Y in dB, a row for each image, and the mean of the PSNRs."""
    metric = OnLuma(Psnr, MetricSettings(scale=SCALE))
    columns = {
        method: [
            metric.prepare(sample.high).score(round_to_uint8(image * 255.0))
            for sample, image in zip(samples, images, strict=True)
        ]
        for method, images in outputs.items()
    }
    rows = [["PSNR-Y, dB", *columns], ["---", *("---:" for _ in columns)]]
    for number, sample in enumerate(samples):
        rows.append([sample.name, *(f"{column[number]:.2f}" for column in columns.values())])
    rows.append(["mean", *(f"{np.mean(column):.3f}" for column in columns.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def differences(outputs: Outputs, others: Outputs) -> Iterator[str]:
    """How far models of one precision are apart, as lines of text.

    Args:
        outputs, others: of this run and of another one, or the same twice.
    """
    pairs = product(outputs, others) if others is not outputs else combinations(outputs, 2)
    for one, other in pairs:
        if one == "bicubic" or one.split(".")[0] != other.split(".")[0]:
            continue
        gaps = [np.abs(a - b) for a, b in zip(outputs[one], others[other], strict=True)]
        worst = max(float(gap.max()) for gap in gaps)
        differing = np.mean([np.mean(gap > 0.5 / 255) for gap in gaps])
        yield (
            f"{one} – {other}: at most {worst:.2e} ({worst * 255:.2f} of 255), "
            f"{differing:.2%} of samples by more than half of 1/255"
        )


def save(outputs: Outputs, file: Path) -> None:
    """Write every output into one .npz file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"{method}|{n}": a for method, images in outputs.items() for n, a in enumerate(images)}
    np.savez(file, allow_pickle=False, **arrays)


def saved(file: Path) -> Outputs:
    """Read what `save` wrote."""
    outputs: Outputs = {}
    with np.load(file) as archive:
        for key in archive.files:
            outputs.setdefault(key.split("|")[0], []).append(archive[key])
    return outputs


def main() -> None:
    """Parse the command line, upscale, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set5", type=Path, help="folder with hr/ and lr_x2/; left out if absent")
    parser.add_argument("--demo", type=Path, default=EXAMPLES / "images")
    parser.add_argument("--models", type=Path, default=EXAMPLES / "models")
    parser.add_argument("--save", type=Path, help="folder for the outputs, one .npz a set")
    parser.add_argument("--against", type=Path, help="folder that another run has saved")
    options = parser.parse_args()

    for title, folder in (("Set5", options.set5), ("Demo images", options.demo)):
        if folder is None:
            continue
        samples = read_samples(folder)
        changed = sum(int((imresize(s.high, 1 / SCALE) != s.low).sum()) for s in samples)
        print(f"\n{title}: {len(samples)} images, {changed} samples of lr_x2 differ from imresize\n")
        outputs = {method: [upscale(sample.low) for sample in samples] for method, upscale in methods(options.models)}
        print(table(samples, outputs), end="\n\n")
        file = f"{title.split()[0].lower()}.npz"
        if options.save:
            save(outputs, options.save / file)
        others = saved(options.against / file) if options.against else outputs
        print("\n".join(differences(outputs, others)))


if __name__ == "__main__":
    main()

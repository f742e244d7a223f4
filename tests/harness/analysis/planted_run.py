"""Writes the folder of a run whose pictures are known, with outputs as two sound models would leave them, and something
wrong with them that a test plants; scored and compared as a run is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from harness.analysis.compare import DeviceFacts, compare
from harness.analysis.tables.quality import score_outputs
from harness.documents.comparison import Comparison
from harness.documents.folder import RunFolder
from harness.documents.manifest import Manifest
from harness.documents.records import OutputFile, QualityOutput, output_name
from harness.runs.session.progress import SilentProgress
from harness.tasks.image_file import write_image
from metrics.image.bicubic import imresize
from tests.harness.simulated_records import make_manifest, write_run

SMALL = (48, 48)
"""Height and width in pixels of a reference, where a test asks for no other."""
_MADE = 240
"""Sides up to which a picture is made; what is larger is filled with its mirror images, which takes less time."""
AS_GOOD = {"quantity": "psnr_y", "no_worse_than": "0.5 dB"}

Levels = NDArray[np.float64]
Plant = Callable[[int, Levels], Levels]
"""(place of the item, its picture in 0..255 of shape (height, width, 3)) → what the arm puts out instead."""


@cache
def reference(number: int, size: tuple[int, int] = SMALL) -> NDArray[np.uint8]:
    """Coloured blobs of several sizes with hard edges, different in every picture; (height, width) is even."""
    random = np.random.default_rng([11, number])
    made = tuple(min(side, _MADE) for side in size)
    blobs = sum(gaussian_filter(random.normal(0, 1, (*made, 3)), (wide, wide, 0)) * wide * 55 for wide in (1, 3, 8))
    blocks = np.kron(random.integers(-50, 50, (6, 6, 3)), np.ones((made[0] // 6 + 1, made[1] // 6 + 1, 1)))
    blocks = blocks[: made[0], : made[1]]
    picture = np.clip(np.asarray(blobs) + blocks + random.integers(70, 180, 3), 0, 255).astype(np.uint8)
    missing = [(0, side - has) for side, has in zip(size, made, strict=True)]
    return np.pad(picture, (*missing, (0, 0)), mode="symmetric")


@cache
def given(number: int, size: tuple[int, int] = SMALL) -> NDArray[np.uint8]:
    """The input of the reference: MATLAB's bicubic to half its size."""
    return np.asarray(imresize(reference(number, size), 0.5), dtype=np.uint8)


def sound(number: int, seed: int, size: tuple[int, int] = SMALL) -> Levels:
    """What a sound model makes: two thirds of what bicubic lacks is there, and a little noise of its own."""
    plain = np.asarray(imresize(given(number, size), 2.0), dtype=np.float64)
    noise = np.random.default_rng([seed, number]).normal(0, 1.0, plain.shape)
    return plain + 0.65 * (reference(number, size) - plain) + noise


def planted_run(
    folder: Path,
    candidate: Plant = lambda _, picture: picture,
    baseline: Plant = lambda _, picture: picture,
    *,
    items: int = 24,
    rules: Sequence[Mapping[str, Any]] = (AS_GOOD,),
    metrics: Sequence[str] = ("psnr", "psnr_y", "ssim"),
    groups: Mapping[str, range] | None = None,
    size: tuple[int, int] = SMALL,
) -> Comparison:
    """The comparison of such a run; an output's values are 0 to 1 before what is planted, and never rounded."""
    manifest = make_manifest(
        rules=[dict(rule) for rule in rules], items=items, pairs=2, memory_repeats=0, metrics=metrics
    )
    manifest = _with_files(folder, manifest, groups or {}, size)
    facts = write_run(folder, manifest, inferences=2)
    _put_out(folder, manifest, facts, (baseline, candidate), size)
    quality = score_outputs(RunFolder(folder), manifest, SilentProgress())
    return compare(manifest, facts, quality.scores, seen=quality.seen)


def _with_files(folder: Path, manifest: Manifest, groups: Mapping[str, range], size: tuple[int, int]) -> Manifest:
    items = []
    for number, item in enumerate(manifest.items):
        paths = {}
        for name, picture in (("input_path", given(number, size)), ("reference_path", reference(number, size))):
            path = folder / name / f"{item.stem}.png"
            write_image(path, picture)
            paths[name] = str(path)
        own = [group for group, places in groups.items() if number in places]
        items.append(item.model_copy(update={**paths, "groups": own}))
    return manifest.model_copy(update={"items": items})


def _put_out(
    folder: Path,
    manifest: Manifest,
    facts: Mapping[str, DeviceFacts],
    plants: Sequence[Plant],
    size: tuple[int, int],
) -> None:
    home = folder / "devices" / "d0"
    lines = (home / "records.jsonl").read_text().splitlines()
    for place, (arm, plant) in enumerate(zip(manifest.arms, plants, strict=True)):
        for number, item in enumerate(manifest.items):
            picture = plant(number, sound(number, place, size))
            tensor = (picture[None].transpose(0, 3, 1, 2) / 255.0).astype(np.float32)
            name = output_name(arm.id, item.id, 0)
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            np.save(home / name, tensor)
            content = (home / name).read_bytes()
            file = OutputFile(
                tensor="x", path=name, sha256=hashlib.sha256(content).hexdigest(), dtype="float32",
                shape=list(tensor.shape), bytes=len(content),
            )  # fmt: skip
            record = QualityOutput(
                n=len(lines), session=0, monotonic_ns=10**15 + len(lines), step=90, arm=arm.id, item=item.id,
                outputs=[file], latency_ns=1000, notes=[],
            )  # fmt: skip
            lines.append(record.model_dump_json(by_alias=True))
    (home / "records.jsonl").write_text("\n".join(lines) + "\n")

"""Pictures of a blind look: of a random sample of items both arms' outputs and the reference, as pixels."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.analysis.tables.outputs import load_output, read_known, read_outputs
from harness.errors import UserError
from harness.scratch_folder import scratch_folder
from harness.tasks.drawing import ItemToDraw, Role

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from harness.analysis.tables.outputs import Output
    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem

LARGEST_SIDE: Final = 384
"""A larger picture is shown in a part of this many pixels, at a place drawn by lot: whole ones do not fit beside each
other, and a page with them would not fit into a mail.
"""
_FEWEST_PAIRS: Final = 2


@dataclass(frozen=True)
class DrawnPair:
    """One item: pixels of both arms and of the reference, uint8 (height, width, 3); the arms' have one shape."""

    item: str
    baseline: NDArray[np.uint8]
    candidate: NDArray[np.uint8]
    reference: NDArray[np.uint8] | None

    @property
    def sha256(self) -> str:
        """Of the item's name and the arms' pixels."""
        digest = hashlib.sha256(self.item.encode())
        for picture in (self.baseline, self.candidate):
            digest.update(f"\n{picture.shape}\n".encode())
            digest.update(picture.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class DrawnPairs:
    """The pairs to ask about, the items on which both arms gave the same picture, and whether any is a part."""

    device: str
    candidate: str
    pairs: list[DrawnPair]
    identical: list[str]
    is_cut: bool


def draw_pairs(
    folder: RunFolder, manifest: Manifest, device: str | None, candidate: str | None, most: int
) -> DrawnPairs:
    """At most `most` items of the run, drawn by lot from its seed, with both arms' pictures on one device.

    Raises `UserError` where the task has no pictures, a name is not of the run, or too few items have both pictures.
    """
    if not manifest.experiment.task.shows_pictures:
        raise UserError(
            f"{folder.path}: its task has no pictures that people could look at",
            f"A blind look is of pictures; this run compares {manifest.experiment.task.nouns.plural} by their scores.",
        )
    arm = _candidate(manifest, candidate)
    outputs = read_outputs(folder, manifest)
    where = _device(manifest, outputs, arm, device)
    source = random.Random(f"{manifest.seed} {where} {arm.name}")
    items = [item for item in manifest.items if _has_both(outputs[where], manifest.arms[0], arm, item)]
    source.shuffle(items)
    pairs, identical, is_cut = list[DrawnPair](), list[str](), False
    for item in items:
        drawn = _draw(manifest, item, manifest.arms[0], arm, outputs[where])
        if drawn is None:
            continue
        if (drawn.baseline == drawn.candidate).all():
            identical.append(item.stem)
            continue
        shown = cut(drawn, source)
        is_cut = is_cut or shown is not drawn
        pairs.append(shown)
        if len(pairs) == most:
            break
    if len(pairs) < _FEWEST_PAIRS:
        nouns = manifest.experiment.task.nouns
        why = (
            f"both arms gave the same picture on {len(identical)}"
            if identical
            else "their pictures are not there, or not of one size"
        )
        raise UserError(
            f"{folder.path}: there are too few {nouns.plural} to ask about: {why}",
            "There is nothing for people to see." if identical else "Is the run whole? `bakeoff run --resume` goes on.",
        )
    return DrawnPairs(where, arm.name, pairs, sorted(identical), is_cut)


def _candidate(manifest: Manifest, name: str | None) -> ManifestArm:
    candidates = manifest.arms[1:]
    names = ", ".join(arm.name for arm in candidates)
    if name is None:
        if len(candidates) > 1:
            raise UserError(f"this run has {len(candidates)} candidates: {names}", "Say which with --candidate.")
        return candidates[0]
    found = next((arm for arm in candidates if arm.name == name), None)
    if found is None:
        raise UserError(f"--candidate {name}: is no candidate of this run", f"There is {names}.")
    return found


def _device(
    manifest: Manifest,
    outputs: dict[str, dict[tuple[str, str], Output]],
    candidate: ManifestArm,
    name: str | None,
) -> str:
    """The device that was named, or the first on which both arms put out something."""
    names = [entry.name for entry in manifest.devices]
    if name is not None and name not in names:
        raise UserError(f"--device {name}: is no device of this run", f"There is {', '.join(names)}.")
    for each in names if name is None else [name]:
        if any(_has_both(outputs[each], manifest.arms[0], candidate, item) for item in manifest.items):
            return each
    raise UserError(
        f"{name or 'no device'}: has no outputs of both {manifest.arms[0].name} and {candidate.name}",
        "People look at what was put out: measure at least one metric with the run.",
    )


def _has_both(
    outputs: dict[tuple[str, str], Output], baseline: ManifestArm, candidate: ManifestArm, item: ManifestItem
) -> bool:
    return all((arm.id, item.id) in outputs for arm in (baseline, candidate))


def _draw(
    manifest: Manifest,
    item: ManifestItem,
    baseline: ManifestArm,
    candidate: ManifestArm,
    outputs: dict[tuple[str, str], Output],
) -> DrawnPair | None:
    """As the gallery shows it; None where a picture cannot be had, or the two have not one shape."""
    task = manifest.experiment.task
    given, reference = read_known(manifest, item)
    arms: tuple[tuple[Role, ManifestArm], ...] = (("baseline", baseline), ("candidate", candidate))
    with scratch_folder("votes") as home:
        try:
            made = {role: (arm.codec, load_output(task, arm, outputs[arm.id, item.id], given)) for role, arm in arms}
            drawn = task.draw(home / "item", ItemToDraw(given, reference, made)).pictures
        except (ValueError, OSError):
            return None
        pictures = {name: _pixels(path) for name, path in drawn.items()}
    one, other, truth = (pictures.get(name) for name in ("baseline", "candidate", "reference"))
    if one is None or other is None or one.shape != other.shape:
        return None
    return DrawnPair(item.stem, one, other, truth if truth is not None and truth.shape == one.shape else None)


def _pixels(path: Path) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def cut(drawn: DrawnPair, source: random.Random) -> DrawnPair:
    """The same part of all pictures where they are larger than `LARGEST_SIDE`."""
    height, width = drawn.baseline.shape[:2]
    if max(height, width) <= LARGEST_SIDE:
        return drawn
    rows, columns = (_part(size, source) for size in (height, width))
    reference = drawn.reference[rows, columns] if drawn.reference is not None else None
    return DrawnPair(drawn.item, drawn.baseline[rows, columns], drawn.candidate[rows, columns], reference)


def _part(size: int, source: random.Random) -> slice:
    if size <= LARGEST_SIDE:
        return slice(None)
    begin = source.randrange(size - LARGEST_SIDE + 1)
    return slice(begin, begin + LARGEST_SIDE)

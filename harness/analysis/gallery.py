"""The items a person should look at: where a candidate lost most against the baseline, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.analysis.judging.worst_items import WORST, ranked_items, sampled_items
from harness.analysis.tables.outputs import Output, load_output, read_known, read_outputs
from harness.documents.comparison import ErrorMap, GalleryItem
from harness.documents.folder import RunFolder, safe_name
from harness.quantity import QUANTITIES, Available, Measured, Unavailable
from harness.tasks.drawing import ItemToDraw, Role

if TYPE_CHECKING:
    import pandas as pd

    from harness.documents.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem


def draw_gallery(
    folder: RunFolder,
    manifest: Manifest,
    entry: ManifestDevice,
    candidate: ManifestArm,
    scores: pd.DataFrame,
    outputs: dict[str, dict[tuple[str, str], Output]] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> list[GalleryItem]:
    """Choose the worst items of a candidate on a device, and some by chance, and have the task draw them."""
    baseline = manifest.arms[0]
    of_device = (read_outputs(folder, manifest) if outputs is None else outputs)[entry.name]
    items = {item.stem: item for item in manifest.items}
    ranked = ranked_items(scores, entry.name, candidate.name, baseline.name)
    worst, drawn = ranked[:WORST], sampled_items(ranked, seed=manifest.seed)
    return [
        GalleryItem(
            candidate=candidate.name,
            item=one.item,
            metric=one.metric,
            chosen="worst" if place < len(worst) else "sample",
            values={
                arm.name: _values(scores, entry.name, arm.name, one.item, manifest.experiment.task.nouns.singular)
                for arm in (baseline, candidate)
            },
            **_draw(folder, manifest, entry, place, items[one.item], baseline, candidate, of_device, metrics or {}),
        )
        for place, one in enumerate([*worst, *drawn])
    ]


def _values(scores: pd.DataFrame, device: str, arm: str, item: str, noun: str) -> dict[str, Measured]:
    """Quantity → value of one arm on one item."""
    rows = scores[(scores["device"] == device) & (scores["arm"] == arm) & (scores["item"] == item)]
    values: dict[str, Measured] = {}
    for name, value, reason in zip(rows["quantity"], rows["value"], rows["reason"], strict=True):
        quantity = QUANTITIES[str(name)]
        if quantity.over == "set":  # no image has one
            continue
        values[quantity.name] = (
            Unavailable(reason=reason)
            if isinstance(reason, str)
            else Available(value=float(value), unit=quantity.unit, source=f"this {noun}")
        )
    return values


def _draw(
    folder: RunFolder,
    manifest: Manifest,
    entry: ManifestDevice,
    place: int,
    item: ManifestItem,
    baseline: ManifestArm,
    candidate: ManifestArm,
    outputs: dict[tuple[str, str], Output],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """What the task shows of an item, by the names of GalleryItem's fields; paths are relative to the run."""
    task = manifest.experiment.task
    given, reference = read_known(manifest, item)
    arms: tuple[tuple[Role, ManifestArm], ...] = (("baseline", baseline), ("candidate", candidate))
    made = {
        role: (arm.codec, load_output(task, arm, outputs[arm.id, item.id], given))
        for role, arm in arms
        if (arm.id, item.id) in outputs
    }
    # Not after the device: the paths of pictures are in what may be shared.
    home = folder.gallery / str(manifest.devices.index(entry)) / f"{candidate.id}-{place}-{safe_name(item.stem)}"
    drawing = task.draw(home, ItemToDraw(given, reference, made, metrics))
    places = {role: str(path.relative_to(folder.path)) for role, path in drawing.pictures.items()}
    return {
        "baseline_image": places.get("baseline"),
        "candidate_image": places.get("candidate"),
        "reference_image": places.get("reference"),
        "difference_image": places.get("difference"),
        "maps": [
            ErrorMap(
                name=one.name,
                label=one.label,
                unit=one.unit,
                ticks=list(one.ticks),
                colors=list(one.colors),
                files={role: str(path.relative_to(folder.path)) for role, path in one.files.items()},
            )
            for one in drawing.maps
        ],
        "input_image": str(drawing.thumbnail.relative_to(folder.path)) if drawing.thumbnail is not None else None,
        "difference_gain": drawing.difference_gain,
        "notes": list(drawing.notes),
    }

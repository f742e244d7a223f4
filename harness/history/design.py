"""What a run measures, as a fingerprint: where it changes, numbers before and after are of two series."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest, ManifestArm

_HOW_MUCH: Final = frozenset(
    {
        "design",
        "pairs",
        "min_pairs",
        "launches",
        "memory_repeats",
        "max_minutes",
        "step_timeout_s",
        "seed",
        "gates",
        "min_items",
    }
)
"""Settings of `measure` that say how much is measured and how long is waited: they move an interval, and not what it
is about.
"""


def design_fingerprint(manifest: Manifest) -> str:
    """16 hex digits: of the items, the pinned baseline with its model, the candidates without theirs, and how is
    measured. Versions of runtimes are facts of the environment. What is left at its default is left out, so that a new
    setting of a newer bakeoff begins no new series.
    """
    experiment = manifest.experiment.model_dump(mode="json", exclude_defaults=True)
    measure = {name: value for name, value in experiment.get("measure", {}).items() if name not in _HOW_MUCH}
    task = experiment.get("data", {}).get("task")
    facts = {
        "items": [
            [item.stem, item.input_sha256, item.reference_sha256, *([] if item.label is None else [item.label])]
            for item in manifest.items
        ],
        "latency item": manifest.latency_item,
        "task": task,
        "measure": measure,
        "quick": manifest.quick,
        "arms": [_arm(arm) for arm in manifest.arms],
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _arm(arm: ManifestArm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "role": arm.role,
        "model": arm.model_sha256 if arm.role == "baseline" else None,
        "runtime": arm.runtime,
        "accelerator": arm.accelerator,
        "options": arm.accelerator_options,
        "cores": arm.cores,
        "threads": arm.threads,
    }

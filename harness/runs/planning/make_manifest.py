"""run.json made: from what was looked up to what a run is made of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from harness import __version__
from harness.documents.folder import safe_name
from harness.documents.manifest import (
    Manifest,
    ManifestArm,
    ManifestDevice,
    ManifestItem,
    ManifestScores,
    ManifestStaticCopy,
)
from harness.documents.runner_record import RunnerKind
from harness.experiment.resolve import Resolved, ResolvedArm
from harness.runs.planning.inferences import inferences_of, timed_inference
from harness.tasks.item import TaskItem


def make_manifest(
    resolved: Resolved, device_names: Sequence[str], *, quick: bool, runner: RunnerKind | None = None
) -> Manifest:
    """The manifest of a new run; its seed is drawn where the experiment gives none."""
    experiment = resolved.file.experiment
    now = datetime.now(UTC)
    seed = experiment.measure.seed
    return Manifest(
        bakeoff_version=__version__,
        run_id=f"{now.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}",
        created_at=now.isoformat(timespec="seconds"),
        quick=quick,
        seed=secrets.randbits(32) if seed is None else seed,
        experiment=experiment,
        experiment_folder=str(resolved.file.folder),
        arms=[manifest_arm(arm) for arm in resolved.arms],
        timed_inference=timed_inference(resolved),
        items=[
            manifest_item(index, item, inferences)
            for index, (item, inferences) in enumerate(zip(resolved.items, inferences_of(resolved), strict=True))
        ],
        latency_item=f"i{resolved.latency_item}",
        devices=[
            ManifestDevice(name=name, folder=f"{index}-{safe_name(name)}") for index, name in enumerate(device_names)
        ],
        scores=[
            ManifestScores(quantity=name, path=str(one.path), sha256=one.sha256)
            for name, one in resolved.scores.items()
        ],
        runner=runner,
    )


def manifest_arm(arm: ResolvedArm) -> ManifestArm:
    """An arm as a manifest has it."""
    return ManifestArm(
        id=arm.id,
        name=arm.arm.name,
        role=arm.arm.role,
        model_path=str(arm.model.path),
        model_sha256=arm.model.sha256,
        model_bytes=arm.model.bytes,
        format=arm.model.format,
        runtime=arm.runtime.name,
        runtime_version=arm.runtime_version,
        accelerator=arm.arm.accelerator,
        accelerator_options=arm.arm.accelerator_options,
        cores=arm.arm.cores,
        threads=arm.arm.threads,
        codec=arm.codec,
        browser=arm.arm.browser,
        static_copy=None
        if arm.static is None
        else ManifestStaticCopy(sha256=arm.static.model.sha256, bytes=arm.static.model.bytes, shapes=arm.static.shapes),
    )


def manifest_item(index: int, item: TaskItem, inferences: Mapping[str, list[str]] | None = None) -> ManifestItem:
    """An item as a manifest has it; `inferences` is what `inferences_of` gives of it."""
    is_cut = any(len(ids) > 1 for ids in (inferences or {}).values())
    return ManifestItem(
        id=f"i{index}",
        stem=item.stem,
        scene=item.scene,
        groups=list(item.groups),
        input_path=str(item.input_path),
        reference_path=str(item.reference_path),
        input_sha256=item.input_sha256,
        reference_sha256=item.reference_sha256,
        inferences=dict(inferences) if is_cut and inferences is not None else {},
        label=item.label,
    )

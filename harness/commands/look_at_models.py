"""Every model of an experiment with a few pictures put through it on this machine, before any device is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.experiment.first_look import FirstLook, first_look

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest
    from harness.experiment.resolve import Resolved


def look_at_models(resolved: Resolved) -> dict[str, FirstLook]:
    """Arm id → what was seen. Raises `UserError` where a model makes no pictures of the references' size."""
    data = resolved.file.experiment.data
    return {
        arm.id: first_look(
            arm.arm.name, arm.model, arm.codec, resolved.items, data.scale, below_db=data.below_bicubic_db
        )
        for arm in resolved.arms
    }


def with_suspicions(manifest: Manifest, looks: dict[str, FirstLook]) -> Manifest:
    """The manifest with what only the look can know: that a model wants its input written otherwise."""
    arms = [
        arm.model_copy(update={"suspicion": f"{arm.name} {text}"}) if (text := looks[arm.id].suspicion) else arm
        for arm in manifest.arms
    ]
    return manifest.model_copy(update={"arms": arms})

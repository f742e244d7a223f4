"""Every model of an experiment with a few items put through it on this machine, before any device is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest
    from harness.experiment.resolve import Resolved
    from harness.tasks.first_look import FirstLook


def look_at_models(resolved: Resolved) -> dict[str, FirstLook]:
    """Arm id → what was seen; empty for a task that does not look. Raises `UserError` where a model cannot make what
    the references hold.
    """
    look, data = resolved.task.first_look, resolved.file.experiment.data
    if look is None:
        return {}
    return {arm.id: look(arm.arm.name, arm.model, arm.codec, resolved.items, data) for arm in resolved.arms}


def with_suspicions(manifest: Manifest, looks: dict[str, FirstLook]) -> Manifest:
    """The manifest with what only the look can know: that a model wants its input written otherwise."""
    arms = [
        arm.model_copy(update={"suspicion": f"{arm.name} {looks[arm.id].suspicion}"})
        if arm.id in looks and looks[arm.id].suspicion is not None
        else arm
        for arm in manifest.arms
    ]
    return manifest.model_copy(update={"arms": arms})

"""Fixing what a soak is made of."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness import __version__
from harness.documents.folder import safe_name
from harness.documents.manifest import ManifestDevice
from harness.documents.soak_manifest import SoakLength, SoakManifest
from harness.runs.planning.make_manifest import manifest_arm, manifest_item

if TYPE_CHECKING:
    from harness.documents.runner_record import RunnerKind
    from harness.experiment.resolve import Resolved


def make_soak_manifest(
    resolved: Resolved, device_names: Sequence[str], length: SoakLength, runner: RunnerKind | None
) -> SoakManifest:
    """The manifest of a new soak; `resolved` holds its one arm and its one item."""
    now = datetime.now(UTC)
    return SoakManifest(
        bakeoff_version=__version__,
        run_id=f"{now.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}",
        created_at=now.isoformat(timespec="seconds"),
        experiment=resolved.file.experiment,
        experiment_folder=str(resolved.file.folder),
        arm=manifest_arm(resolved.arms[0]),
        item=manifest_item(0, resolved.items[0]),
        hours=length.hours,
        window_s=length.window_s,
        devices=[
            ManifestDevice(name=name, folder=f"{index}-{safe_name(name)}") for index, name in enumerate(device_names)
        ],
        runner=runner,
    )

"""Scores that were made elsewhere, as rows of the table of scores: read again whenever a run is analysed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.documents.manifest import Manifest, ManifestScores
from harness.experiment.scores_file import ScoresFile, read_scores


def rows_made_elsewhere(manifest: Manifest) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A row for each device, item and arm, and where each score comes from.

    Raises `UserError` where a file is gone, or is no longer what such a file can be.
    """
    rows: list[dict[str, Any]] = []
    sources = {}
    for declared in manifest.scores:
        found = read_scores(
            Path(declared.path),
            declared.quantity,
            {item.stem for item in manifest.items},
            {arm.name for arm in manifest.arms},
            others_are_known=manifest.experiment.data.limit is not None,
        )
        rows += _rows(manifest, declared.quantity, found)
        sources[declared.quantity] = _source(declared, found)
    return rows, sources


def _rows(manifest: Manifest, quantity: str, found: ScoresFile) -> list[dict[str, Any]]:
    """The file knows of no devices: what it says holds on each."""
    return [
        {
            "device": device.name,
            "arm": arm.name,
            "item": item.stem,
            "scene": item.scene,
            "quantity": quantity,
            "value": found.values.get((item.stem, arm.name), float("nan")),
            "reason": None if (item.stem, arm.name) in found.values else f"{found.path.name} gives no value",
            "contribution": None,
        }
        for device in manifest.devices
        for item in manifest.items
        for arm in manifest.arms
    ]


def _source(declared: ManifestScores, found: ScoresFile) -> str:
    changed = "" if declared.sha256 == found.sha256 else ", changed since the run began"
    return f"made elsewhere, read from {found.path.name} (sha256 {found.sha256[:12]}{changed})"

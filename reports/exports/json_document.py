"""comparison.json as this bakeoff writes it, whatever bakeoff wrote the file."""

from __future__ import annotations

from pathlib import Path

from harness.documents.comparison import Comparison
from reports.exports.export import Export


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    return (comparison.model_dump_json(indent=2, by_alias=True) + "\n").encode()


EXPORT = Export("json", "the whole comparison, for programs", _render)

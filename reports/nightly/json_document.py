"""nightly.json as this bakeoff writes it, whatever bakeoff wrote the file."""

from __future__ import annotations

from harness.documents.nightly import Nightly
from reports.nightly.rendering import Rendering


def _render(nightly: Nightly) -> bytes:
    return (nightly.model_dump_json(indent=2, by_alias=True) + "\n").encode()


RENDERING = Rendering("json", "nightly.json", "the whole night, for programs", _render, for_programs=True)

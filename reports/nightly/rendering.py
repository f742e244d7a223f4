"""The shape of every rendering of a night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.documents.nightly import Nightly


@dataclass(frozen=True)
class Rendering:
    """A form that a night can be written in.

    `render` gives the whole file, UTF-8, from the night alone: the same night gives the same bytes. `file_name` is what
    it is called beside nightly.json.
    """

    name: str
    file_name: str
    meaning: str
    render: Callable[[Nightly], bytes]
    for_programs: bool = False
    """It is read by monitors and programs of one's own: they find a device by its name, so that it keeps it."""

"""A night's files for people and programs, and telling those whom the suite names. Whatever fails here is a warning of
the night: what was measured is on disk by then.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from harness.documents.folder import write_atomically
from harness.nightly.telling.tell import tell_of
from reports.nightly.registry import RENDERINGS, open_rendering

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.nightly import Nightly

_ITSELF: Final = "json"
"""The rendering that is nightly.json, which is there."""


def render_night(night: Night, nightly: Nightly) -> None:
    """Every rendering beside nightly.json."""
    for name in RENDERINGS:
        if name == _ITSELF:
            continue
        try:
            rendering = open_rendering(name)
            write_atomically(night.folder.path / rendering.file_name, rendering.render(nightly))
        except Exception as error:
            _note(night, f"the night could not be written as {name}", error)


def tell_night(night: Night, nightly: Nightly) -> None:
    """Tell everybody whom the suite names; what went wrong is among the night's warnings."""
    try:
        problems = tell_of(nightly, night.suite.suite.tell, _render)
    except Exception as error:
        _note(night, "telling of this night failed", error)
        return
    for problem in problems:
        night.warn(problem)


def _render(name: str, nightly: Nightly) -> bytes:
    return open_rendering(name).render(nightly)


def _note(night: Night, what: str, error: Exception) -> None:
    night.progress.say("this machine", traceback.format_exc(limit=-3))
    night.warn(f"{what}: {type(error).__name__}: {error}")

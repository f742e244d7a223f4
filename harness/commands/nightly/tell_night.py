"""A night's files for people and programs, and telling those whom the suite names. Whatever fails here is a warning of
the night: what was measured is on disk by then.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from harness.commands.write_reports import names_of_this_computer
from harness.documents.folder import write_atomically
from harness.nightly.telling.tell import tell_of
from reports.nightly.registry import RENDERINGS, open_rendering

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.nightly import Nightly
    from harness.nightly.telling.settings import Share

_ITSELF: Final = "json"
"""The rendering that is nightly.json, which is there."""


def render_night(night: Night, nightly: Nightly) -> None:
    """Every rendering beside nightly.json."""
    for name in RENDERINGS:
        if name == _ITSELF:
            continue
        try:
            rendering = open_rendering(name)
            told = shareable_night(nightly, name, night.suite.suite.tell.share)
            write_atomically(night.folder.path / rendering.file_name, rendering.render(told))
        except Exception as error:
            _note(night, f"the night could not be written as {name}", error)


def tell_night(night: Night, nightly: Nightly) -> None:
    """Tell everybody whom the suite names; what went wrong is among the night's warnings."""
    try:
        share = night.suite.suite.tell.share
        problems = tell_of(nightly, night.suite.suite.tell, lambda name, told: _render(name, told, share))
    except Exception as error:
        _note(night, "telling of this night failed", error)
        return
    for problem in problems:
        night.warn(problem)


def shareable_night(nightly: Nightly, name: str, share: Share) -> Nightly:
    """The night as a rendering may tell it: monitors and programs always get the devices' names, by which their series
    go on; people get what `share` says.
    """
    from reports.shared_night import shared_night

    if share == "names" or open_rendering(name).for_programs:
        return nightly
    return shared_night(nightly, names_of_this_computer())


def _render(name: str, nightly: Nightly, share: Share) -> bytes:
    return open_rendering(name).render(shareable_night(nightly, name, share))


def _note(night: Night, what: str, error: Exception) -> None:
    night.progress.say("this machine", traceback.format_exc(limit=-3))
    night.warn(f"{what}: {type(error).__name__}: {error}")

"""What was held still on a device: its users' devices are not held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.words.sentences import listed

if TYPE_CHECKING:
    from harness.documents.held_record import HeldRecord


def held_warnings(record: HeldRecord | None) -> list[str]:
    """One sentence for each kind; none where nothing was held."""
    files = [] if record is None else record.files
    governors = [each for each in files if each.kind == "governor"]
    switches = [each for each in files if each.kind == "charging"]
    warnings = []
    if governors:
        held = listed(sorted({each.held for each in governors}))
        others = sorted({each.before for each in governors} - {each.held for each in governors})
        warnings.append(
            f"The clock governor was held at {held} during the run: "
            + (f"users' devices run {listed(others)}." if others else "it was so before.")
        )
    if switches:
        places = listed([each.place for each in switches])
        warnings.append(f"Charging was switched off during the run, with the cable in ({places}).")
    return warnings

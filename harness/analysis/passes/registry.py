"""All passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.passes.energy import ENERGY
from harness.analysis.passes.file import FILE
from harness.analysis.passes.latency import LATENCY
from harness.analysis.passes.memory import MEMORY
from harness.analysis.passes.page import PAGE
from harness.analysis.passes.quality import QUALITY
from harness.analysis.passes.sustained import SUSTAINED
from harness.analysis.passes.votes import VOTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from harness.analysis.passes.analysed_pass import AnalysedPass
    from harness.quantity import Pass

PASSES: Final[Mapping[Pass, AnalysedPass]] = {
    each.name: each for each in (LATENCY, SUSTAINED, MEMORY, PAGE, FILE, ENERGY, QUALITY, VOTES)
}
"""Name of a pass, as quantities say in which they are measured → its row, in the order that gates are told of."""

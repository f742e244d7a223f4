"""When the host tells a runner that a pass has shown enough: by a file beside the plan, which the runner looks for
between two blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.stopping.energy_watch import EnergyWatch
from harness.analysis.stopping.latency_watch import LatencyWatch
from harness.documents.records import EnergyBlock, MemoryMeasured, PageMeasured, PassStopped
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.stopping.stopping import PassWatch
    from harness.documents.manifest import Manifest
    from harness.documents.records import Record

_LATER: dict[str, tuple[type, ...]] = {"latency": (MemoryMeasured, PageMeasured, EnergyBlock), "energy": ()}
"""Records of what comes after a pass, which show that it is over."""


@dataclass
class _Watched:
    """One pass."""

    name: str
    watch: PassWatch
    at_most: int
    noun: str
    """What is counted, such as `launch`."""
    is_over: bool = False
    """True once the pass has ended, or is told to."""

    def take(self, record: Record) -> None:
        self.watch.take(record)
        stopped = isinstance(record, PassStopped) and record.of_pass == self.name
        self.is_over = self.is_over or stopped or isinstance(record, _LATER[self.name])

    def due(self) -> str | None:
        """Why it should end now."""
        if self.is_over:
            return None
        decision = self.watch.decision
        if decision.kind == "go on" or decision.count >= self.at_most:
            return None
        done = f"{decision.count} of at most {counted(self.at_most, self.noun)}"
        return f"{self.name}: enough after {done}: {decision.reason}"


class EarlyEnd:
    """The passes of one device that may end early, watched while its records come in.

    `survey_text`: what the device showed of its sensors, by which its energy is read.
    """

    def __init__(self, manifest: Manifest, survey_text: str | None) -> None:
        experiment, launches = manifest.experiment, len(manifest.experiment.measure.launch_sizes)
        counted_in = ("launch", launches) if launches > 1 else ("pair", experiment.measure.pairs)
        self._passes = [
            _Watched("latency", LatencyWatch(manifest), counted_in[1], counted_in[0]),
            _Watched("energy", EnergyWatch(manifest, survey_text), experiment.energy_cycles, "cycle"),
        ]
        self._due: _Watched | None = None

    def take(self, record: Record) -> None:
        """One record, in the order of the file."""
        for each in self._passes:
            each.take(record)

    def due(self) -> tuple[str, str] | None:
        """The file to drop now and why, in words; None where there is nothing to say to the runner."""
        for each in self._passes:
            why = each.due()
            if why is not None:
                self._due = each
                return f"stop-{each.name}", why
        return None

    def dropped(self) -> None:
        """The file that was due is on the device."""
        if self._due is not None:
            self._due.is_over = True

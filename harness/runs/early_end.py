"""When the host tells a runner that a pass has shown enough: by a file beside the plan, which the runner looks for
between two blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.analysis.stopping import LatencyWatch

if TYPE_CHECKING:
    from harness.runs.manifest import Manifest

STOP_LATENCY = "stop-latency"


class EarlyEnd:
    """The latency pass of one device, watched while its records come in."""

    def __init__(self, manifest: Manifest) -> None:
        self._watch = LatencyWatch(manifest)
        self._at_most = manifest.experiment.measure.pairs
        self._is_over = False
        self._dropped = False

    def take(self, record: dict[str, Any]) -> None:
        """One record, in the order of the file."""
        self._watch.take(record)
        kind = record["record"]
        # What comes after the latency pass shows that it is over, whoever ended it.
        self._is_over = self._is_over or kind in {"memory", "energy_block", "pass_stopped"}

    def due(self) -> tuple[str, str] | None:
        """The file to drop now and why, in words; None where there is nothing to say to the runner."""
        if self._dropped or self._is_over:
            return None
        decision = self._watch.decision
        if decision.kind == "go on" or decision.pairs >= self._at_most:
            return None
        return STOP_LATENCY, f"latency: enough after {decision.pairs} of at most {self._at_most}: {decision.reason}"

    def dropped(self) -> None:
        """The file that was due is on the device."""
        self._dropped = True

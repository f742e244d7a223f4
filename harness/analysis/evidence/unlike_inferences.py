"""Arms whose inferences are not of the same work: one takes more of them for an item than another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.quantity import ITEM_LATENCY
from harness.tasks.looks import Doubts
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest, ManifestArm
    from harness.quantity import Quantity


def unlike_inferences(manifest: Manifest, candidate: ManifestArm, quantity: Quantity) -> Doubts:
    """The suspicion on a quantity of one inference where the candidate takes another number of them for the item that
    is measured than the baseline does; else none.
    """
    numbers, baseline = manifest.inferences_of_latency_item(), manifest.arms[0]
    if not quantity.of_one_inference or numbers[candidate.name] == numbers[baseline.name]:
        return Doubts()
    noun = manifest.experiment.task.nouns.singular
    return Doubts(
        pairs=[
            f"{baseline.name} takes {counted(numbers[baseline.name], 'inference')} for one {noun} and"
            f" {candidate.name} {numbers[candidate.name]}, so that one inference is not the same work: compare"
            f" {ITEM_LATENCY}"
        ]
    )

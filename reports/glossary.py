"""What the quantities of a comparison are, in plain words; of scores also how they are computed and what they miss."""

from __future__ import annotations

from dataclasses import dataclass

from harness.documents.comparison import Comparison
from harness.quantity import QUANTITIES


@dataclass(frozen=True)
class GlossaryEntry:
    """One quantity."""

    label: str
    meaning: str
    facts: list[tuple[str, str]]
    """What is known of a score's metric, each with a word that begins its line; empty for what devices measure."""


def glossary(comparison: Comparison) -> list[GlossaryEntry]:
    """Every quantity that was compared, in the order of the tables."""
    compared = dict.fromkeys(one.quantity for device in comparison.devices for one in device.contrasts)
    return [_entry(name) for name in compared if name in QUANTITIES]


def _entry(name: str) -> GlossaryEntry:
    quantity = QUANTITIES[name]
    facts = quantity.facts
    if facts is None:
        return GlossaryEntry(quantity.label, quantity.meaning, [])
    told = [
        ("Computed", facts.convention),
        ("Blind to", facts.blind_to),
        ("Defined by", facts.citation),
        ("From", facts.source),
    ]
    return GlossaryEntry(quantity.label, quantity.meaning, [(term, text) for term, text in told if text])

"""Evidence on quality with what is doubted about it: findings that keep rules from deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.evidence.evidence import Level, Paired
from harness.tasks.looks import Doubts

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Evidence
    from harness.documents.manifest import Manifest
    from harness.tasks.looks import Seen


def doubts_on(device: str, manifest: Manifest, seen: Seen | None) -> Doubts:
    """What is doubted of a device's scores: what was noted of its arms before the run, and what was seen after it."""
    noted = {arm.name: [arm.suspicion] for arm in manifest.arms if arm.suspicion is not None}
    found = seen.doubts.get(device, Doubts()) if seen is not None else Doubts()
    suspicions = {
        arm.name: [*noted.get(arm.name, []), *found.suspicions.get(arm.name, [])]
        for arm in manifest.arms
        if arm.name in noted or arm.name in found.suspicions
    }
    return replace(found, suspicions=suspicions)


def doubted(evidence: Evidence, doubts: Doubts, baseline: str, candidate: str) -> Evidence:
    """The evidence with the doubts and suspicions about these two arms."""
    suspicion = _joined([*doubts.pairs, *doubts.suspicions.get(baseline, []), *doubts.suspicions.get(candidate, [])])
    doubt = _joined([*doubts.doubts.get(baseline, []), *doubts.doubts.get(candidate, [])])
    if suspicion is None and doubt is None:
        return evidence
    effect = evidence.effect
    if isinstance(effect, Paired):
        effect = replace(effect, suspicion=_joined([effect.suspicion, suspicion]), doubt=_joined([effect.doubt, doubt]))
    return replace(
        evidence,
        baseline=_doubted_level(evidence.baseline, doubts, baseline),
        candidate=_doubted_level(evidence.candidate, doubts, candidate),
        effect=effect,
    )


def _doubted_level(level: Level, doubts: Doubts, arm: str) -> Level:
    return replace(
        level,
        suspicion=_joined([level.suspicion, *doubts.pairs, *doubts.suspicions.get(arm, [])]),
        doubt=_joined([level.doubt, *doubts.doubts.get(arm, [])]),
    )


def _joined(parts: Sequence[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(part for part in parts if part)) or None

"""People's preference: shares of blind votes, and where they and the metrics say otherwise of one item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.analysis.evidence.evidence import Level, Paired
from harness.documents.comparison import ItemDisagreement, NoEffect, VotesOnDevice
from harness.quantity import QUANTITIES, Available, Quantity, Unavailable
from harness.statistics.estimate import Estimate
from harness.words.sentences import counted, items_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.joined_votes import Preference
    from harness.documents.manifest import ManifestArm

FEWEST_VOTERS: Final = 5
"""Fewer people do not speak for others, however they agree."""
NOBODY: Final = "nobody voted yet (`bakeoff votes RUN --page` makes the page that asks)"
_BEYOND_CHANCE: Final = 0.05
_METHOD: Final = "t over voters, with voters and items as clusters"


def votes_level(quantity: Quantity, asked: Sequence[Preference], *, is_baseline: bool) -> Level:
    """The share of votes for an arm, in per cent."""
    if not asked:
        return Level(Unavailable(reason=NOBODY), None)
    if len(asked) > 1:
        return Level(Unavailable(reason="each candidate was shown beside it to other voters"), None)
    preference = asked[0]
    if preference.share is None:
        return Level(Unavailable(reason="nobody who voted looked"), None)
    estimate = _estimate(preference, preference.share, 100.0, 0.0)
    if is_baseline:
        estimate = Estimate(100.0 - estimate.mean, estimate.sd, estimate.n, estimate.effective_n)
    source = f"blind votes of {counted(preference.voters, 'voter')}"
    return Level(
        Available(value=estimate.mean, unit=quantity.unit, source=source), estimate, suspicion=_too_few(preference)
    )


def votes_effect(data: DeviceData, preference: Preference | None, candidate: ManifestArm) -> Paired | NoEffect:
    """The candidate's share of votes less the baseline's, in points."""
    if preference is None:
        return NoEffect(reason=NOBODY)
    if preference.share is None:
        return NoEffect(reason="nobody who voted looked")
    estimate = _estimate(preference, preference.share, 200.0, 100.0)
    warnings = []
    if preference.careless:
        everybody = counted(preference.voters + len(preference.careless), "voter")
        verb = "is" if len(preference.careless) == 1 else "are"
        warnings.append(f"Of {everybody} {len(preference.careless)} did not look with care and {verb} left out.")
    if preference.not_asked:
        same = counted(preference.not_asked, data.manifest.experiment.task.nouns.singular)
        warnings.append(f"Votes are of outputs that differ: on {same} both arms gave the same, and nobody was asked.")
    warnings += _told(data, candidate, preference)
    return Paired(
        estimate=estimate,
        replicate="voter",
        warnings=warnings,
        suspicion=_too_few(preference),
        method=_METHOD,
    )


def votes_on_device(data: DeviceData) -> list[VotesOnDevice]:
    """What people said of every candidate that they were asked about."""
    return [
        VotesOnDevice(
            preference=data.preferences[arm.name].model_copy(update={"careless": [], "ballot": None}),
            careless=len(data.preferences[arm.name].careless),
            disagreements=item_disagreements(data, arm, data.preferences[arm.name]),
        )
        for arm in data.manifest.arms[1:]
        if arm.name in data.preferences
    ]


def item_disagreements(data: DeviceData, candidate: ManifestArm, preference: Preference) -> list[ItemDisagreement]:
    """Items on which voters preferred one arm beyond chance, and a score tells of a loss or gain the other way that is
    more than negligible.
    """
    clear = {voted.item: voted for voted in preference.items if voted.p_value < _BEYOND_CHANCE}
    found = []
    for name in data.manifest.experiment.score_names:
        quantity = QUANTITIES[name]
        if quantity.over == "set":
            continue
        before, after = (
            dict(zip(rows["item"].astype(str), rows["value"].astype(float), strict=True))
            for rows in (data.rows(data.scores, arm, quantity) for arm in (data.baseline, candidate))
        )
        for item, voted in clear.items():
            if item not in before or item not in after:
                continue
            change = after[item] - before[item]
            gain = change if quantity.better == "higher" else -change
            if abs(gain) > quantity.negligible and (gain > 0) != (voted.share > 0.5):
                found.append(ItemDisagreement(item=item, quantity=name, share=voted.share, change=change))
    return found


def _told(data: DeviceData, candidate: ManifestArm, preference: Preference) -> list[str]:
    by_metric: dict[str, list[str]] = {}
    for one in item_disagreements(data, candidate, preference):
        by_metric.setdefault(one.quantity, []).append(one.item)
    noun = data.manifest.experiment.task.nouns.singular
    return [
        f"People and {QUANTITIES[name].subject} disagree on {items_named(items, noun)}."
        for name, items in by_metric.items()
    ]


def _estimate(preference: Preference, share: float, factor: float, offset: float) -> Estimate:
    """factor · share − offset."""
    sd = None if preference.sd is None else factor * preference.sd
    return Estimate(factor * share - offset, sd, preference.voters, preference.effective_n)


def _too_few(preference: Preference) -> str | None:
    if preference.voters >= FEWEST_VOTERS:
        return None
    return (
        f"only {counted(preference.voters, 'person')} voted"
        if preference.voters == 1
        else (f"only {preference.voters} people voted")
    )

"""Earlier runs side by side: each candidate against the baseline that all of them share, and against the first.

Two candidates that never ran together are compared through the baseline that ran with each. That stands only where it
is the same baseline on the same device with the same data; whatever is not is refused in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devices.identity import device_key
from harness.documents.compared_runs import (
    ComparedCandidate,
    ComparedDevice,
    ComparedEffect,
    ComparedQuantity,
    ComparedRuns,
)
from harness.documents.comparison import Effect, Interval
from harness.documents.folder import RunFolder
from harness.errors import UserError
from harness.quantity import QUANTITIES
from harness.statistics.difference_of_estimates import Estimate, difference_of_estimates
from harness.words.changes import effect_in_words
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.documents.comparison import ArmInfo, Comparison, Contrast, DeviceResult
    from harness.documents.manifest import Manifest

_METHOD = "MOVER over the intervals of both runs"
_BASELINE = (
    "model_sha256", "runtime", "runtime_version", "accelerator", "accelerator_options", "threads", "cores",
)  # fmt: skip
_NAMES = {"model_sha256": "model", "runtime_version": "version of the runtime", "accelerator_options": "options"}

_FACTS = {
    "os": "The operating system",
    "kernel": "The kernel",
    "libc": "The C library",
    "governor": "The clock governor",
    "memory_bytes": "The memory",
}
"""What may change of a device that stays the same one, and is said."""


@dataclass(frozen=True)
class _Run:
    folder: Path
    comparison: Comparison
    manifest: Manifest

    @property
    def baseline(self) -> ArmInfo:
        found = next((arm for arm in self.comparison.arms if arm.role == "baseline"), None)
        if found is None:
            raise UserError(
                f"{self.folder}: its comparison.json names no baseline", "`bakeoff analyze` writes it again."
            )
        return found

    @property
    def devices(self) -> dict[str, DeviceResult]:
        """Those that measured and said what they are, by what makes a device the same one."""
        found = {}
        for device in self.comparison.devices:
            identity = device.identity
            if identity is not None and device.contrasts:
                key = f"{device_key(device.device, identity)}; {identity.architecture} × {identity.cores}"
                found[key] = device
        return found


def compare_runs(folders: Sequence[Path]) -> ComparedRuns:
    """Raises `UserError` where there are fewer than two runs, one cannot be read, or they cannot be compared."""
    places = [folder.resolve() for folder in folders]
    if len(set(places)) < 2 or len(set(places)) != len(places):
        raise UserError("two different runs or more can be compared", "bakeoff compare RUN1 RUN2")
    runs = [_read(folder) for folder in folders]
    first = runs[0]
    for other in runs[1:]:
        _refuse_other_baseline(first, other)
        _refuse_other_data(first, other)
    keys = [key for key in first.devices if all(key in run.devices for run in runs)]
    if not keys:
        raise UserError(*_no_device_in_common(runs))
    columns = [(run, arm) for run in runs for arm in run.comparison.arms if arm.role == "candidate"]
    return ComparedRuns(
        baseline=first.baseline.name,
        items=first.comparison.items,
        item_noun=first.comparison.item_noun,
        candidates=[
            ComparedCandidate(
                run=str(run.folder),
                run_id=run.comparison.run_id,
                created_at=run.comparison.created_at,
                quick=run.comparison.quick,
                candidate=arm.name,
                model_sha256=arm.model_sha256,
                differs_in=arm.differs_in,
            )
            for run, arm in columns
        ],
        devices=[_compared_device(key, columns) for key in keys],
        notes=_notes(runs, keys),
    )


def _read(folder: Path) -> _Run:
    from reports.open_comparison import open_comparison

    run = RunFolder(folder)
    manifest = run.read_manifest()  # says what was in the items; comparison.json does not
    return _Run(folder, open_comparison(run.comparison), manifest)


def _refuse_other_baseline(first: _Run, other: _Run) -> None:
    one, two = first.baseline, other.baseline
    differing = [_NAMES.get(name, name) for name in _BASELINE if getattr(one, name) != getattr(two, name)]
    if differing:
        raise UserError(
            f"{other.folder}: its baseline is another than that of {first.folder}: {', '.join(differing)} of "
            f"{two.name!r} and {one.name!r} differ",
            "Candidates are compared through a baseline that both ran against. Measure them in one run instead.",
        )


def _refuse_other_data(first: _Run, other: _Run) -> None:
    nouns = first.manifest.experiment.task.nouns
    one, two = ({item.stem: item for item in run.manifest.items} for run in (first, other))
    missing = sorted(set(one) ^ set(two))
    changed = [
        stem
        for stem, item in one.items()
        if stem in two
        and (item.input_sha256, item.reference_sha256, item.label)
        != (two[stem].input_sha256, two[stem].reference_sha256, two[stem].label)
    ]
    remedy = f"Scores and times of other {nouns.plural} say nothing about each other. Measure both on the same."
    for run in (first, other):
        if any(item.input_sha256 is None for item in run.manifest.items):
            raise UserError(
                f"{run.folder}: does not say what was in its {nouns.plural}", "A run of today's bakeoff says it."
            )
    if missing or changed:
        which = (missing + changed)[0]
        how = f"{which!r} is in one of them alone" if missing else f"{which!r} was another file"
        raise UserError(
            f"{other.folder}: measured on other {nouns.plural} than {first.folder}: {how}"
            + (f", and {counted(len(missing + changed) - 1, 'more')}" if len(missing + changed) > 1 else ""),
            remedy,
        )
    stems = [
        next(item.stem for item in run.manifest.items if item.id == run.manifest.latency_item) for run in (first, other)
    ]
    if stems[0] != stems[1]:
        raise UserError(
            f"{other.folder}: its latency is of {stems[1]!r}, and that of {first.folder} of {stems[0]!r}",
            f"Set the same latency {nouns.singular} in both experiments.",
        )


def _no_device_in_common(runs: list[_Run]) -> tuple[str, str]:
    for other in runs[1:]:
        for mine in runs[0].devices.values():
            theirs = next((each for each in other.devices.values() if each.device == mine.device), None)
            if theirs is not None and mine.identity is not None and theirs.identity is not None:
                was, now = (
                    "; ".join(filter(None, (i.model, i.cpu_model, i.android.build_fingerprint if i.android else None)))
                    for i in (mine.identity, theirs.identity)
                )
                if was != now:
                    return (
                        f"{mine.device} is not the device that it was: {was or 'unknown'} in {runs[0].folder}, "
                        f"{now or 'unknown'} in {other.folder}",
                        "An update changes what is measured. Measure both candidates in one run.",
                    )
    measured = "; ".join(
        f"{run.folder} on {', '.join(device.shown_name for device in run.devices.values()) or 'none'}" for run in runs
    )
    return f"no device is in all of these runs: {measured}", "Only what was measured on one device can be compared."


def _compared_device(key: str, columns: list[tuple[_Run, ArmInfo]]) -> ComparedDevice:
    contrasts = [
        {each.quantity: each for each in run.devices[key].contrasts if each.candidate == arm.name}
        for run, arm in columns
    ]
    names = dict.fromkeys(name for each in contrasts for name in each)
    device = columns[0][0].devices[key]
    return ComparedDevice(
        device=device.device,
        shown_name=device.shown_name,
        quantities=[
            ComparedQuantity(quantity=name, effects=_effects([each.get(name) for each in contrasts])) for name in names
        ],
    )


def _effects(contrasts: list[Contrast | None]) -> list[ComparedEffect]:
    first = contrasts[0].effect if contrasts[0] is not None else None
    found = []
    for place, contrast in enumerate(contrasts):
        if contrast is None:
            reason = "not measured in this run"
            found.append(ComparedEffect(outcome="unavailable", effect=None, unavailable_because=reason))
        elif not isinstance(contrast.effect, Effect):
            reason = contrast.effect.reason
            found.append(ComparedEffect(outcome=contrast.outcome, effect=None, unavailable_because=reason))
        else:
            told = ComparedEffect(outcome=contrast.outcome, effect=contrast.effect)
            if place > 0 and isinstance(first, Effect) and first.scale == contrast.effect.scale:
                told = told.model_copy(update=_against(first, contrast.effect, contrast.quantity))
            found.append(told)
    return found


def _against(first: Effect, other: Effect, quantity_name: str) -> dict[str, object]:
    """The fields of `ComparedEffect` that set one candidate against the first."""
    one, two = _estimate(first), _estimate(other)
    if one is None or two is None:
        return {}
    between = difference_of_estimates(one, two)
    back = math.exp if other.scale == "ratio" else float
    value, low, high = back(between.value), back(between.low), back(between.high)
    exact = first.interval is None and other.interval is None
    levels = {each.interval.level for each in (first, other) if each.interval is not None}
    interval = None
    if not exact and len(levels) == 1:
        interval = Interval(low=low, high=high, level=levels.pop(), method=_METHOD)
    quantity = QUANTITIES.get(quantity_name)
    words = None
    if quantity is not None and (exact or interval is not None):
        words = effect_in_words(quantity, value, *(() if exact else (low, high)))
    return {"against_first": value, "against_first_interval": interval, "words": words}


def _estimate(effect: Effect) -> Estimate | None:
    """On the scale on which effects add; None where it has no place there."""
    ends = (effect.interval.low, effect.interval.high) if effect.interval is not None else (effect.estimate,) * 2
    numbers = (effect.estimate, *ends)
    if effect.scale == "ratio":
        if any(number <= 0.0 for number in numbers):
            return None
        numbers = (math.log(numbers[0]), math.log(numbers[1]), math.log(numbers[2]))
    return Estimate(*numbers) if all(math.isfinite(number) for number in numbers) else None


def _notes(runs: list[_Run], keys: list[str]) -> list[str]:
    notes = [
        "The runs were apart: each candidate ran beside the baseline, and never beside the other. One run with both is "
        "surer."
    ]
    for run in runs:
        if run.comparison.quick:
            notes.append(f"{run.folder} was cut short on purpose: good for a look, not for a decision.")
        left_out = [device.shown_name for key, device in run.devices.items() if key not in keys]
        if left_out:
            notes.append(f"{run.folder} also measured on {', '.join(left_out)}, which is not in all of the runs.")
    for key in keys:
        notes += _changed_facts(runs, key)
    versions = dict.fromkeys(run.comparison.bakeoff_version for run in runs)
    if len(versions) > 1:
        notes.append(f"They were made by different versions of bakeoff: {', '.join(versions)}.")
    return notes


def _changed_facts(runs: list[_Run], key: str) -> list[str]:
    """Facts of one device that are not the same in all of the runs."""
    device = runs[0].devices[key]
    found = []
    for name, words in _FACTS.items():
        values = dict.fromkeys(str(getattr(run.devices[key].identity, name) or "unknown") for run in runs)
        if len(values) > 1:
            found.append(f"{words} of {device.shown_name} differed: {', '.join(values)}.")
    return found

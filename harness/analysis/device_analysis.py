"""One device's part of the comparison: evidence from its tables, its rules, its facts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from devices.power.survey import parse_survey
from devices.readings.unavailable import Unavailable as NotThere
from harness.analysis.conditions.arm_facts import arm_on_device, asked_and_done, failures_of, in_short, source_of
from harness.analysis.conditions.block_conditions import block_warnings, failed_gates, gate_warnings
from harness.analysis.conditions.energy_conditions import energy_warnings
from harness.analysis.conditions.held_warnings import held_warnings
from harness.analysis.conditions.missing_sensors import unwatched
from harness.analysis.conditions.run_conditions import condition_warnings, environment_facts
from harness.analysis.conditions.runner_facts import library_of, library_warnings, runner_name, runner_warnings
from harness.analysis.conditions.state_warnings import state_warnings
from harness.analysis.evidence.energy_evidence import energy_effect, energy_level, lost_cycles
from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.evidence.latency_distribution import latency_distribution
from harness.analysis.evidence.latency_evidence import latency_effect, latency_level, summarise_blocks
from harness.analysis.evidence.process_evidence import process_effect, process_level, size_effect, size_level
from harness.analysis.evidence.quality_doubts import QualityDoubts
from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import margins
from harness.analysis.judging.judge_rule import RuleJudgement
from harness.analysis.stopping.energy_watch import energy_ending
from harness.analysis.stopping.latency_watch import latency_ending
from harness.analysis.tables.energy_table import DeviceEnergy, energy_frame
from harness.documents.comparison import Contrast, DeviceResult, EnergyOnDevice, NoEffect, RuleResult
from harness.quantity import QUANTITIES, Quantity, Unavailable
from harness.runs.planning.energy_source import usable_source
from harness.words.changes import stated
from harness.words.rules import rule_in_words
from harness.words.sentences import sentence

if TYPE_CHECKING:
    import pandas as pd

    from devices.identity import Identity
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.analysis.tables.tables import Tables
    from harness.documents.held_record import HeldRecord
    from harness.documents.manifest import Manifest, ManifestArm
    from harness.documents.phone_state import PhoneStates
    from harness.documents.runner_record import RunnerRecord

Judgements = dict[tuple[str, int], RuleJudgement]
"""(candidate, index of the rule) → judgement."""


@dataclass(frozen=True)
class DeviceFacts:
    """What the host knows of one device when it analyses a run."""

    identity: Identity | None
    records_path: Path | None
    """records.jsonl; None or a file that is not there where the runner never started."""
    status: Literal["complete", "incomplete", "failed"]
    problem: str | None = None
    arm_problems: Mapping[str, str] = field(default_factory=dict)
    """Name of an arm that could not even be sent there (no runtime for it, …) → why. It counts as a failure of the
    arm.
    """
    runner: RunnerRecord | None = None
    """Which runner it was given; None for a device that was never ready."""
    survey_text: str | None = None
    """What it showed of its sensors before the run."""
    profile: str | None = None
    """How precisely it measures, in words, where it was calibrated."""
    held: HeldRecord | None = None
    """What was held still on it."""
    phone_states: PhoneStates | None = None
    """What a phone was set to before and after."""


class DeviceAnalysis:
    """One device's tables, and the evidence drawn from them (each drawn once)."""

    def __init__(
        self,
        manifest: Manifest,
        name: str,
        facts: DeviceFacts,
        records: DeviceRecords | None,
        tables: Tables,
        scores: pd.DataFrame,
        energy: DeviceEnergy,
        doubts: QualityDoubts,
    ) -> None:
        self.name = name
        self._manifest, self._facts, self._records = manifest, facts, records
        self._latency = tables.latency[tables.latency["device"] == name]
        self._memory = tables.memory[tables.memory["device"] == name]
        self._telemetry = tables.telemetry[tables.telemetry["device"] == name]
        self._scores = scores[scores["device"] == name]
        self._energy = energy
        self._doubts = doubts
        self._energy_rows = energy_frame([energy])
        self._blocks = _since_begin(summarise_blocks(self._latency))
        self._failures = {
            arm.name: failures_of(arm, records, facts.arm_problems.get(arm.name)) for arm in manifest.arms
        }
        self._evidence: dict[tuple[str, str], Evidence] = {}
        arms = [arm.id for arm in manifest.arms]
        pairs = records.complete_pairs(arms) if records is not None else []
        cycles = records.whole_cycles(arms) if records is not None else []
        self._latency_blocks = [block for pair in pairs for block in pair]
        self._energy_blocks = [block for cycle in cycles for block in cycle]
        self._failed_gates: dict[str, str | None] = {
            "latency": failed_gates(self._latency_blocks),
            "memory": failed_gates(records.memory if records is not None else [], "process of the memory pass"),
            "energy": failed_gates(self._energy_blocks, "block of the energy pass"),
        }

    def evidence(self, candidate: ManifestArm, quantity: Quantity) -> Evidence:
        """What is known of the candidate against the baseline."""
        key = (candidate.name, quantity.name)
        if key not in self._evidence:
            baseline = self._manifest.arms[0]
            found = Evidence(
                self.level(baseline, quantity), self.level(candidate, quantity), self._effect(candidate, quantity)
            )
            is_score = quantity.measured_in == "quality"
            self._evidence[key] = self._doubts.on(found, baseline.name, candidate.name) if is_score else found
        return self._evidence[key]

    def level(self, arm: ManifestArm, quantity: Quantity) -> Level:
        """An arm's own value."""
        source = source_of(arm, self._records)
        match quantity.measured_in:
            case "latency":
                blocks = self._blocks[self._blocks["arm"] == arm.name]
                return latency_level(quantity, blocks, source, self._manifest.experiment.measure.looks_after)
            case "memory":
                return process_level(quantity, self._rows(self._memory, arm, quantity), source)
            case "file":
                return size_level(quantity, arm.model_bytes)
            case "energy":
                rows = self._rows(self._energy_rows, arm, quantity)
                looks_after = self._manifest.experiment.energy_looks_after
                return (
                    energy_level(quantity, rows, self._energy.source, looks_after) if len(rows) else self._no_energy()
                )
            case _:
                return quality_level(quantity, self._rows(self._scores, arm, quantity))

    def _effect(self, candidate: ManifestArm, quantity: Quantity) -> Paired | NoEffect:
        baseline = self._manifest.arms[0]
        seed = _seed(self._manifest.seed, self.name, candidate.name, quantity.name)
        effect: Paired | NoEffect
        match quantity.measured_in:
            case "latency":
                blocks = self._blocks
                effect = latency_effect(
                    quantity,
                    blocks[blocks["arm"] == baseline.name],
                    blocks[blocks["arm"] == candidate.name],
                    {"baseline": baseline.name, "candidate": candidate.name},
                    seed,
                    self._manifest.experiment.measure.looks_after,
                )
            case "memory":
                effect = process_effect(
                    self._rows(self._memory, baseline, quantity), self._rows(self._memory, candidate, quantity), seed
                )
            case "file":
                effect = size_effect(baseline.model_bytes, candidate.model_bytes)
            case "energy":
                ours, theirs = (self._rows(self._energy_rows, arm, quantity) for arm in (baseline, candidate))
                looks_after = self._manifest.experiment.energy_looks_after
                effect = (
                    energy_effect(ours, theirs, seed, looks_after, self._goes_first(candidate))
                    if len(ours) and len(theirs)
                    else NoEffect(reason=self._why_no_energy())
                )
            case _:
                effect = quality_effect(
                    quantity,
                    self._rows(self._scores, baseline, quantity),
                    self._rows(self._scores, candidate, quantity),
                    by_scene=self._manifest.experiment.data.scene_separator is not None,
                    seed=seed,
                )
        return effect if isinstance(effect, Paired) else self._explained(effect, candidate)

    def _goes_first(self, candidate: ManifestArm) -> dict[int, bool]:
        """Energy cycle → whether the candidate's block came before the baseline's."""
        baseline = self._manifest.arms[0]
        places: dict[int, dict[str | None, int]] = {}
        for block in self._records.energy if self._records is not None else []:
            places.setdefault(block.cycle, {})[block.arm] = block.position
        return {
            cycle: place[candidate.id] < place[baseline.id]
            for cycle, place in places.items()
            if {candidate.id, baseline.id} <= place.keys()
        }

    def _no_energy(self) -> Level:
        return Level(Unavailable(reason=self._why_no_energy()), None)

    def _why_no_energy(self) -> str:
        """Where no energy block was measured: why the plan had none, as far as the device's sensors say it."""
        measure = self._manifest.experiment.measure
        survey = parse_survey(self._facts.survey_text or "", meter_declared=measure.energy.meter_csv is not None)
        found = usable_source(survey, measure)
        return found.reason if isinstance(found, NotThere) else "it was not measured"

    def _explained(self, nothing: NoEffect, candidate: ManifestArm) -> NoEffect:
        """Where an arm or the device failed, that is the reason."""
        for arm in (candidate, self._manifest.arms[0]):
            if self._failures[arm.name]:
                failure = in_short(self._failures[arm.name][0], detail_characters=0).rstrip(".")
                return NoEffect(reason=f"{arm.name} {failure[:1].lower()}{failure[1:]}")
        if self._records is None:
            problem = (self._facts.problem or "nothing was measured on this device").split("\n", 1)[0]
            return NoEffect(reason=problem.removeprefix(f"{self.name}: ").rstrip("."))
        return nothing

    @staticmethod
    def _rows(frame: pd.DataFrame, arm: ManifestArm, quantity: Quantity) -> pd.DataFrame:
        return frame[(frame["arm"] == arm.name) & (frame["quantity"] == quantity.name)]

    def _quantities(self) -> list[Quantity]:
        """What this experiment compares, in the order of `QUANTITIES`."""
        measure = self._manifest.experiment.measure
        wanted = {
            "latency": True,
            "memory": measure.memory_repeats > 0,
            "file": True,
            "quality": True,
            "energy": self._manifest.experiment.energy_cycles > 0,
        }
        return [
            quantity
            for quantity in QUANTITIES.values()
            if wanted[quantity.measured_in]
            and (quantity.measured_in != "quality" or quantity.name in measure.metrics)
            and (quantity.name != "gpu_memory" or self._asked_for_graphics())
        ]

    def _asked_for_graphics(self) -> bool:
        """Only phones say what their graphics driver holds; elsewhere nobody misses it, unless a rule does."""
        ruled = any(rule.quantity == "gpu_memory" for rule in self._manifest.experiment.rules)
        return ruled or bool((self._memory["quantity"] == "gpu_memory").any())

    def result(self, judged: Judgements) -> DeviceResult:
        """All of the device, for the comparison."""
        manifest, records = self._manifest, self._records
        busiest = max(arm.threads for arm in manifest.arms)
        environment = environment_facts(self._telemetry, busiest) if records is not None else {}
        runner = self._facts.runner
        warnings = [text for arm in manifest.arms for text in asked_and_done(arm, records)]
        warnings += library_warnings(manifest, runner)
        warnings += [sentence(text) for text in self._doubts.all()]
        if records is not None:
            warnings = (
                runner_warnings(runner)
                + held_warnings(self._facts.held)
                + state_warnings(self._facts.phone_states)
                + condition_warnings(manifest, records, self._facts.identity, self._telemetry, environment)
                + gate_warnings(self._failed_gates.values())
                + block_warnings(self._latency_blocks, {arm.id: arm.name for arm in manifest.arms})
                + energy_warnings(self._energy_blocks, {arm.id: arm.name for arm in manifest.arms})
                + self._lost_energy()
                + unwatched(
                    self._facts.survey_text,
                    manifest.experiment.measure.gates,
                    self._latency_blocks,
                    self._energy_blocks,
                )
                + warnings
            )
        distributions = [
            latency_distribution(
                arm.name,
                self._latency[self._latency["arm"] == arm.name],
                self._blocks[self._blocks["arm"] == arm.name],
            )
            for arm in manifest.arms
        ]
        return DeviceResult(
            device=self.name,
            identity=self._facts.identity,
            runner=runner_name(runner, records),
            runner_reason=runner.reason if runner is not None else None,
            status=self._facts.status,
            problem=self._facts.problem,
            profile=self._facts.profile,
            started_at=records.started[0].wall_time if records is not None and records.started else None,
            measured_seconds=sum(last - first for first, last in records.session_spans_ns.values()) / 1e9
            if records is not None
            else None,
            arms=[
                arm_on_device(
                    arm,
                    records,
                    self._failures[arm.name],
                    {quantity.name: self.level(arm, quantity).value for quantity in self._quantities()},
                    library_of(arm, runner),
                )
                for arm in manifest.arms
            ],
            contrasts=[
                self._contrast(candidate, quantity, judged)
                for candidate in manifest.arms[1:]
                for quantity in self._quantities()
            ],
            rules=[
                self._rule_result(candidate, index, judged[candidate.name, index])
                for candidate in manifest.arms[1:]
                for index in range(len(manifest.experiment.rules))
            ],
            latency=[one for one in distributions if one is not None],
            latency_item=next((item.stem for item in manifest.items if item.id == manifest.latency_item), None),
            energy=self._energy_facts(),
            stopping=latency_ending(manifest, records) if records is not None else None,
            environment=environment,
            warnings=warnings,
        )

    def _energy_facts(self) -> EnergyOnDevice | None:
        facts, records = self._energy.facts, self._records
        if facts is None or records is None:
            return facts
        ending = energy_ending(self._manifest, records, self._facts.survey_text)
        return facts.model_copy(update={"stopping": ending})

    def _lost_energy(self) -> list[str]:
        """A warning where some cycles of the energy pass have no value and others have."""
        rows = self._energy_rows[self._energy_rows["quantity"] == "energy_per_inference"]
        lost = lost_cycles(*(own for _, own in rows.groupby("arm", sort=False))) if len(rows) else None
        if lost is None or lost.count == lost.of:
            return []
        return [f"Energy: {lost.words}, and are left out."]

    def _contrast(self, candidate: ManifestArm, quantity: Quantity, judged: Judgements) -> Contrast:
        rules = self._manifest.experiment.rules
        own = [(index, rule) for index, rule in enumerate(rules) if rule.quantity == quantity.name]
        item_margins = [rule.item_margin.in_unit(quantity.unit) for _, rule in own if rule.item_margin is not None]
        failed = [
            f"{arm.name} failed on the way; only what was measured before is compared."
            for arm in (self._manifest.arms[0], candidate)
            if self._failures[arm.name] and quantity.measured_in != "file"
        ]
        evidence = self.evidence(candidate, quantity)
        return make_contrast(
            candidate.name,
            quantity,
            evidence,
            margins(quantity, rules),
            [judged[candidate.name, index] for index, _ in own],
            failed if isinstance(evidence.effect, Paired) else [],
            min(item_margins, default=None),
        )

    def _rule_result(self, candidate: ManifestArm, index: int, judgement: RuleJudgement) -> RuleResult:
        rule = self._manifest.experiment.rules[index]
        quantity = QUANTITIES[rule.quantity]
        predicate = judgement.predicate
        gates = self._failed_gates.get(quantity.measured_in)
        if gates is not None and judgement.outcome != "unavailable":
            predicate += f"; {gates}"
        return RuleResult(
            candidate=candidate.name,
            quantity=quantity.name,
            rule=rule_in_words(rule, quantity),
            outcome=judgement.outcome,
            reason=sentence(stated(quantity, predicate)),
            effect_bound=judgement.effect_bound,
        )


def _since_begin(blocks: pd.DataFrame) -> pd.DataFrame:
    """Add `started_s`: seconds since the first block. After a restart of the device its clock begins anew; such a
    session follows on from the block before.
    """
    started: list[float] = []
    offset = 0.0
    for nanoseconds in blocks.sort_values(["session", "started_ns"])["started_ns"] if len(blocks) else []:
        seconds = nanoseconds / 1e9
        if not started:
            offset = -seconds
        elif seconds + offset < started[-1]:
            offset = started[-1] - seconds
        started.append(seconds + offset)
    ordered = blocks.sort_values(["session", "started_ns"]).assign(started_s=started)
    return ordered.sort_values(["pair", "position"], ignore_index=True)


def _seed(run_seed: int, *parts: str) -> int:
    """A seed of its own for each thing drawn, the same on every machine."""
    return int.from_bytes(hashlib.sha256("\x00".join([str(run_seed), *parts]).encode()).digest()[:8], "big")

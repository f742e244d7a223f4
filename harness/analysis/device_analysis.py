"""One device's part of the comparison: evidence from its tables, its rules, its facts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.analysis.conditions.arm_courses import arm_courses
from harness.analysis.conditions.arm_facts import (
    arm_on_device,
    asked_and_done,
    failures_of,
    in_short,
    not_as_asked,
)
from harness.analysis.conditions.block_conditions import block_warnings, gate_warnings
from harness.analysis.conditions.browser_facts import browser_warnings, output_drifts, software_renderers
from harness.analysis.conditions.energy_conditions import energy_warnings
from harness.analysis.conditions.held_warnings import held_warnings
from harness.analysis.conditions.missing_sensors import missing_sensors
from harness.analysis.conditions.readings import device_readings, slow_stretch
from harness.analysis.conditions.run_conditions import condition_warnings, environment_facts
from harness.analysis.conditions.runner_facts import library_of, library_warnings, runner_name, runner_warnings
from harness.analysis.conditions.state_warnings import state_warnings
from harness.analysis.cost_of_more import more_for_rule
from harness.analysis.evidence.energy_evidence import lost_cycles
from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.evidence.latency_distribution import latency_distribution
from harness.analysis.evidence.quality_doubts import doubted
from harness.analysis.evidence.unlike_inferences import unlike_inferences
from harness.analysis.evidence.votes_evidence import votes_on_device
from harness.analysis.item_scores import item_scores
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_groups import GroupEvidence
from harness.analysis.judging.judge_outcome import margins
from harness.analysis.judging.judge_rule import RuleJudgement
from harness.analysis.passes.device_data import DeviceData
from harness.analysis.passes.registry import PASSES
from harness.analysis.plain_words import said_plainly
from harness.analysis.score_parts import score_parts
from harness.analysis.stopping.energy_watch import energy_ending
from harness.analysis.stopping.latency_watch import latency_ending
from harness.analysis.sustained_facts import sustained_facts
from harness.analysis.tables.energy_table import DeviceEnergy
from harness.analysis.worst_lists import worst_lists
from harness.documents.comparison import (
    Contrast,
    DeviceResult,
    EnergyOnDevice,
    GroupResult,
    NoEffect,
    RuleResult,
    warned,
)
from harness.quantity import QUANTITIES, Quantity
from harness.tasks.item_groups import groups_of
from harness.tasks.looks import Doubts
from harness.words.changes import stated
from harness.words.rules import rule_in_words
from harness.words.sentences import counted, sentence

if TYPE_CHECKING:
    import pandas as pd

    from devices.identity import Identity
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.analysis.tables.tables import Tables
    from harness.documents.held_record import HeldRecord
    from harness.documents.joined_votes import Preference
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
    preferences: Mapping[str, Preference] = field(default_factory=dict)
    """What people said of its outputs, by the name of the candidate."""


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
        doubts: Doubts,
    ) -> None:
        self.name = name
        self._manifest, self._facts, self._records = manifest, facts, records
        self._data = DeviceData(
            manifest=manifest,
            records=records,
            survey_text=facts.survey_text,
            latency=tables.latency[tables.latency["device"] == name],
            memory=tables.memory[tables.memory["device"] == name],
            telemetry=tables.telemetry[tables.telemetry["device"] == name],
            scores=scores[scores["device"] == name],
            energy=energy,
            preferences=facts.preferences,
            runner=facts.runner,
        )
        self._doubts = doubts
        asked = {arm.name: not_as_asked(arm, records) for arm in manifest.arms}
        self._software = software_renderers(manifest, records)
        self._drifts = output_drifts(manifest, records)
        self._not_as_asked = Doubts(suspicions={name: [text] for name, text in asked.items() if text is not None})
        self._failures = {
            arm.name: failures_of(arm, records, facts.arm_problems.get(arm.name), manifest.experiment.task.nouns)
            for arm in manifest.arms
        }
        self._evidence: dict[tuple[str, str, str | None], Evidence] = {}
        self._failed_gates = {of_pass: row.failed_gates(self._data) for of_pass, row in PASSES.items()}

    def evidence(self, candidate: ManifestArm, quantity: Quantity, group: str | None = None) -> Evidence:
        """What is known of the candidate against the baseline, over all items or those of one group."""
        key = (candidate.name, quantity.name, group)
        if key not in self._evidence:
            self._evidence[key] = (
                self._evidence_in(self._data, candidate, quantity)
                if group is None
                else self._evidence_in(self._of_group(group), candidate, quantity, "group", group)
            )
        return self._evidence[key]

    def _of_group(self, group: str) -> DeviceData:
        items = groups_of(self._manifest.items).get(group, [])
        return replace(self._data, scores=self._data.scores[self._data.scores["item"].isin(items)])

    def _evidence_in(self, data: DeviceData, candidate: ManifestArm, quantity: Quantity, *group: str) -> Evidence:
        baseline, seed = (
            self._manifest.arms[0],
            _seed(self._manifest.seed, self.name, candidate.name, quantity.name, *group),
        )
        row = PASSES[quantity.measured_in]
        effect = row.effect(data, candidate, quantity, seed)
        found = Evidence(
            row.level(data, baseline, quantity),
            row.level(data, candidate, quantity),
            effect if isinstance(effect, Paired) else self._explained(effect, candidate),
            self._manifest.experiment.task.nouns,
        )
        if quantity.measured_in == "file":
            return found
        found = doubted(found, self._drifts, baseline.name, candidate.name)
        if quantity.measured_in == "quality":
            return doubted(found, self._doubts, baseline.name, candidate.name)
        if quantity.unit != "bytes":
            found = doubted(found, self._software, baseline.name, candidate.name)
        found = doubted(found, self._not_as_asked, baseline.name, candidate.name)
        unlike = unlike_inferences(self._manifest, candidate, quantity)
        return doubted(found, unlike, baseline.name, candidate.name)

    def group_evidence(self, candidate: ManifestArm) -> list[GroupEvidence]:
        """What is known of the candidate in each declared group of items, by every score that a rule is on."""
        experiment = self._manifest.experiment
        found = []
        for group, items in groups_of(self._manifest.items).items():
            for name in dict.fromkeys(rule.quantity for rule in experiment.rules):
                quantity = QUANTITIES[name]
                if quantity.measured_in != "quality":
                    continue
                evidence = self.evidence(candidate, quantity, group)
                rules = [rule for rule in experiment.rules if (rule.quantity, rule.group) == (name, group)]
                rules = rules or [rule for rule in experiment.rules_on_all if rule.quantity == name]
                found.append(
                    GroupEvidence(
                        self.name,
                        candidate.name,
                        group,
                        len(items),
                        quantity,
                        evidence,
                        margins(quantity, rules, evidence.baseline_value),
                        any(rule.no_worse_than is not None for rule in rules),
                        self._item_margin(quantity),
                        experiment.measure.min_items,
                    )
                )
        return found

    def level(self, arm: ManifestArm, quantity: Quantity) -> Level:
        """An arm's own value."""
        return PASSES[quantity.measured_in].level(self._data, arm, quantity)

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

    def _quantities(self) -> list[Quantity]:
        """What this experiment compares, in the order of `QUANTITIES`."""
        return [
            quantity for quantity in QUANTITIES.values() if PASSES[quantity.measured_in].is_wanted(self._data, quantity)
        ]

    def result(self, judged: Judgements, groups: Sequence[GroupResult] = ()) -> DeviceResult:
        """All of the device, for the comparison."""
        manifest, records, data = self._manifest, self._records, self._data
        busiest = max(arm.threads for arm in manifest.arms)
        environment = environment_facts(data.telemetry, busiest) if records is not None else {}
        runner = self._facts.runner
        warnings = warned("settings", [text for arm in manifest.arms for text in asked_and_done(arm, records)])
        warnings += warned("library", library_warnings(manifest, runner))
        warnings += warned("outputs", [sentence(text) for text in (*self._doubts.all(), *self._drifts.all())])
        warnings += warned("settings", browser_warnings(manifest, records))
        if records is not None:
            warnings = (
                warned("runner", runner_warnings(runner))
                + warned("held", held_warnings(self._facts.held))
                + warned("phone state", state_warnings(self._facts.phone_states))
                + warned(
                    "conditions",
                    condition_warnings(manifest, records, self._facts.identity, data.telemetry, environment),
                )
                + warned("gates", gate_warnings(dict.fromkeys(self._failed_gates.values())))
                + warned("blocks", block_warnings(data.latency_blocks, {arm.id: arm.name for arm in manifest.arms}))
                + warned(
                    "energy",
                    energy_warnings(
                        data.energy_blocks,
                        {arm.id: arm.name for arm in manifest.arms},
                        manifest.experiment.long_pass,
                    ),
                )
                + warned("energy", self._lost_energy())
                + warned("energy", self._doubted_idle())
                + warned(
                    "sensors",
                    missing_sensors(
                        self._facts.survey_text,
                        manifest.experiment.measure.gates,
                        data.latency_blocks,
                        data.energy_blocks,
                        manifest.experiment.long_pass,
                    ),
                )
                + warnings
            )
        scores = [
            one
            for candidate in manifest.arms[1:]
            for one in item_scores(
                data.scores, candidate.name, manifest.arms[0].name, manifest.experiment.task.nouns.singular
            )
        ]
        distributions = [
            latency_distribution(
                arm.name,
                data.latency[data.latency["arm"] == arm.name],
                data.blocks[data.blocks["arm"] == arm.name],
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
                    runner.engines.get(arm.id) if runner is not None else None,
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
            groups=list(groups),
            latency=[one for one in distributions if one is not None],
            latency_item=next((item.stem for item in manifest.items if item.id == manifest.latency_item), None),
            readings=device_readings(data),
            slow_stretch=slow_stretch(data),
            courses=arm_courses(data),
            energy=self._energy_facts(),
            sustained=sustained_facts(data),
            votes=votes_on_device(data),
            stopping=latency_ending(manifest, records) if records is not None else None,
            scores=scores,
            worst=worst_lists(scores),
            score_parts=[
                one
                for candidate in manifest.arms[1:]
                for one in score_parts(manifest, data.scores, candidate.name, manifest.arms[0].name)
            ],
            environment=environment,
            warnings=warnings,
        )

    def _energy_facts(self) -> EnergyOnDevice | None:
        facts, records = self._data.energy.facts, self._records
        if facts is None or records is None:
            return facts
        ending = energy_ending(self._manifest, records, self._facts.survey_text)
        return facts.model_copy(update={"stopping": ending})

    def _lost_energy(self) -> list[str]:
        """A warning where some cycles of the energy pass have no value and others have."""
        rows = self._data.energy_rows
        rows = rows[rows["quantity"] == "energy_per_inference"]
        lost = lost_cycles(*(own for _, own in rows.groupby("arm", sort=False))) if len(rows) else None
        if lost is None or lost.count == lost.of:
            return []
        return [f"Energy: {lost.words}, and are left out."]

    def _doubted_idle(self) -> list[str]:
        """A warning where what is taken off an arm's power is not that of a cooled device."""
        doubt = self._data.energy.idle_doubt
        return [] if doubt is None else [f"Energy: {doubt}."]

    def _contrast(self, candidate: ManifestArm, quantity: Quantity, judged: Judgements) -> Contrast:
        rules = self._manifest.experiment.rules
        own = [
            (index, rule) for index, rule in enumerate(rules) if rule.quantity == quantity.name and rule.group is None
        ]
        failed = [
            f"{arm.name} failed on the way; only what was measured before is compared."
            for arm in (self._manifest.arms[0], candidate)
            if self._failures[arm.name] and quantity.measured_in != "file"
        ]
        evidence = self.evidence(candidate, quantity)
        contrast = make_contrast(
            candidate.name,
            quantity,
            evidence,
            margins(quantity, self._manifest.experiment.rules_on_all, evidence.baseline_value),
            [judged[candidate.name, index] for index, _ in own],
            failed if isinstance(evidence.effect, Paired) else [],
            self._item_margin(quantity),
        )
        noun = self._manifest.experiment.task.nouns.singular
        return said_plainly(contrast, self._manifest.arms[0].name, self._data.energy.facts, noun)

    def _item_margin(self, quantity: Quantity) -> float | None:
        """The tightest declared margin of a single item, in the unit."""
        declared = [
            rule.item_margin.difference_in(quantity.unit)
            for rule in self._manifest.experiment.rules_on_all
            if rule.quantity == quantity.name and rule.item_margin is not None
        ]
        return min(declared, default=None)

    def _rule_result(self, candidate: ManifestArm, index: int, judgement: RuleJudgement) -> RuleResult:
        rule = self._manifest.experiment.rules[index]
        quantity = QUANTITIES[rule.quantity]
        predicate = judgement.predicate
        gates = self._failed_gates.get(quantity.measured_in)
        if gates is not None and judgement.outcome != "unavailable":
            predicate += f"; {gates}"
        nouns, said = self._manifest.experiment.task.nouns, stated(quantity, predicate)
        if rule.group is not None:
            size = len(groups_of(self._manifest.items).get(rule.group, []))
            said = f"on {rule.group} ({counted(size, nouns.singular)}) {said}"
        return RuleResult(
            candidate=candidate.name,
            quantity=quantity.name,
            rule=rule_in_words(rule, quantity, nouns),
            group=rule.group,
            outcome=judgement.outcome,
            reason=sentence(said),
            doubted=judgement.doubt,
            effect_bound=judgement.effect_bound,
            own_value=judgement.own_value,
            more=more_for_rule(self._data, rule, judgement, self.evidence(candidate, quantity, rule.group)),
        )


def _seed(run_seed: int, *parts: str) -> int:
    """A seed of its own for each thing drawn, the same on every machine."""
    return int.from_bytes(hashlib.sha256("\x00".join([str(run_seed), *parts]).encode()).digest()[:8], "big")

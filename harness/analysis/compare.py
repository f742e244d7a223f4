"""From records and scores to the comparison: pure, deterministic, without a device.

The same manifest, records and scores give the same comparison, byte for byte: what is random (sign flips, bootstrap)
is seeded from the run's seed and the name of what it is drawn for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.conditions.arm_facts import arm_infos
from harness.analysis.conditions.runner_facts import mixed_runners
from harness.analysis.device_analysis import DeviceAnalysis, DeviceFacts, Judgements
from harness.analysis.evidence.quality_doubts import doubts_on
from harness.analysis.judging.judge_groups import judge_groups
from harness.analysis.judging.judge_rule import hold_together, judge_rule
from harness.analysis.judging.verdict import decide
from harness.analysis.judging.worst_items import worst_items
from harness.analysis.method import method_in_words, rules_in_words
from harness.analysis.stopping.energy_watch import read_cycles
from harness.analysis.tables.device_records import DeviceRecords, RecordsError, read_device_records
from harness.analysis.tables.energy_table import DeviceEnergy, energy_frame
from harness.analysis.tables.tables import QUALITY_COLUMNS, make_tables
from harness.documents.comparison import Comparison, warned
from harness.own_scores import own_among
from harness.quantity import QUANTITIES
from harness.tasks.item_groups import groups_of
from harness.tasks.scenes_by_name import crops_told, scenes_by_name
from harness.words.sentences import listed, sentence

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from harness.analysis.judging.judge_rule import RuleJudgement
    from harness.documents.comparison import GroupResult
    from harness.documents.manifest import Manifest
    from harness.tasks.looks import Seen

__all__ = ["DeviceFacts", "compare", "read_records"]


def read_records(devices: Mapping[str, DeviceFacts]) -> dict[str, DeviceRecords]:
    """Records of every device that has any, by name. Raises `harness.analysis.tables.device_records.RecordsError`."""
    return {
        name: read_device_records(facts.records_path)
        for name, facts in devices.items()
        if facts.records_path is not None and facts.records_path.exists()
    }


def _sound(devices: Mapping[str, DeviceFacts]) -> tuple[dict[str, DeviceFacts], dict[str, DeviceRecords]]:
    """The facts and records of every device; of one whose records cannot be understood that it failed."""
    facts, records = dict(devices), dict[str, DeviceRecords]()
    for name, known in devices.items():
        try:
            records |= read_records({name: known})
        except RecordsError as error:
            facts[name] = replace(known, records_path=None, status="failed", problem=f"{error.what}\n  {error.remedy}")
    return facts, records


def compare(
    manifest: Manifest,
    devices: Mapping[str, DeviceFacts],
    quality: pd.DataFrame | None = None,
    *,
    tables_folder: Path | None = None,
    seen: Seen | None = None,
) -> Comparison:
    """The comparison of a run.

    `devices`: name, as in the manifest → facts; a device of the manifest that is not in it counts as failed.
    `quality`: the table of `harness.analysis.tables.tables.QUALITY_COLUMNS`, None where nothing was scored.
    `seen`: what the outputs looked like when they were scored, None where nothing was looked at.
    Where `tables_folder` is given, the latency, memory and telemetry tables are written there. A device whose records
    are damaged has failed, and the others are compared.
    """
    devices, records = _sound(devices)
    tables = make_tables(manifest, records)
    energies = {device.name: _energy(manifest, device.name, devices, records) for device in manifest.devices}
    if tables_folder is not None:
        tables.write(tables_folder)
        energy_frame(list(energies.values())).to_parquet(tables_folder / "energy.parquet", index=False)
    scores = _quality_or_empty(quality)
    absent = DeviceFacts(None, None, "failed", "nothing is known of this device; run it again")
    on_devices = [
        DeviceAnalysis(
            manifest,
            device.name,
            devices.get(device.name, absent),
            records.get(device.name),
            tables,
            scores,
            energies[device.name],
            doubts_on(device.name, manifest, seen),
        )
        for device in manifest.devices
    ]
    judged, groups = _judge_rules(manifest, on_devices), _judge_groups(manifest, on_devices)
    results = [one.result(judged[one.name], groups[one.name]) for one in on_devices]
    infos = arm_infos(manifest)
    baseline = infos[0].name
    return Comparison(
        bakeoff_version=manifest.bakeoff_version,
        run_id=manifest.run_id,
        name=manifest.experiment.name,
        question=manifest.experiment.question,
        created_at=manifest.created_at,
        quick=manifest.quick,
        arms=infos,
        items=len(manifest.items),
        item_noun=manifest.experiment.task.nouns.singular,
        gallery_has_pictures=manifest.experiment.task.shows_pictures,
        clusters=len({item.scene for item in manifest.items})
        if manifest.experiment.data.scene_separator is not None
        else None,
        item_groups=groups_of(manifest.items),
        verdicts=[
            decide(
                info.name,
                baseline,
                results,
                manifest.experiment.rules,
                _look_at(scores, [device.name for device in manifest.devices], info.name, baseline),
                quick=manifest.quick,
                nouns=manifest.experiment.task.nouns,
            )
            for info in infos[1:]
        ],
        devices=results,
        floor=seen.floor if seen is not None else None,
        rules=rules_in_words(manifest),
        method=[
            *method_in_words(manifest, by_launch=_had_launches(manifest, records)),
            *(seen.notes if seen is not None else ()),
        ],
        warnings=[*warned("design", _run_warnings(manifest)), *warned("runner", mixed_runners(results))],
        own_scores=own_among(manifest.experiment.score_names),
    )


def _had_launches(manifest: Manifest, records: Mapping[str, DeviceRecords]) -> bool:
    """Runs of before there were launches say nothing of them."""
    blocks = [block for one in records.values() for block in one.blocks]
    return blocks[0].launch is not None if blocks else len(manifest.experiment.measure.launch_sizes) > 1


def _energy(
    manifest: Manifest, name: str, devices: Mapping[str, DeviceFacts], records: Mapping[str, DeviceRecords]
) -> DeviceEnergy:
    facts = devices.get(name)
    return read_cycles(manifest, name, records.get(name), facts.survey_text if facts is not None else None)


def _judge_rules(manifest: Manifest, on_devices: list[DeviceAnalysis]) -> dict[str, Judgements]:
    """Every rule for every candidate on every device, held together over devices. Device → judgements."""
    judged: dict[str, Judgements] = {one.name: {} for one in on_devices}
    for candidate in manifest.arms[1:]:
        of_groups: dict[tuple[str, int], RuleJudgement] = {}
        for index, rule in enumerate(manifest.experiment.rules):
            quantity = QUANTITIES[rule.quantity]
            alone = {
                one.name: judge_rule(rule, quantity, one.evidence(candidate, quantity, rule.group))
                for one in on_devices
            }
            if rule.group is not None:
                of_groups |= {(device, index): judgement for device, judgement in alone.items()}
                continue
            for device, judgement in hold_together(alone, "devices").items():
                judged[device][candidate.name, index] = judgement
        # Whoever asks about ten groups finds one broken by chance: they are held together, over devices too.
        for (device, index), judgement in hold_together(of_groups, "rules on groups").items():
            judged[device][candidate.name, index] = judgement
    return judged


def _judge_groups(manifest: Manifest, on_devices: list[DeviceAnalysis]) -> dict[str, list[GroupResult]]:
    """Device → every candidate in every declared group of items, held together over groups and devices."""
    judged: dict[str, list[GroupResult]] = {one.name: [] for one in on_devices}
    for candidate in manifest.arms[1:]:
        found = [each for one in on_devices for each in one.group_evidence(candidate)]
        for evidence, result in zip(found, judge_groups(found), strict=True):
            judged[evidence.device].append(result)
    return judged


def _quality_or_empty(quality: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    if quality is None:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in QUALITY_COLUMNS}).astype(
            {"value": "float64"}
        )
    missing = [column for column in QUALITY_COLUMNS if column not in quality.columns]
    if missing:
        msg = f"the quality table has no column {listed(missing)}"
        raise ValueError(msg)
    return quality


def _look_at(scores: pd.DataFrame, devices: list[str], candidate: str, baseline: str) -> list[str]:
    """The worst items of each device, each once."""
    found = [one.item for device in devices for one in worst_items(scores, device, candidate, baseline)]
    return list(dict.fromkeys(found))[:5]


def _run_warnings(manifest: Manifest) -> list[str]:
    warnings = []
    if manifest.quick:
        warnings.append("Quick run: fewer pairs than the experiment asks for. Good for a look, not for a decision.")
    experiment = manifest.experiment
    if experiment.measure.metrics and experiment.data.scene_separator is None:
        told = crops_told(scenes_by_name([item.stem for item in manifest.items]), experiment.task.nouns.plural)
        warnings += [sentence(told)] if told is not None else []
    for info in arm_infos(manifest)[1:]:
        if len(info.differs_in) > 1:
            warnings.append(
                f"{info.name} differs from {manifest.arms[0].name} in {listed(info.differs_in)}: what each of "
                "them does cannot be told apart."
            )
        if not info.differs_in:
            warnings.append(
                f"{info.name} is the same as {manifest.arms[0].name} in everything: this run shows what "
                "chance alone does."
            )
    return warnings

"""The comparison as runs of MLflow: one for the whole, and below it one for each arm on each device.

An arm's run has what was set as its parameters and what was measured as its metrics, in the stored units (nanoseconds,
bytes, dB), so that MLflow's own tables set arms and devices side by side; a candidate's has its effects too. What is
unavailable is no metric.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from harness.documents.comparison import ArmInfo, ArmOnDevice, Comparison, DeviceResult, Effect
from harness.quantity import Available
from reports import format as fmt
from reports.inert_text import inert

RUN_TAG: Final = "bakeoff.run_id"
"""The tag by which a run that is there already is found."""
_MOST_VALUE_CHARACTERS: Final = 500
_MOST_NAME_CHARACTERS: Final = 120
_NO_KEY: Final = re.compile(r"[^\w\-. /]")
"""What MLflow takes in no name of a parameter or a metric."""


@dataclass(frozen=True)
class MlflowRun:
    """A run as it is written. `is_whole` where it failed on the way, it is `FAILED` for MLflow."""

    name: str
    is_whole: bool
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


def whole_run(comparison: Comparison) -> MlflowRun:
    """That of the comparison: its question and verdicts as tags."""
    tags = {
        RUN_TAG: comparison.run_id,
        "bakeoff.version": comparison.bakeoff_version,
        "bakeoff.question": comparison.question,
    }
    tags |= {"bakeoff.quick": "yes"} if comparison.quick else {}
    for verdict in comparison.verdicts:
        tags[f"verdict of {verdict.candidate}"] = verdict.decision
    tags["mlflow.note.content"] = "\n\n".join(
        f"{fmt.decision_in_words(verdict)}: {verdict.sentence}" for verdict in comparison.verdicts
    )
    params = {"items": str(comparison.items)} | {
        f"rule {place}": rule for place, rule in enumerate(comparison.rules, 1)
    }
    is_whole = all(device.status == "complete" for device in comparison.devices)
    return MlflowRun(_text(comparison.name), is_whole, _texts(tags), _texts(params))


def arm_runs(comparison: Comparison) -> list[MlflowRun]:
    """Those of the arms, device by device."""
    infos = {info.name: info for info in comparison.arms}
    return [_arm_run(device, arm, infos.get(arm.arm)) for device in comparison.devices for arm in device.arms]


def _arm_run(device: DeviceResult, arm: ArmOnDevice, info: ArmInfo | None) -> MlflowRun:
    tags = {
        "bakeoff.device": device.shown_name,
        "bakeoff.arm": arm.arm,
        "bakeoff.role": info.role if info else "unknown",
    }
    tags |= {"bakeoff.failures": "; ".join(arm.failures)} if arm.failures else {}
    params = {"device": device.shown_name, "arm": arm.arm}
    if info is not None:
        params |= {"model": info.model_file, "model_sha256": info.model_sha256, "format": info.format}
    settings = {"runtime": arm.runtime, "runtime_version": arm.runtime_version, "accelerator": arm.accelerator}
    settings |= {
        "threads": None if arm.threads is None else str(arm.threads),
        "cores": arm.cores,
        "delegated": arm.delegated,
    }
    params |= {name: value for name, value in settings.items() if value is not None}
    metrics = {name: value.value for name, value in arm.values.items() if isinstance(value, Available)}
    for contrast in device.contrasts:
        if contrast.candidate != arm.arm:
            continue
        tags[f"outcome of {contrast.quantity}"] = contrast.outcome
        if isinstance(contrast.effect, Effect):
            metrics[f"{contrast.quantity} {contrast.effect.scale}"] = contrast.effect.estimate
            if contrast.effect.interval is not None:
                metrics[f"{contrast.quantity} {contrast.effect.scale} low"] = contrast.effect.interval.low
                metrics[f"{contrast.quantity} {contrast.effect.scale} high"] = contrast.effect.interval.high
    for rule in device.rules:
        if rule.candidate == arm.arm:
            tags[f"rule on {rule.quantity} {rule.rule}"] = rule.outcome
    finite = {_key(name): value for name, value in metrics.items() if math.isfinite(value)}
    return MlflowRun(
        _text(f"{arm.arm} on {device.shown_name}"), arm.status == "ok", _texts(tags), _texts(params), finite
    )


def _texts(pairs: dict[str, str]) -> dict[str, str]:
    return {_key(name): _text(value) for name, value in pairs.items()}


def _text(text: str) -> str:
    return inert(text)[:_MOST_VALUE_CHARACTERS]


def _key(name: str) -> str:
    # MLflow takes no name that is not its own shortest path: neither `a//b` nor `../a`.
    kept = _NO_KEY.sub("_", inert(name)).replace("/", "_").strip(". ")
    return kept[:_MOST_NAME_CHARACTERS] or "unnamed"

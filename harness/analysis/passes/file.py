"""The model's file: nothing to be measured, and so nothing to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.conditions.arm_facts import last_load
from harness.analysis.conditions.browser_facts import engine_download
from harness.analysis.evidence.evidence import Level
from harness.analysis.evidence.process_evidence import size_effect, size_level
from harness.analysis.passes.analysed_pass import AnalysedPass
from harness.documents.comparison import NoEffect
from harness.quantity import Unavailable

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Paired
    from harness.analysis.passes.device_data import DeviceData
    from harness.documents.manifest import ManifestArm
    from harness.quantity import Quantity


_DOWNLOAD = "download_size"


def _level(data: DeviceData, arm: ManifestArm, quantity: Quantity) -> Level:
    if quantity.name != _DOWNLOAD:
        return size_level(quantity, arm.model_bytes)
    size = _download(data, arm)
    return Level(Unavailable(reason=size), None) if isinstance(size, str) else size_level(quantity, size)


def _effect(data: DeviceData, candidate: ManifestArm, quantity: Quantity, _seed: int) -> Paired | NoEffect:
    if quantity.name != _DOWNLOAD:
        return size_effect(data.baseline.model_bytes, candidate.model_bytes)
    sizes = [_download(data, arm) for arm in (data.baseline, candidate)]
    why = next((size for size in sizes if isinstance(size, str)), None)
    known = [size for size in sizes if not isinstance(size, str)]
    return NoEffect(reason=why) if why is not None else size_effect(known[0], known[1])


def _download(data: DeviceData, arm: ManifestArm) -> int | str:
    """Bytes, gzipped; or why there are none."""
    engine = data.runner.engines.get(arm.id) if data.runner is not None else None
    if engine is None:
        return f"{arm.name} runs in no web page"
    loaded = last_load(arm, data.records)
    served = engine_download(loaded.settings, engine) if loaded is not None else None
    if served is None or engine.model_gzip_bytes is None:
        return f"{arm.name} loaded no engine"
    return served + engine.model_gzip_bytes


def _is_wanted(data: DeviceData, quantity: Quantity) -> bool:
    """Of a download where an arm has one, or a rule asks about it."""
    if not quantity.told_by_few:
        return True
    is_ruled = any(rule.quantity == quantity.name for rule in data.manifest.experiment.rules)
    return is_ruled or (data.runner is not None and bool(data.runner.engines))


FILE = AnalysedPass(
    name="file",
    level=_level,
    effect=_effect,
    is_wanted=_is_wanted,
    failed_gates=lambda _data: None,
)

"""What an arm ran in where that was a browser: which one, on which GPU, how well apart from others, what had to be
downloaded and started; and what of that undermines its numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.browsers import settings_names as names
from harness.models.static_copy import sizes_in_words
from harness.tasks.looks import Doubts
from harness.words.sentences import listed
from harness.words.values import size_and_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.manifest import Manifest, ManifestArm
    from harness.documents.records import ArmLoaded, EnergyBlock, LatencyBlock
    from harness.documents.runner_record import EngineRecord

TOLD_IN_SENTENCES: Final = names.ALL - {
    *(names.PROVIDERS_ASKED, names.ACCELERATOR_GOT, names.WASM_THREADS, names.WEBGL_BACKEND, names.JSPI),
    *(names.AFFINITY, names.SANDBOX, names.BROWSER_FLAGS),
}
"""Settings that `browser_facts` tells; the others stand under their own names."""
NOTABLE_DRIFT: Final = 1e-4
"""Outputs of the same input that differ by a smaller share of their tensor's largest magnitude do so by rounding in
another order.
"""
_DRIFT: Final = re.compile(
    rf"{names.OUTPUT_DRIFT_NOTE}: .* by (?:up to ([0-9.eE+-]{{1,30}}) of the largest value|what is no number)"
)


def browser_facts(arm: ManifestArm, loaded: ArmLoaded | None, engine: EngineRecord | None) -> dict[str, str]:
    """Heading → text, for people; empty for an arm that ran in no browser."""
    if engine is None and loaded is None:
        return {}
    said = loaded.settings if loaded is not None else {}
    facts = {}
    if loaded is not None and names.USER_AGENT in said:
        facts["Browser"] = f"{loaded.interpreter} ({said[names.USER_AGENT]})"
    elif engine is not None:
        facts["Browser"] = f"{engine.browser_product}, which never reported itself"
    else:
        return {}
    facts |= _graphics(said) | _page(said) | _downloads(arm, said, engine) | _starting(said)
    if engine is not None:
        facts["Engine"] = "; ".join(
            f"{each.name} {each.version} from {each.source}"
            + (f", archive SHA-256 {each.archive_sha256}" if each.archive_sha256 else "")
            for each in engine.packages
        )
    if arm.static_copy is not None:
        facts["Model given"] = (
            f"a copy of the model with its input fixed at {sizes_in_words(arm.static_copy.shapes)}, since this engine"
            f" takes no free sizes: SHA-256 {arm.static_copy.sha256}"
        )
    return facts


def _graphics(said: dict[str, str]) -> dict[str, str]:
    named = [said[each] for each in _GPU_NAMES if said.get(each)]
    if names.SOFTWARE_RENDERER not in said:
        return {}
    kind = {
        "yes": "a software renderer: a program on the processor, no GPU",
        "no": "as the browser says, no software renderer",
    }.get(said[names.SOFTWARE_RENDERER], "whether it is a software renderer, the browser does not say")
    half = {"yes": "; 16-bit floats", "no": "; no 16-bit floats"}.get(said.get(names.SHADER_F16, ""), "")
    return {"GPU": f"{' '.join(dict.fromkeys(named)) or 'unnamed'} ({kind}{half})"}


_GPU_NAMES: Final = (names.GPU_VENDOR, names.GPU_ARCHITECTURE, names.GPU_DEVICE, names.GPU_DESCRIPTION)


def _page(said: dict[str, str]) -> dict[str, str]:
    isolated = {"yes": "cross-origin isolated", "no": "not cross-origin isolated"}.get(
        said.get(names.CROSS_ORIGIN_ISOLATED, ""), "cross-origin isolation unknown"
    )
    parts = [isolated]
    own = said.get(names.SITE_ISOLATED, "")
    if own == "yes":
        parts.append("in a process of its own")
    elif own:
        parts.append(f"in a process of its own: {own}")
    step = _number(said.get(names.CLOCK_STEP_NS))
    if step is not None:
        parts.append(f"its clock steps by {step / 1e3:g} µs")
    if names.HEADLESS in said:
        parts.append(f"headless: {said[names.HEADLESS]}")
    return {"Page": "; ".join(parts)}


def _downloads(arm: ManifestArm, said: dict[str, str], engine: EngineRecord | None) -> dict[str, str]:
    parts = []
    plain = _number(said.get(names.ENGINE_BYTES))
    if plain is not None:
        packed = engine_download(said, engine)
        parts.append(f"engine {_size(plain)}" + (f" ({_size(packed)} gzipped)" if packed is not None else ""))
    model = arm.model_bytes if arm.static_copy is None else arm.static_copy.bytes
    packed = engine.model_gzip_bytes if engine is not None else None
    parts.append(f"model {_size(model)}" + (f" ({_size(packed)} gzipped)" if packed is not None else ""))
    return {"To download": ", ".join(parts)}


def engine_download(said: dict[str, str], engine: EngineRecord | None) -> int | None:
    """Bytes, gzipped, of the engine's files that a frame was served; None where that is not known."""
    if engine is None or names.ENGINE_FILES not in said:
        return None
    served = said[names.ENGINE_FILES].split(", ")
    sizes = [engine.gzip_bytes.get(name) for name in served]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _starting(said: dict[str, str]) -> dict[str, str]:
    parts = []
    for name, what in ((names.ENGINE_START_NS, "engine"), (names.SESSION_NS, "session of the model")):
        took = _number(said.get(name))
        if took is not None:
            parts.append(f"{what} {took / 1e6:,.1f} ms")
    return {"Last start": ", ".join(parts)} if parts else {}


def _size(count: float) -> str:
    return " ".join(size_and_unit(count))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,16}", text) else None


def engine_start_ns(loaded: ArmLoaded | None) -> int | None:
    """How long an arm's engine took to be ready for a model; None where the arm has none of a page."""
    return None if loaded is None else _number(loaded.settings.get(names.ENGINE_START_NS))


def session_creation_ns(loaded: ArmLoaded) -> int | None:
    """How long an arm's session took to be ready for inputs; None where the arm has none of a page."""
    return _number(loaded.settings.get(names.SESSION_NS))


def software_renderers(manifest: Manifest, records: DeviceRecords | None) -> Doubts:
    """Suspicions about the times of arms whose GPU was a program."""
    if manifest.experiment.measure.allow_software_renderer:
        return Doubts()
    suspicions = {}
    for arm in manifest.arms:
        told = software_renderer(arm, records)
        if told is not None:
            suspicions[arm.name] = [
                f"{told}, and its times are no GPU's (measure.allow_software_renderer = true lets them decide)"
            ]
    return Doubts(suspicions=suspicions)


def software_renderer(arm: ManifestArm, records: DeviceRecords | None) -> str | None:
    """Such as `WebGPU ran on a software renderer (google swiftshader)`; None where it did not, or nobody knows."""
    for loaded in reversed(_loads(arm, records)):
        if loaded.settings.get(names.SOFTWARE_RENDERER) == "yes":
            named = [loaded.settings[each] for each in _GPU_NAMES if loaded.settings.get(each)]
            gpu = " ".join(dict.fromkeys(named))[:100] or "without a name"
            return f"{arm.name} ran on a software renderer ({gpu})"
    return None


def output_drifts(manifest: Manifest, records: DeviceRecords | None) -> Doubts:
    """Doubts about arms whose last outputs of a block were not those of the first inference of the same input: some
    GPUs are right once only (google-ai-edge/LiteRT#8065).
    """
    doubts = {}
    for arm in manifest.arms:
        found = _drift(arm, records)
        if found is not None:
            doubts[arm.name] = [
                f"{arm.name} put out something else the more often it ran: the last outputs of a block differ from the"
                f" first inference's {found}, of the same input"
            ]
    return Doubts(doubts=doubts)


def _drift(arm: ManifestArm, records: DeviceRecords | None) -> str | None:
    if records is None:
        return None
    timed: list[LatencyBlock | EnergyBlock] = [*records.blocks, *records.energy]
    notes = [note for record in timed if record.arm == arm.id for note in record.notes]
    largest = 0.0
    for note in notes:
        found = _DRIFT.fullmatch(note)
        if found is None:
            continue
        if found[1] is None:
            return "by what is no number"
        try:
            largest = max(largest, float(found[1]))
        except ValueError:
            continue
    return f"by up to {largest:.3g} of the largest value" if largest > NOTABLE_DRIFT else None


def clock_step_of_pages(manifest: Manifest, records: DeviceRecords | None) -> float:
    """The coarsest step of the clocks of pages, in ns; 0 where no arm ran in one."""
    steps = [
        step
        for arm in manifest.arms
        for loaded in _loads(arm, records)[-1:]
        if (step := _number(loaded.settings.get(names.CLOCK_STEP_NS))) is not None
    ]
    return float(np.max(steps)) if steps else 0.0


def browser_warnings(manifest: Manifest, records: DeviceRecords | None) -> list[str]:
    """What a reader should know of arms that ran in a browser, beside what undermines a rule."""
    warnings = []
    for arm in manifest.arms:
        told = software_renderer(arm, records)
        if told is not None:
            warnings.append(f"{told}: a program on the processor. Nothing of its speed holds for a GPU.")
    shared = [arm.name for arm in manifest.arms if _shares_a_process(arm, records)]
    if shared:
        warnings.append(
            f"{listed(shared)} shared a process of the browser with others: memory and pauses of one may be another's."
        )
    return warnings


def _shares_a_process(arm: ManifestArm, records: DeviceRecords | None) -> bool:
    return any(loaded.settings.get(names.SITE_ISOLATED, "").startswith("no") for loaded in _loads(arm, records))


def _loads(arm: ManifestArm, records: DeviceRecords | None) -> Sequence[ArmLoaded]:
    return [one for one in records.loaded if one.arm == arm.id] if records is not None else []

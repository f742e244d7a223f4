"""What one arm did on one device: status, runtime, delegation, own values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from devices.runtimes.registry import runs_in_a_page
from devices.runtimes.spec import ON_THE_PROCESSOR
from harness.analysis.conditions.browser_facts import TOLD_IN_SENTENCES, browser_facts
from harness.documents.comparison import ArmInfo, ArmOnDevice
from harness.quantity import QUANTITIES
from harness.tasks.registry import DEFAULT_NOUNS
from harness.words.sentences import cores_in_words, counted, sentence

if TYPE_CHECKING:
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.manifest import Manifest, ManifestArm
    from harness.documents.records import ArmLoaded
    from harness.documents.runner_record import EngineRecord
    from harness.quantity import Measured
    from harness.tasks.nouns import Nouns

_STAGES = {
    "start": "could not be started",
    "load": "could not be loaded",
    "quality": "failed on {item}",
    "warm_up": "failed while warming up",
    "latency": "failed while its latency was measured",
    "memory": "failed while its memory was measured",
    "energy": "failed in a long block",
    "page": "failed while its page animated",
    "soak": "failed while it was soaked",
}

_SHORT_CHARACTERS, _SAME_CHARACTERS = 160, 60
_OF_STDERR = " | stderr: "
"""Between a failure's message and the end of what its process wrote, as the runners join them."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def arm_infos(manifest: Manifest) -> list[ArmInfo]:
    """The arms as declared, the baseline first, and in what each candidate differs from it."""
    baseline = manifest.arms[0]
    return [
        ArmInfo(
            name=arm.name,
            role=arm.role,
            model_file=arm.model_path.replace("\\", "/").rsplit("/", 1)[-1],
            model_sha256=arm.model_sha256,
            model_bytes=arm.model_bytes,
            format=arm.format,
            runtime=arm.runtime,
            runtime_version=arm.runtime_version,
            accelerator=arm.accelerator,
            accelerator_options=arm.accelerator_options,
            cores=None if arm.cores is None else cores_in_words(arm.cores),
            threads=arm.threads,
            differs_in=[] if arm is baseline else _differences(manifest, baseline, arm),
        )
        for arm in manifest.arms
    ]


def _differences(manifest: Manifest, baseline: ManifestArm, arm: ManifestArm) -> list[str]:
    tensors = {declared.name: declared.tensor for declared in manifest.experiment.arms}
    factors = {
        "model": arm.model_sha256 != baseline.model_sha256,
        "runtime": arm.runtime != baseline.runtime,
        "runtime version": arm.runtime == baseline.runtime and arm.runtime_version != baseline.runtime_version,
        "accelerator": arm.accelerator != baseline.accelerator,
        "accelerator options": arm.accelerator_options != baseline.accelerator_options,
        "threads": arm.threads != baseline.threads,
        "cores": arm.cores != baseline.cores,
        "browser": arm.browser != baseline.browser and runs_in_a_page(arm.runtime) and runs_in_a_page(baseline.runtime),
        "tensor": manifest.experiment.task.tensor_is_a_factor and tensors.get(arm.name) != tensors.get(baseline.name),
    }
    return [factor for factor, differs in factors.items() if differs]


def failures_of(
    arm: ManifestArm, records: DeviceRecords | None, problem: str | None, nouns: Nouns = DEFAULT_NOUNS
) -> list[str]:
    """Sentences of how the arm failed; `problem` is what kept the host from even starting it."""
    failures = [] if problem is None else [sentence(f"could not be prepared ({problem.rstrip('.')})")]
    for failed in records.failed if records is not None else []:
        if failed.arm == arm.id:
            message = _said_once(failed.message)
            detail = f"{failed.error}: {message}" if message else failed.error
            failures.append(sentence(f"{_STAGES[failed.stage].format(item=nouns.one)} ({detail})"))
    return failures


def in_short(failure: str, *, detail_characters: int) -> str:
    """A failure as a headline tells it: a long detail (what is in its bracket) is cut, or left out at 0."""
    what, bracket, detail = failure.partition(" (")
    if len(failure) <= _SHORT_CHARACTERS or not bracket:
        return failure
    if not detail_characters:
        return f"{what}."
    begin = detail[:detail_characters].rpartition(" ")[0] or detail[:detail_characters]
    return f"{what} ({begin}…)."


def _said_once(message: str) -> str:
    """Without colours, and without the end of stderr where a runtime says there at length what its error says already.
    A short message may be anywhere in it, and the reason beside it.
    """
    said, mark, stderr = _COLOURS.sub("", message).partition(_OF_STDERR)
    end = said.strip()[-_SAME_CHARACTERS:]
    return said if not mark or (len(end) == _SAME_CHARACTERS and end in stderr) else f"{said}{mark}{stderr}"


def source_of(arm: ManifestArm, records: DeviceRecords | None) -> str:
    """The end of a source: `, python runner, onnxruntime 1.32.0`, as the device itself said."""
    if records is None or not records.started:
        return ""
    loaded = last_load(arm, records)
    runtime = f"{loaded.runtime} {loaded.runtime_version}" if loaded else f"{arm.runtime} {arm.runtime_version}"
    return f", {records.started[-1].runner} runner, {runtime}"


def last_load(arm: ManifestArm, records: DeviceRecords | None) -> ArmLoaded | None:
    """The last time the arm was loaded."""
    return next((one for one in reversed(records.loaded) if one.arm == arm.id), None) if records is not None else None


def arm_on_device(
    arm: ManifestArm,
    records: DeviceRecords | None,
    failures: list[str],
    values: Mapping[str, Measured],
    library: str | None = None,
    engine: EngineRecord | None = None,
) -> ArmOnDevice:
    """The facts of one arm. Failed with nothing measured is `failed`, failed on the way `partial`."""
    loaded = last_load(arm, records)
    browser = browser_facts(arm, loaded, engine)
    measured = any(
        value.kind == "available" and QUANTITIES[name].measured_in != "file"  # it needs no device
        for name, value in values.items()
    )
    return ArmOnDevice(
        arm=arm.name,
        status=("partial" if measured else "failed") if failures else "ok",
        failures=failures,
        runtime=loaded.runtime if loaded else None,
        runtime_version=loaded.runtime_version if loaded else None,
        accelerator=loaded.accelerator if loaded else None,
        threads=loaded.threads if loaded else None,
        cores=None if loaded is None or loaded.cores is None else cores_in_words(loaded.cores),
        delegated=_delegated(loaded),
        settings={
            name: text
            for name, text in (loaded.settings if loaded else {}).items()
            if not browser or name not in TOLD_IN_SENTENCES
        },
        library=library,
        browser=browser,
        values=dict(values),
    )


def asked_and_done(arm: ManifestArm, records: DeviceRecords | None) -> list[str]:
    """Warnings where the device did something else than was asked."""
    loaded = last_load(arm, records)
    if loaded is None:
        return []
    warnings = []
    for what, asked, done in (
        ("runtime", arm.runtime, loaded.runtime),
        ("runtime version", arm.runtime_version, loaded.runtime_version),
        ("accelerator", arm.accelerator, loaded.accelerator),
        ("threads", arm.threads, loaded.threads),
    ):
        if asked != done:
            warnings.append(f"{arm.name} asked for {what} {asked} and ran with {done}.")
    if loaded.accelerator not in ON_THE_PROCESSOR and loaded.accelerator == arm.accelerator:
        warnings += _fallback_warnings(arm.name, loaded)
    if loaded.cores_asked is not None and loaded.cores != loaded.cores_asked:
        got = "cores that the device does not name" if loaded.cores is None else f"core {cores_in_words(loaded.cores)}"
        warnings.append(
            f"{arm.name} asked for core {cores_in_words(loaded.cores_asked)} and ran on {got}: its times may be those "
            "of other cores than meant."
        )
    return warnings


def not_as_asked(arm: ManifestArm, records: DeviceRecords | None) -> str | None:
    """What was measured in place of the arm that was asked for: neither its speed nor its memory is the arm's own.

    A part of a graph that the CPU takes is how that arm runs there, and no reason to doubt it.
    """
    loaded = last_load(arm, records)
    if loaded is None:
        return None
    is_alone = arm.accelerator not in ON_THE_PROCESSOR and loaded.delegated_nodes == 0
    cores = loaded.cores_asked if loaded.cores is None else loaded.cores
    was_and_asked = [
        (f"in {loaded.runtime} {loaded.runtime_version}", f"in {arm.runtime} {arm.runtime_version}"),
        (f"on {loaded.accelerator}", f"on {arm.accelerator}"),
        ("on the CPU alone" if is_alone else f"on {arm.accelerator}", f"on {arm.accelerator}"),
        (f"with {counted(loaded.threads, 'thread')}", f"with {counted(arm.threads, 'thread')}"),
        (f"on core {cores_in_words(cores or [])}", f"on core {cores_in_words(loaded.cores_asked or [])}"),
    ]
    return next(
        (f"{arm.name} ran {was} and not, as asked, {asked}" for was, asked in was_and_asked if was != asked), None
    )


def _fallback_warnings(name: str, loaded: ArmLoaded) -> list[str]:
    """What the CPU did in the accelerator's stead, for a reader who knows neither graphs nor delegates."""
    accelerator, taken, total = loaded.accelerator, loaded.delegated_nodes, loaded.total_nodes
    if taken is not None and total is not None:
        if taken == 0:
            return [
                f"{name} asked for {accelerator} and ran on the CPU alone: {accelerator} took none of its {total} "
                f"nodes. This is not a measurement of {accelerator}."
            ]
        if taken < total:
            return [f"{name} ran {taken} of {total} nodes on {accelerator}; the rest fell back to the CPU."]
        return []
    if loaded.wholly_delegated is None:
        return [f"How much of {name} ran on {accelerator} is unknown: the runtime does not say."]
    if not loaded.wholly_delegated:
        return [
            f"{name} did not run wholly on {accelerator}: a part of it, or all of it, fell back to the CPU. How much, "
            "the runtime does not say."
        ]
    return []


def _delegated(loaded: ArmLoaded | None) -> str | None:
    if loaded is None:
        return None
    if loaded.delegated_nodes is not None and loaded.total_nodes is not None:
        return f"{loaded.delegated_nodes} of {loaded.total_nodes} nodes"
    if loaded.wholly_delegated is None:
        return None
    return "the whole model" if loaded.wholly_delegated else "not the whole model"

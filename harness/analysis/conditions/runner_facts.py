"""Which runner measured a device, from where its libraries were, and what about that a reader should know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.words.sentences import listed

if TYPE_CHECKING:
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.documents.comparison import DeviceResult
    from harness.documents.manifest import Manifest, ManifestArm
    from harness.documents.runner_record import RunnerRecord


def runner_name(runner: RunnerRecord | None, records: DeviceRecords | None) -> str | None:
    """Such as `native runner`; of a run without a runner.json as the runner itself said."""
    if runner is not None:
        return runner.name
    return f"{records.started[-1].runner} runner" if records is not None and records.started else None


def library_of(arm: ManifestArm, runner: RunnerRecord | None) -> str | None:
    """An arm's shared library in words; None for the python runner."""
    library = runner.libraries.get(arm.id) if runner is not None else None
    return None if library is None else f"{library.file}, SHA-256 {library.sha256}, from {library.source}"


def runner_warnings(runner: RunnerRecord | None) -> list[str]:
    """A device that was measured on a libc that is not its own."""
    if runner is None or not runner.portable:
        return []
    return [
        "This device has no C library that our builds fit, so one was pushed along: CPU only, and a build for the "
        "device's own system may be faster or slower."
    ]


def library_warnings(manifest: Manifest, runner: RunnerRecord | None) -> list[str]:
    """Libraries that are not what they were under the same name."""
    if runner is None:
        return []
    names = {arm.id: arm.name for arm in manifest.arms}
    return [
        f"The runtime's library of {names.get(arm, arm)} is {library.note}."
        for arm, library in runner.libraries.items()
        if library.note
    ]


def mixed_runners(devices: Sequence[DeviceResult]) -> list[str]:
    """Devices of one run that were measured by different runners."""
    by_runner: dict[str, list[str]] = {}
    for device in devices:
        if device.runner is not None:
            by_runner.setdefault(device.runner, []).append(device.shown_name)
    if len(by_runner) < 2:
        return []
    who = [f"{runner} on {listed(names)}" for runner, names in by_runner.items()]
    return [
        f"Devices were measured by different runners ({'; '.join(who)}). Arms on one device compare as ever; latency "
        "and memory of one device against another's do not. Name one with --runner for that."
    ]

"""What is there of the devices that a suite names, and what should be and is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from devices.adb.address import ALL, PREFIX
from devices.errors import DeviceError
from harness.runs.preparing.distinct_phones import distinct_phones, open_asked

if TYPE_CHECKING:
    from harness.documents.nightly import Nightly
    from harness.nightly.suite import Suite, SuiteExperiment
    from harness.runs.preparing.distinct_phones import AskedDevice
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

NIGHTS_EXPECTED: Final = 7
"""A phone that `adb:*` found in one of so many nights before is missing where it is not attached."""


@dataclass(frozen=True)
class FoundDevices:
    """The devices of a night."""

    named: list[str]
    """Those that the suite names one by one, whether they answer or not."""
    phones: list[str]
    """Further phones that are attached, for `adb:*`."""
    missing: dict[str, str] = field(default_factory=dict)
    """Name → why it cannot be measured, for phones that should be attached; `adb:*` itself where none ever was."""

    def of(self, experiment: SuiteExperiment, suite: Suite) -> list[str]:
        """The devices that an experiment is measured on, or should be."""
        asked = experiment.devices or suite.devices
        found: list[str] = []
        for name in asked:
            if name == ALL:
                found += [*self.phones, *(each for each in self.missing if each not in self.named)]
            found += [name] if name != ALL else []
        return list(dict.fromkeys(found))


def find_devices(suite: Suite, earlier: Sequence[Nightly], progress: Progress, stop: StopRequest) -> FoundDevices:
    """`earlier`: the nights before, the newest first. Raises `UserError` for a phone that is named twice."""
    named = [name for name in suite.devices if name != ALL]
    asked = open_asked(named)
    why: str | None = None
    if ALL in suite.devices:
        try:
            asked += [each for each in open_asked([ALL]) if each.device.name not in named]
        except DeviceError as error:
            why = str(error)
    kept = _distinct(asked, progress, stop)
    phones = [name for name in kept if name not in named]
    missing: dict[str, str] = {}
    if ALL in suite.devices:
        attached = {each.device.name for each in asked}
        for name in _expected(earlier):
            if name not in attached and name not in named:
                missing[name] = why or "is not attached tonight, and was in one of the nights before"
        if why is not None and not missing:
            missing[ALL] = why
    return FoundDevices(named, phones, missing)


def _distinct(asked: list[AskedDevice], progress: Progress, stop: StopRequest) -> list[str]:
    try:
        return [device.name for device in distinct_phones(asked, progress, stop)]
    finally:
        for each in asked:
            each.device.close()


def _expected(earlier: Iterable[Nightly]) -> list[str]:
    nights = list(earlier)[:NIGHTS_EXPECTED]
    measured = [job.device for night in nights for job in night.jobs if job.status in {"measured", "partly"}]
    return sorted({name for name in measured if name.startswith(PREFIX)})

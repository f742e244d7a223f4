"""Devices that keep failing are let alone, until two equal builds look equal there again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from harness.commands.examine import examine
from harness.doctor.calibration_experiment import CalibrationModel
from harness.nightly.device_lock import device_lock
from harness.nightly.state import DeviceOfNight
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.nightly import Nightly
    from harness.history.store import History

CHECK_MINUTES: Final = 1.0
_FAILURES: Final = {"failed", "missing"}
_GIVEN: Final = {"measured", "partly"}


def check_quarantined(night: Night, history: History, device: str) -> DeviceOfNight:
    """Whether a device may be measured: one in quarantine is where an A/A of a minute passes, and is let back.

    Raises `HistoryError`.
    """
    kept_out = history.quarantine(device)
    if kept_out is None:
        return DeviceOfNight()
    why = f"in quarantine since {kept_out.since:%Y-%m-%d}: {kept_out.reason}"
    problem = _tried(night, device, why)
    if problem is not None:
        return DeviceOfNight(
            status="quarantined", reason=f"{why}. Two equal builds were to show tonight that it is mended: {problem}"
        )
    history.release(device)
    return DeviceOfNight(status="let back", reason=f"was {why}; two equal builds looked equal tonight")


def _tried(night: Night, device: str, why: str) -> str | None:
    """What is in the way of letting a device back; None where nothing is."""
    if not night.budget.fits(2.0 * 60.0 * CHECK_MINUTES):
        return "there was no time to measure them"
    with device_lock(device, lambda _seconds: False, lambda: None) as had:
        if not had:
            return "another night was at work there"
        night.progress.say(device, f"{why}; trying two equal builds")
        return aa_problem(night, device)


def aa_problem(night: Night, device: str) -> str | None:
    """Why two equal builds did not look equal on a device; None where they did."""
    examined = examine(device, CalibrationModel(), CHECK_MINUTES, night.progress)[0]
    profile = examined.profile
    if profile is None:
        return examined.problem or "it does not answer"
    if profile.calibration_problem is not None or profile.calibration is None:
        return profile.calibration_problem or "they could not be measured"
    return "they were called different" if profile.calibration.called_different else None


def failures_in_a_row(night: Night, device: str, earlier: Sequence[Nightly]) -> int:
    """In how many nights, this one last, nothing could be measured on a device though it was tried. `earlier`: the
    nights before, the newest first.
    """
    statuses = {job.status for job in night.state.jobs if job.device == device}
    if statuses & _GIVEN:
        return 0
    before = _failures_before(device, earlier)
    return before + 1 if statuses & _FAILURES else before


def _failures_before(device: str, earlier: Sequence[Nightly]) -> int:
    for nightly in earlier:
        for each in nightly.devices:
            if each.device == device:
                return each.failures_in_a_row
    return 0


def quarantine_failing(night: Night, history: History, device: str, failures: int) -> DeviceOfNight | None:
    """Keep a device out that failed too often; None where it did not. Raises `HistoryError`."""
    if failures < night.suite.suite.quarantine_after:
        return None
    last = next((job.reason for job in night.state.jobs if job.device == device and job.reason), "")
    reason = f"nothing could be measured in {counted(failures, 'night')} in a row, last: {last}".splitlines()[0]
    history.set_quarantine(device, datetime.now(UTC), reason, failures)
    return DeviceOfNight(status="quarantined", reason=reason)

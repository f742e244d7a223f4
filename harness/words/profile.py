"""A profile in the one or two sentences that later reports have room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.documents.profile import DeviceProfile

_MINUTES_SHOWN = 5.0


def profile_in_words(profile: DeviceProfile) -> str | None:
    """Such as `Calibrated on 2026-11-24: two equal builds differ by up to 0.4 % by chance in 100 pairs of blocks;
    changes of 1.2 % or more are seen in a run of 30 pairs.` None for a device that was never calibrated.
    """
    found = profile.calibration
    if found is None:
        return None
    seen, where = found.default_run, ""
    if seen is not None:
        where = f"in a run of {seen.pairs} pairs"
    else:  # an older profile
        seen = next((one for one in found.detectable if one.minutes == _MINUTES_SHOWN), None)
        where = f"in {_MINUTES_SHOWN:g} minutes of a fixed number of pairs"
    by_chance = percent(found.interval_half_width)
    words = (
        f"Calibrated on {found.made_at:%Y-%m-%d}: two equal builds differ by up to {by_chance} by chance in "
        f"{found.pairs} pairs of blocks"
    )
    if seen is not None and seen.fraction is not None:
        words += f"; changes of {percent(seen.fraction)} or more are seen {where}"
    words += f" ({found.model}, {found.runtime})."
    if found.warnings:
        words += f" {found.warnings[0]}"
    if found.called_different:
        words += " Those two equal builds were called different, so take small changes here with care."
    return words


def percent(fraction: float) -> str:
    """A fraction that is not below 0, two digits of it: `0.42 %`, `12 %`."""
    share = 100.0 * fraction
    if share == 0.0:
        return "0 %"
    return f"{share:.2g} %" if share < 100.0 else f"{share:.0f} %"

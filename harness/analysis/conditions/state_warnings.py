"""What a phone was set to while it measured: its users' phones may be set otherwise, and it may not stay so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.words.sentences import listed

if TYPE_CHECKING:
    from harness.documents.phone_state import ClockLimits, PhoneState, PhoneStates


def state_warnings(states: PhoneStates | None) -> list[str]:
    """One sentence for each thing; none for a device that was not asked, or did not say."""
    if states is None:
        return []
    looks = [each for each in (states.before, states.after) if each is not None]
    warnings = []
    if states.before is not None and states.before.booting:
        warnings.append("Android had not finished booting when measuring began, and was busy with itself.")
    savers = [each.battery_saver for each in looks if each.battery_saver is not None]
    if any(savers):
        when = "during the run" if all(savers) else "for a part of the run"
        warnings.append(
            f"Battery saver was on {when}: it holds the clocks down, and users' phones mostly run without it. Switch "
            "it off and measure again."
        )
    if states.before is not None and states.after is not None:
        warnings += _changes(states.before, states.after)
    return warnings


def _changes(before: PhoneState, after: PhoneState) -> list[str]:
    warnings = []
    cores = before.online_cores, after.online_cores
    if None not in cores and cores[0] != cores[1]:
        warnings.append(f"Processor cores went on or off during the run: {cores[0]} before, {cores[1]} after.")
    clocks = [(name, limits, after.clocks[name]) for name, limits in before.clocks.items() if name in after.clocks]
    governors = [
        f"{name} from {then.governor} to {now.governor}"
        for name, then, now in clocks
        if None not in (then.governor, now.governor) and then.governor != now.governor
    ]
    if governors:
        warnings.append(f"The clock governor after the run is not the one before it: {listed(governors)}.")
    limits = [
        f"{name} from {_span(then)} to {_span(now)}"
        for name, then, now in clocks
        if _differ(then.min_khz, now.min_khz) or _differ(then.max_khz, now.max_khz)
    ]
    if limits:
        warnings.append(
            f"The clock's limits after the run are not those before it: {listed(limits)}. The device may have been "
            "throttled."
        )
    return warnings


def _differ(then: int | None, now: int | None) -> bool:
    return then is not None and now is not None and then != now


def _span(limits: ClockLimits) -> str:
    low, high = (f"{khz / 1e3:.0f}" if khz is not None else "?" for khz in (limits.min_khz, limits.max_khz))
    return f"{low}–{high} MHz"

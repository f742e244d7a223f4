"""`bakeoff doctor` on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from harness.quantity import Available
from harness.words.printable import printable
from harness.words.profile import percent
from reports.format import held_together, milliseconds

if TYPE_CHECKING:
    from rich.console import Console

    from harness.documents.examined import Examined
    from harness.documents.profile import Ability, Calibration, Detectable, DeviceProfile

_LABEL: Final = 14
_UNSOUND_REFERENCE: Final = 0.1


def render_examined(found: Sequence[Examined], console: Console) -> None:
    """A few short paragraphs a device, for 80 columns: what is in the way, how precise, what can be measured."""
    for number, each in enumerate(found):
        if number:
            console.print()
        _line(console, each.device, style="bold")
        if each.profile is None:
            _wrapped(console, "", f"cannot be used: {each.problem}", style="red")
            if each.remedy:
                _wrapped(console, "", each.remedy)
            continue
        _profile(console, each.profile)
        if each.path is not None:
            console.print()
            _wrapped(console, "profile", f"kept in {each.path}; later reports on this device name it")


def _profile(console: Console, profile: DeviceProfile) -> None:
    identity = profile.identity
    facts = [identity.model, identity.cpu_model, identity.os]
    _wrapped(console, "", ", ".join(fact for fact in facts if fact) or "it says nothing of itself")
    _heading(console, "In the way now" if profile.obstacles else "Nothing is in the way")
    for obstacle in profile.obstacles:
        _wrapped(console, obstacle.kind, obstacle.what, style="yellow")
        _wrapped(console, "", f"→ {obstacle.remedy}")
    if profile.calibration is not None:
        _calibration(console, profile.calibration)
    if profile.calibration_problem is not None:
        _heading(console, "Not calibrated")
        _wrapped(console, "", profile.calibration_problem, style="red")
    elif profile.calibration is None:
        _heading(console, "Not calibrated")
        _wrapped(console, "", f"bakeoff doctor {profile.device} measures how precise it is, in a minute")
    _heading(console, "What can be measured")
    for ability in profile.abilities:
        _ability(console, ability)
    _heading(console, "Sources of energy, the best first")
    for source in profile.energy:
        chosen = " (this one is taken)" if source.name == profile.energy_source else ""
        _wrapped(
            console,
            "yes" if source.usable else "no",
            f"{source.label}: {source.how}{chosen}",
            style="green" if source.usable else None,
        )
    if isinstance(profile.battery_capacity_mwh, Available):
        capacity = profile.battery_capacity_mwh
        _wrapped(console, "battery", f"{capacity.value / 1000:.1f} Wh when full ({capacity.source})")
    _heading(console, "What is waited for, or watched, before each block")
    for gate in profile.gates:
        _ability(console, gate)


def _calibration(console: Console, found: Calibration) -> None:
    _heading(console, f"How precise (calibrated {found.made_at:%Y-%m-%d}: {found.model}, {found.runtime})")
    verdict = (
        "they were called different, which chance does 1 time in 20: do it again; if it stays, something is wrong"
        if found.called_different
        else "they were not called different"
    )
    waiting = f", {found.waited_seconds:.0f} s of them waiting" if found.waited_seconds >= 1.0 else ""
    _wrapped(
        console,
        "equal builds",
        f"differ by {percent(abs(found.difference))} ± {percent(found.interval_half_width)} in {found.pairs} pairs "
        f"({found.seconds:.0f} s{waiting}): {verdict}",
        style="red" if found.called_different else "green",
    )
    _wrapped(
        console,
        "noise",
        f"{percent(found.pair_sd)} from pair to pair, {_of_launches(found)}"
        f"{found.outlier_pairs} of {found.pairs} pairs far out; "
        f"an inference takes {milliseconds(found.latency_ns)}",
    )
    drift = (
        "none seen"
        if found.drift is None
        else f"took {percent(abs(found.drift))} {'more' if found.drift > 0 else 'less'} time at its end than at first"
    )
    _wrapped(console, "drift", drift)
    if found.others_busy_cores is not None:
        _wrapped(console, "others", f"kept {found.others_busy_cores:.1f} cores busy meanwhile")
    if found.reference_spread is not None:
        steady = "steady" if found.reference_spread < _UNSOUND_REFERENCE else "its clock or its load moved"
        _wrapped(
            console, "fixed work", f"varied by {percent(found.reference_spread)} (10th to 90th percentile): {steady}"
        )
    if found.default_run is not None:
        _wrapped(console, "default run", _seen(found.default_run, found.seen_by))
    for each in found.detectable:
        _wrapped(console, f"in {each.minutes:g} min", _seen(each, found.seen_by))
    for warning in found.warnings:
        _wrapped(console, "", warning, style="yellow")


def _seen(what: Detectable, by: str) -> str:
    if what.fraction is None:
        return f"what {what.pairs} pairs see cannot be said: {what.reason or 'they are too few'}"
    return f"changes of {percent(what.fraction)} are seen ({what.pairs} pairs, {by}; 80 % of the time, at 5 %)"


def _ability(console: Console, ability: Ability) -> None:
    _wrapped(
        console,
        "yes" if ability.possible else "no",
        f"{ability.what}: {ability.how}",
        style="green" if ability.possible else None,
    )


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, text, style="bold")


def _wrapped(console: Console, label: str, text: str, style: str | None = None) -> None:
    """Words are kept whole, so that a path or a command can be copied."""
    from rich.text import Text

    indent = " " * (_LABEL + 3)
    width = max(console.width - len(indent), 20)
    lines = textwrap.wrap(held_together(printable(text)), width, break_long_words=False, break_on_hyphens=False) or [""]
    start = Text(f"  {printable(label):{_LABEL}} ", style=style or "")
    start.append(lines[0], style="" if label in {"yes", "no"} else style or "")
    for number, line in enumerate(lines):
        console.print(start if number == 0 else Text(indent + line), markup=False, highlight=False, soft_wrap=True)


def _line(console: Console, text: str, style: str | None = None) -> None:
    console.print(printable(text), markup=False, highlight=False, overflow="fold", style=style)


def _of_launches(found: Calibration) -> str:
    """By how much fresh processes differ of themselves, where that was measured."""
    if found.launches is None or found.launch_sd is None:
        return ""
    return f"{percent(found.launch_sd)} between {found.launches} launches (fresh processes) beyond that, "

"""`bakeoff devices` on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.device_survey import Survey


def render_devices(surveys: Sequence[Survey], console: Console) -> None:
    """One paragraph a device, narrow enough for 80 columns."""
    for number, each in enumerate(surveys):
        if number:
            console.print()
        _line(console, each.device, style="bold")
        if each.problem is not None:
            _line(console, f"  cannot be used: {each.problem}", style="red")
            if each.remedy:
                _line(console, f"  {each.remedy}")
            continue
        _identity(each, console)
        if each.python is not None:  # elsewhere the runner and the runtimes are pushed along
            _line(console, f"  Python    {each.python}")
            _line(console, f"  runtimes  {', '.join(each.runtimes) or 'none yet: provisioned at the first run'}")
        for ability in each.abilities:
            mark = "yes" if ability.possible else "no "
            _line(console, f"  {mark} {ability.what}: {ability.how}")


def _identity(each: Survey, console: Console) -> None:
    identity = each.identity
    if identity is None:
        return
    memory = f"{identity.memory_bytes / 2**30:.1f} GiB" if identity.memory_bytes else None
    cores = f"{identity.cores} cores" if identity.cores else None
    for label, facts in (
        ("machine", [identity.model, identity.cpu_model, cores, memory]),
        ("system", [identity.os, identity.kernel, identity.architecture, identity.libc]),
        ("governor", [identity.governor or f"unknown: {identity.missing.get('governor', 'not readable')}"]),
    ):
        _line(console, f"  {label:9} {', '.join(fact for fact in facts if fact)}")


def _line(console: Console, text: str, style: str | None = None) -> None:
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True, style=style)

"""`bakeoff devices` on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from harness.words.printable import printable
from reports.identity_facts import clusters_in_words

if TYPE_CHECKING:
    from rich.console import Console

    from harness.documents.device_survey import DeviceParts, Survey

_STYLES: Final = {"ready": "green", "when needed": None, "missing": "red"}


def render_devices(surveys: Sequence[Survey], console: Console) -> None:
    """One paragraph a device, narrow enough for 80 columns."""
    for number, each in enumerate(surveys):
        if number:
            console.print()
        _line(console, each.device, style="bold")
        if each.problem is not None:
            _hanging(console, "  cannot be used: ", each.problem, style="red", indent="  ")
            if each.remedy:
                _hanging(console, "  ", each.remedy)
            continue
        _identity(each, console)
        if each.python is not None:
            _wrapped(console, "Python", each.python)
        if each.parts is not None:
            _parts(each.parts, console)
            known = tuple(f"{part.what} (" for part in each.parts.runtimes)
            others = [name for name in each.runtimes if not name.startswith(known)]
            if others:
                _wrapped(console, "also", f"provisioned there: {', '.join(others)}")
        for ability in each.abilities:
            _hanging(console, "  yes " if ability.possible else "  no  ", f"{ability.what}: {ability.how}")


def _identity(each: Survey, console: Console) -> None:
    identity = each.identity
    if identity is None:
        return
    android = identity.android
    sdk = f"SDK {android.sdk}" if android is not None and android.sdk is not None else None
    soc = android.soc if android is not None and android.soc != identity.cpu_model else None
    memory = f"{identity.memory_bytes / 2**30:.1f} GiB" if identity.memory_bytes else None
    cores = f"{identity.cores} cores" if identity.cores else None
    for label, facts in (
        ("machine", [identity.model, soc, identity.cpu_model, cores, memory]),
        ("clusters", [clusters_in_words(identity)]),
        ("ABIs", android.abis if android is not None else []),
        ("system", [identity.os, sdk, identity.kernel, identity.architecture, identity.libc]),
        ("governor", [identity.governor or f"unknown: {identity.missing.get('governor', 'not readable')}"]),
    ):
        said = ", ".join(fact for fact in facts if fact)
        if said:
            _wrapped(console, label, said)


def _parts(parts: DeviceParts, console: Console) -> None:
    """The runner, then a line for each runtime; of what is not ready also how to get it."""
    _wrapped(console, "runner", f"{parts.runner.replace(' runner', '')}: {parts.reason}")
    for number, part in enumerate([*parts.others, *parts.runtimes]):
        state = part.state if part.state != "when needed" else "not yet"
        label = "needs" if number == 0 else ""
        _wrapped(console, label, f"{part.what} ({part.runner}): {state}", style=_STYLES[part.state])
        _wrapped(console, "", f"  {part.how}")
        if part.remedy and part.state == "missing":
            _wrapped(console, "", f"  {part.remedy}")


def _wrapped(console: Console, label: str, text: str, style: str | None = None) -> None:
    inner = text.lstrip()
    _hanging(console, f"  {label:9} ".ljust(12 + len(text) - len(inner)), inner, style)


def _hanging(console: Console, start: str, text: str, style: str | None = None, indent: str | None = None) -> None:
    """Lines that begin under the first one's text, or at `indent`. Words are kept whole, so that a path or a command
    can be copied.
    """
    indent = " " * len(start) if indent is None else indent
    lines = textwrap.wrap(
        printable(text),
        max(console.width, len(start) + 20),
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        _line(console, line, style=style)


def _line(console: Console, text: str, style: str | None = None) -> None:
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True, style=style)

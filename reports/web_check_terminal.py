"""`bakeoff web-check` on a terminal: a table, what stopped each, and a line of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from harness.words.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.documents.web_check import BackendCheck, WebCheck

_STYLES: Final = {"right": "green", "runs": "yellow"}


def render_web_check(found: WebCheck, console: Console) -> None:
    """Everything that was found."""
    shapes = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in found.inputs.items())
    _line(console, f"{found.model} in {found.browser} on {found.device}")
    _line(console, f"tried with {shapes}; held against {found.reference}")
    console.print()
    table = Table(box=None, pad_edge=False)
    for heading in ("engine", "backend", "opens", "runs", "right", "largest difference"):
        table.add_column(heading, justify="left", no_wrap=heading in {"engine", "backend"})
    for each in found.backends:
        style = _STYLES.get(each.outcome, "red")
        table.add_row(
            f"{each.runtime} {each.runtime_version}",
            each.backend,
            _mark(each.opens),
            _mark(each.runs),
            _mark(each.is_right),
            _difference(each),
            style=style,
        )
    console.print(table)
    for each in found.backends:
        _details(each, console)
    console.print()
    _line(console, found.line)


def _details(each: BackendCheck, console: Console) -> None:
    facts = []
    if each.message:
        facts.append(each.message if each.stopped_by is None else f"{each.stopped_by} stops it: {each.message}")
    if each.what_to_do:
        facts.append(each.what_to_do)
    if each.fixed_sizes:
        sizes = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in each.fixed_sizes.items())
        facts.append(f"It takes no free sizes, and was given a copy of the model with {sizes}.")
    if each.is_software_renderer:
        facts.append(
            f"Its GPU is a software renderer ({each.gpu or 'unnamed'}): what it says of speed holds for no GPU."
        )
    elif each.gpu is not None:
        facts.append(f"Its GPU: {each.gpu}.")
    facts += each.notes
    if facts:
        console.print()
        _line(console, f"{each.runtime} on {each.backend}", style="bold")
        for fact in facts:
            console.print(printable(f"  {fact}"), markup=False, highlight=False)


def _difference(each: BackendCheck) -> str:
    if each.largest_difference is None or each.relative_difference is None:
        return ""
    return (
        f"{each.largest_difference:.2g} ({each.relative_difference:.2g} of the largest value; {each.tolerance:g} pass)"
    )


def _mark(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "–"}[value]


def _line(console: Console, text: str, style: str | None = None) -> None:
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True, style=style)

"""A converted model beside its original, in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.parity import Parity, ParityLayer
from harness.words.parity import percent, returned_in_words, share_in_words
from reports import format as fmt
from reports.terminal_lines import item, line, text

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Final = {"agree": "green", "spread": "green", "culprit": "red", "unproven": "yellow"}
_MOST_LAYERS: Final = 10
_MOST_NAMES: Final = 6
_BAR: Final = 20
"""Columns of the longest bar."""


def render_parity(parity: Parity, console: Console, page: Path) -> None:
    """Print it; `page` is where the HTML is, named at the end. Fits 80 columns, and obeys nothing in names from
    files.
    """
    line(console, text(f"{Path(parity.converted.file).name} beside {Path(parity.original.file).name}", "bold"))
    line(console, text(fmt.held_together(parity.sentence), f"bold {_STYLES[parity.outcome]}"))
    line(console)
    line(console, text(coverage_in_words(parity)))
    if parity.coverage.unaligned:
        tensors = parity.coverage.unaligned
        more = f" and {len(tensors) - _MOST_NAMES} more" if len(tensors) > _MOST_NAMES else ""
        line(console, text(f"Not aligned: {', '.join(tensors[:_MOST_NAMES])}{more}"))
    line(console, text(f"Given: {parity.inputs}. The converted build ran {parity.converted.how}."))
    line(console)
    _layers(parity, console)
    for proof in parity.tried:
        names = ", ".join(parity.layers[place].label for place in proof.layers)
        item(console, f"{names} put back: {returned_in_words(proof)}")
    for note in parity.notes:
        item(console, note)
    line(console)
    line(console, text("Report: "), text(str(page), "bold"))


def coverage_in_words(parity: Parity) -> str:
    """`41 of 44 tensors aligned.`"""
    return f"{parity.coverage.aligned} of {fmt.count(parity.coverage.of, 'tensor')} aligned."


def shown_layers(parity: Parity, most: int) -> list[tuple[int, ParityLayer]]:
    """The layers with the largest own errors, in the order of the graph, with their places."""
    ranked = sorted(enumerate(parity.layers), key=lambda each: (-each[1].stands_out, -each[1].own.mean))
    return sorted(ranked[:most], key=lambda each: each[0])


def _layers(parity: Parity, console: Console) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("layer", overflow="fold", ratio=1)
    table.add_column("own", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("inherited", justify="right", no_wrap=True)
    largest = max((layer.own.mean for layer in parity.layers), default=0.0)
    for _, layer in shown_layers(parity, _MOST_LAYERS):
        filled = round(_BAR * layer.own.mean / largest) if largest else 0
        style = "red" if layer.stands_out else ""
        name = layer.label + (f" ({share_in_words(layer)})" if layer.stands_out and share_in_words(layer) else "")
        table.add_row(
            text(name, style), text(percent(layer.own.mean), style), text("█" * filled, style or "dim"),
            text(percent(layer.inherited.mean)),
        )  # fmt: skip
    console.print(table, highlight=False)
    if len(parity.layers) > _MOST_LAYERS:
        line(console, text(f"The {_MOST_LAYERS} largest of {len(parity.layers)} layers; all are in the report.", "dim"))

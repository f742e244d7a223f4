"""Lines on a terminal: what belongs together is not parted at their ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from reports import format as fmt
from reports.terminal_lines import item, line, text

SENTENCE = "Peak memory while running is 0.3 % less (between 0.2 % and 0.4 %), within the agreed 10 %, of 37.00 MB."


@pytest.mark.parametrize("width", range(20, 110))
def test_no_number_parts_from_its_unit(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    line(console, text(fmt.held_together(SENTENCE), "bold"), indent=2)
    item(console, SENTENCE)
    shown = stream.getvalue().replace(fmt.NO_BREAK_SPACE, " ").splitlines()
    assert all(len(each) <= width for each in shown)
    assert not [each for each in shown if each.strip("• ").startswith(("%", "MB"))]
    told = " ".join(" ".join(shown).split())
    assert told == f"{SENTENCE} • {SENTENCE}"


def test_a_style_stays_where_it_was() -> None:
    stream = io.StringIO()
    line(
        Console(file=stream, width=20, force_terminal=True, color_system="standard"),
        text("plain words here and "),
        text(f"40{fmt.NO_BREAK_SPACE}ms", "bold"),
    )
    assert f"\x1b[1m40{fmt.NO_BREAK_SPACE}ms" in stream.getvalue()

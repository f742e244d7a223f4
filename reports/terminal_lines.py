"""Lines on a terminal: text from users is printed as it is, and nothing in it is obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import format as fmt
from reports.inert_text import inert

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_HIDDEN = "\ue000"
"""What stands in the place of a no-break space: a character of nobody's, one column wide."""


def text(content: str, style: str = "") -> Text:
    """Inert text in a style."""
    # A Text is never parsed for markup or emoji codes, which a str is.
    from rich.text import Text

    return Text(inert(content), style=style)


def line(console: Console, *parts: Text, indent: int = 0) -> None:
    """The parts after each other; what is too long goes on in the next line."""
    from rich.padding import Padding
    from rich.text import Text

    joined = _folded(console, Text.assemble(*parts), console.width - indent)
    console.print(
        Padding(joined, (0, 0, 0, indent), expand=False) if indent else joined, highlight=False, soft_wrap=False
    )


def item(console: Console, content: str, style: str = "") -> None:
    """One entry of a list."""
    from rich.table import Table

    # A grid, so that the second line of a long sentence stands under the first.
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    content_columns = console.width - 2
    grid.add_row(text("•", style), _folded(console, text(fmt.held_together(content), style), content_columns))
    console.print(grid, highlight=False)


def folded_lines(console: Console, content: Text, *, most: int) -> list[Text]:
    """In lines as wide as the console, of which there are at most so many: what is too long ends in `…`."""
    lines = list(_folded(console, content, console.width).split())
    if len(lines) > most:
        last = lines[most - 1].copy()
        last.rstrip()
        last.append("…")
        last.truncate(console.width, overflow="ellipsis")
        lines = [*lines[: most - 1], last]
    for each in lines:
        each.rstrip()
    return lines


def _folded(console: Console, content: Text, columns: int) -> Text:
    """In lines of so many columns. rich breaks lines at no-break spaces as at any other: they are hidden from it."""
    from rich.text import Text

    hidden = content.copy()
    hidden.plain = hidden.plain.replace(fmt.NO_BREAK_SPACE, _HIDDEN)
    lines = hidden.wrap(console, max(columns, 1), overflow="fold")
    for each in lines:
        each.plain = each.plain.replace(_HIDDEN, fmt.NO_BREAK_SPACE)
    return Text("\n").join(lines)

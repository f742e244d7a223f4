"""Scores made elsewhere: `[[scores]]` of experiment.toml names a CSV file with the columns item, arm and value."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from harness.csv_rows import csv_rows
from harness.errors import UserError
from harness.own_scores import Label, OwnScore, ScoreName, ScoreUnit, decimals_for
from harness.plain_file import read_plain_file
from harness.tasks.declared_table import DeclaredTable

_HEADER: Final = ("item", "arm", "value")
_MOST_BYTES: Final = 64 << 20
_REMEDY: Final = "Its first line is item,arm,value and every other gives one value, such as street07,int8,31.5."
_NUMBER: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")


class DeclaredScores(DeclaredTable):
    """A score that somebody else's program made, one value for each item and arm."""

    quantity: ScoreName
    """The name by which rules ask about it."""
    file: str = Field(min_length=1, max_length=4000)
    better: Literal["lower", "higher"]
    margin: float = Field(gt=0)
    """A difference within it is too small to matter, where no rule declares another; in the unit."""
    unit: ScoreUnit = ""
    label: Label | None = None
    """Heads its row of a table; by default its name."""

    @property
    def score(self) -> OwnScore:
        """What is known of it."""
        name = "".join(letter if letter.isprintable() else "?" for letter in Path(self.file).name)[:200]
        return OwnScore(
            name=self.quantity,
            label=self.label or self.quantity,
            family="elsewhere",
            unit=self.unit,
            better=self.better,
            decimals=decimals_for(self.margin),
            meaning=f"made elsewhere, and read from {name}",
            convention="as the program has it that made it, which bakeoff does not know",
            citation="",
            blind_to="",
            negligible=self.margin,
            source=name,
        )


@dataclass(frozen=True)
class ScoresFile:
    """The values of a file: (item, arm) → value; and the hash of its bytes."""

    path: Path
    sha256: str
    values: dict[tuple[str, str], float]

    def missing(self, items: Collection[str], arms: Collection[str]) -> dict[str, int]:
        """Arm → for how many items it has no value; without those that have all."""
        counts = {arm: sum((item, arm) not in self.values for item in items) for arm in arms}
        return {arm: count for arm, count in counts.items() if count}


def read_scores(
    path: Path, quantity: str, items: Collection[str], arms: Collection[str], *, others_are_known: bool
) -> ScoresFile:
    """The values of a file, checked.

    Args:
        path: of the CSV file.
        quantity: what its values are, for messages.
        items: stems of the run's items.
        arms: names of its arms.
        others_are_known: whether items that are none of these are left out in silence (`data.limit` leaves some out).

    Raises:
        UserError: the file cannot be read, is no such CSV, names an item or arm that is not there, gives two values for
            one, or holds something that is no finite number. Items without a value are no fault.
    """
    content = _content(path, quantity)
    values: dict[tuple[str, str], float] = {}
    for place, row in csv_rows(content, path, _HEADER, _REMEDY):
        where = f"{path}: line {place}"
        if len(row) != len(_HEADER):
            raise UserError(f"{where}: has {len(row)} columns instead of 3", _REMEDY)
        item, arm, text = (cell.strip() for cell in row)
        if arm not in arms:
            raise UserError(f"{where}: there is no arm {arm[:100]!r}", _instead(arm, arms))
        if item not in items and not others_are_known:
            raise UserError(f"{where}: there is no item {item[:100]!r}", _instead(item, items))
        if (item, arm) in values:
            raise UserError(f"{where}: is the second value of {item[:100]!r} and {arm!r}", "Keep one of them.")
        value = float(text) if _NUMBER.fullmatch(text) else float("nan")
        if not abs(value) < float("inf"):
            raise UserError(
                f"{where}: {text[:40]!r} is no finite number", "Leave the line out where an item has no value."
            )
        values[item, arm] = value
    kept = {key: value for key, value in values.items() if key[0] in items}
    return ScoresFile(path, hashlib.sha256(content).hexdigest(), kept)


def _content(path: Path, quantity: str) -> bytes:
    try:
        return read_plain_file(path, most_bytes=_MOST_BYTES)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file, and the scores of {quantity!r} are read from it",
            "A file with its first line alone will do for now: `bakeoff analyze` reads it again.",
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _instead(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word[:100], list(known)[:10_000], n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"There is {min(known)!r}, for one."

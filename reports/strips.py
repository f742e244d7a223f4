"""Every item of one candidate on one device: small views, the place where it loses most, and its scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from harness.documents.comparison import Comparison, DeviceResult, ItemScores, ItemView
from harness.quantity import QUANTITIES, Available
from reports import format as fmt
from reports.small_files import SmallFile, SmallFiles

_FOR_SMALL: Final = 0.65
"""What small views may take of a strip's bytes; the rest is for the places where candidates lose most."""
_OPEN_WITH: Final = 24
"""Rows of a strip that is not folded."""

Direction = Literal["worse", "better", ""]


@dataclass(frozen=True)
class StripView:
    """One small view: what it shows, of which arm, and where the whole lies beside the page."""

    role: str
    arm: str | None
    small: SmallFile | None
    """None where it was left out."""
    whole: str | None
    """The link to it; None where there is none."""


@dataclass(frozen=True)
class StripCell:
    """One score of the baseline and the candidate on one item."""

    text: str
    direction: Direction
    gain: float | None
    """By how much the candidate is better, in the quantity's unit; None where one has no finite value."""


@dataclass(frozen=True)
class StripRow:
    """One item."""

    row_id: str
    item: str
    entry: str | None
    """The id of its entry among those to look at, where it has one."""
    views: list[StripView]
    places: list[tuple[str, SmallFile]]
    """Role → the square where the candidate loses most."""
    cells: list[StripCell]
    groups: list[int]

    @property
    def gains(self) -> str:
        """For sorting: one number a score, empty where there is none."""
        return ";".join("" if cell.gain is None else f"{cell.gain:.4g}" for cell in self.cells)

    @property
    def disagrees(self) -> bool:
        """Whether one score is better and another one worse."""
        return {"worse", "better"} <= {cell.direction for cell in self.cells}


@dataclass(frozen=True)
class Strip:
    """All items of one candidate, the worst first."""

    candidate: str
    quantities: list[str]
    rows: list[StripRow]
    groups: list[str]
    first_by: str | None
    """The score that the rows are sorted by; None where they are sorted by name."""
    without_view: int
    """Rows that were left without a small view to keep the page small."""

    @property
    def is_open(self) -> bool:
        """Whether it is short enough to be seen at once."""
        return len(self.rows) <= _OPEN_WITH

    @property
    def has_wholes(self) -> bool:
        """Whether whole views lie beside the page."""
        return any(view.whole is not None for row in self.rows for view in row.views)


def strips(comparison: Comparison, place: int, entries: dict[tuple[str, str], str], files: SmallFiles) -> list[Strip]:
    """One for each candidate with scores or views on the device at `place`. `entries`: (candidate, item) → the id of
    its entry among those to look at. Small views and places are taken from `files` for the worst items first.
    """
    result = comparison.devices[place]
    named = [scores.candidate for scores in result.scores]
    named += [candidate for view in result.views for candidate in view.worst]
    made = []
    for number, candidate in enumerate(dict.fromkeys(named)):
        own = {item: target for (other, item), target in entries.items() if other == candidate}
        limit = files.left_bytes // _strips_left(comparison, place, number)
        made.append(_strip(comparison, result, candidate, f"d{place}c{number}", own, files, limit))
    return made


def row_ids(strip: Strip) -> dict[str, str]:
    """Item → the id of its row."""
    return {row.item: row.row_id for row in strip.rows}


def _strips_left(comparison: Comparison, place: int, number: int) -> int:
    counts = [
        len({*(scores.candidate for scores in device.scores), *(name for view in device.views for name in view.worst)})
        for device in comparison.devices[place:]
    ]
    return max(1, sum(counts) - number)


def _strip(
    comparison: Comparison,
    result: DeviceResult,
    candidate: str,
    prefix: str,
    entries: dict[str, str],
    files: SmallFiles,
    limit_bytes: int,
) -> Strip:
    scores = [one for one in result.scores if one.candidate == candidate]
    seen = {view.item: view for view in result.views}
    items = list(dict.fromkeys([*(item for one in scores for item in one.items), *seen]))
    cells: dict[str, list[StripCell]] = {item: [] for item in items}
    for one in scores:
        of_item = _cells(one)
        for item in items:
            cells[item].append(of_item.get(item, StripCell("", "", None)))
    first_by = _first_by(result, candidate, scores)
    if first_by is not None:
        at = [one.quantity for one in scores].index(first_by)
        items.sort(key=lambda item: (_last_without(cells[item][at].gain), item))
    else:
        items.sort()
    # By their order, so that what is left out is the least interesting: all small views before any place.
    before = files.used_bytes
    shown = {}
    for item in items:
        left = int(_FOR_SMALL * limit_bytes) - (files.used_bytes - before)
        shown[item] = _views(comparison, candidate, item, seen.get(item), files, left)
    places = {}
    for item in items:
        view = seen.get(item)
        cut = {} if view is None or candidate not in view.worst else view.worst[candidate].files
        places[item] = list(files.take_all(cut, limit_bytes - (files.used_bytes - before)).items())
    groups = [name for name, members in comparison.item_groups.items() if set(members) & cells.keys()]
    members_of = [set(comparison.item_groups[name]) for name in groups]
    rows = [
        StripRow(
            row_id=f"{prefix}-{number}",
            item=item,
            entry=entries.get(item),
            views=shown[item],
            places=places[item],
            cells=cells[item],
            groups=[index for index, members in enumerate(members_of) if item in members],
        )
        for number, item in enumerate(items)
    ]
    return Strip(
        candidate=candidate,
        quantities=[one.quantity for one in scores],
        rows=rows,
        groups=groups,
        first_by=first_by,
        without_view=sum(bool(row.views) and all(view.small is None for view in row.views) for row in rows),
    )


def _first_by(result: DeviceResult, candidate: str, scores: Sequence[ItemScores]) -> str | None:
    """The score that the worst items were chosen by, or else the first."""
    names = [one.quantity for one in scores]
    chosen = [item.metric for item in result.gallery if item.candidate == candidate and item.chosen == "worst"]
    return next((name for name in [*chosen, *names] if name in names), None)


def _last_without(gain: float | None) -> float:
    return math.inf if gain is None else gain


def _cells(scores: ItemScores) -> dict[str, StripCell]:
    quantity = QUANTITIES.get(scores.quantity)
    turn = -1.0 if quantity is not None and quantity.better == "lower" else 1.0
    unit = "" if quantity is None else quantity.unit
    cells = {}
    for item, before, after in zip(scores.items, scores.baseline, scores.candidate_values, strict=False):
        gain = None
        direction: Direction = ""
        if before is not None and after is not None and not math.isnan(before) and not math.isnan(after):
            if math.isfinite(before) and math.isfinite(after):
                gain = turn * (after - before)
            better, worse = turn * after > turn * before, turn * after < turn * before
            direction = "better" if better else "worse" if worse else ""
        texts = [
            "none"
            if value is None
            else fmt.measured(Available(value=value, unit=unit, source="this item"), scores.quantity).text
            for value in (before, after)
        ]
        cells[item] = StripCell(_from_to(*texts), direction, gain)
    return cells


def _from_to(before: str, after: str) -> str:
    """`28.61 → 28.49 dB`: a unit that both have stands once."""
    number, _, unit = before.partition(fmt.NO_BREAK_SPACE)
    if unit and after.endswith(f"{fmt.NO_BREAK_SPACE}{unit}"):
        before = number
    return f"{before} → {after}"


def _views(
    comparison: Comparison,
    candidate: str,
    item: str,
    view: ItemView | None,
    files: SmallFiles,
    limit_bytes: int,
) -> list[StripView]:
    """Of the candidate first, where the bytes are few; shown in the order of the page."""
    reference = comparison.reference_views.get(item)
    if view is None and reference is None:
        return []
    view = view or ItemView(item=item)
    baseline = next((arm.name for arm in comparison.arms if arm.role == "baseline"), None)
    before = files.used_bytes

    def take(path: str | None) -> SmallFile | None:
        return files.take(path, limit_bytes - (files.used_bytes - before))

    smalls = {
        "Candidate": take(view.small.get(candidate)),
        "Baseline": take(view.small.get(baseline)) if baseline is not None else None,
        "Reference": take(reference.small if reference is not None else None),
    }
    wholes = {
        "Reference": (None, reference.whole if reference is not None else None),
        "Baseline": (baseline, view.whole.get(baseline) if baseline is not None else None),
        "Candidate": (candidate, view.whole.get(candidate)),
    }
    return [
        StripView(role, arm, smalls[role], None if whole is None else f"./{quote(whole)}")
        for role, (arm, whole) in wholes.items()
        if whole is not None or smalls[role] is not None
    ]

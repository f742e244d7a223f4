"""A night in the order of its page: what stands beside what, with sparklines drawn."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from harness.documents.nightly import Change, Job, Nightly, SeriesName, SeriesTonight
from reports import format as fmt
from reports.charts.sparkline import sparkline
from reports.nightly import night_parts as parts

_OPEN_AT_MOST = 12
"""More series of one experiment on one device are folded up, where none of them changed."""


@dataclass(frozen=True)
class SeriesRow:
    """One series: its course and where it is tonight."""

    series: SeriesTonight
    course: Markup | None
    tonight: str
    """Effect with its interval; a dash where there is none of tonight."""
    changed: parts.Mark | None
    """Mark of what a new change did to it; None where nothing did."""


@dataclass(frozen=True)
class SeriesGroup:
    """All series of one experiment on one device."""

    experiment: str
    device: str
    rows: list[SeriesRow]
    is_open: bool


@dataclass(frozen=True)
class NightPage:
    """The whole page."""

    new: list[Change]
    known: list[Change]
    refuted: list[Change]
    unmeasured: list[Job]
    unavailable: list[SeriesTonight]
    groups: list[SeriesGroup]


def lay_out(nightly: Nightly) -> NightPage:
    """Arrange the night for reading. Draws the sparklines; computes nothing."""
    begins: dict[SeriesName, set[str]] = {}
    current: dict[SeriesName, parts.Mark] = {}
    for change in nightly.changes:
        if change.confirmation == "not confirmed":
            continue
        for member in change.members:
            begins.setdefault(member.name, set()).add(change.first_bad_night)
            if change.is_new and current.get(member.name) != "bad":
                current[member.name] = parts.change_mark(change)
    grouped: dict[tuple[str, str], list[SeriesRow]] = {}
    for each in nightly.series:
        row = SeriesRow(
            each, sparkline(each, begins.get(each.name, ())), tonight(each, nightly.night), current.get(each.name)
        )
        grouped.setdefault((each.name.experiment, each.name.device), []).append(row)
    return NightPage(
        new=parts.new_changes(nightly),
        known=parts.known_changes(nightly),
        refuted=parts.refuted_changes(nightly),
        unmeasured=parts.unmeasured_jobs(nightly),
        unavailable=parts.unavailable_series(nightly),
        groups=[
            SeriesGroup(
                experiment,
                device,
                rows,
                is_open=len(rows) <= _OPEN_AT_MOST or any(row.changed is not None for row in rows),
            )
            for (experiment, device), rows in grouped.items()
        ],
    )


def tonight(series: SeriesTonight, night: str) -> str:
    """Tonight's effect, with its interval where it has one: `−10.0 % (−12.0 to −8.1 %)`."""
    point = series.points[-1] if series.points else None
    if point is None or point.night != night or series.unavailable is not None:
        return "–"
    text = fmt.change(point.effect, series.scale, series.name.quantity)
    if point.low is None or point.high is None:
        return text
    return f"{text} ({fmt.span(point.low, point.high, series.scale, series.name.quantity)})"


def link_to(path: str | None) -> str | None:
    """A path beside the page as an address that leads nowhere else; None where there is none or it is absolute."""
    if not path or path.startswith(("/", "\\")):
        return None
    return quote(path, safe="/")

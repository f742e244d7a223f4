"""The night as annotations of GitHub Actions: lines that a workflow prints and GitHub shows beside the run.

`::error` for a confirmed regression and for what gave no result, `::warning` for what is suspected or only changed.
GitHub shows ten of each kind for a step: where there are more, the tenth says how many.
"""

from __future__ import annotations

from typing import Final, Literal

from harness.documents.nightly import Nightly
from reports import format as fmt
from reports.inert_text import inert
from reports.nightly import night_parts as parts
from reports.nightly.rendering import Rendering

MOST_OF_A_KIND: Final = 10
MOST_CHARACTERS: Final = 1500

_Level = Literal["error", "warning"]


def annotation(level: _Level, title: str, message: str) -> str:
    """One line. In a message `%` and ends of lines are escaped, in a title `:` and `,` as well, as GitHub's own toolkit
    does; so nothing in them begins another command.
    """
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return inert(text)[:MOST_CHARACTERS].replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text[:200]).replace(":", "%3A").replace(",", "%2C")


def _render(nightly: Nightly) -> bytes:
    found: dict[_Level, list[tuple[str, str]]] = {"error": [], "warning": []}
    for change in parts.new_changes(nightly):
        told = (
            f"{change.kind}, {change.confirmation}",
            f"{change.sentence} ({parts.since(change)}; {change.how_sure})",
        )
        found["error" if change.is_regression else "warning"].append(told)
    for job in parts.unmeasured_jobs(nightly):
        level: _Level = "warning" if job.status == "partly" else "error"
        found[level].append((f"{job.status}: {job.experiment} on {job.device}", parts.reason_of(job)))
    if not nightly.jobs:
        found["error"].append(("nothing was measured", nightly.sentence))
    found["warning"] += [
        (
            f"unavailable: {each.label} on {each.name.device}",
            f"{each.name.experiment}, {each.name.candidate}: {each.unavailable}",
        )
        for each in parts.unavailable_series(nightly)
    ]
    found["warning"] += [("about this night", warning) for warning in nightly.warnings]
    lines = [line for level, told in found.items() for line in _bounded(level, told)]
    return "".join(f"{line}\n" for line in lines).encode()


def _bounded(level: _Level, told: list[tuple[str, str]]) -> list[str]:
    if len(told) <= MOST_OF_A_KIND:
        return [annotation(level, title, message) for title, message in told]
    left_out = fmt.count(len(told) - MOST_OF_A_KIND + 1, "more", "more")
    shown = [annotation(level, title, message) for title, message in told[: MOST_OF_A_KIND - 1]]
    return [*shown, annotation(level, left_out, f"{left_out} of this kind: see the job's summary")]


RENDERING = Rendering(
    "github-annotations", "github-annotations.txt", "annotations of GitHub Actions, to be printed", _render
)

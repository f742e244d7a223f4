"""A page over a folder of runs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from harness.commands.earlier_runs import runs_below
from harness.commands.write_reports import names_of_this_computer, shareable
from harness.documents.folder import RunFolder, write_atomically
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.documents.comparison import Comparison


def index_runs(folder: Path, *, names_told: bool) -> tuple[Path, list[str]]:
    """Write index.html into `folder`; where it is, and what of each run that cannot be shown is wrong with it.

    Raises `UserError` where `folder` is none, or is that of a night, whose page has this name.
    """
    from reports.open_comparison import UnreadableComparisonError, open_comparison
    from reports.run_index import IndexedRun, render_run_index

    if (folder / "nightly.json").exists():
        raise UserError(
            f"{folder}: is the folder of a night, and index.html is the night's page", "Name its folder runs."
        )
    runs, faults = [], []
    own = names_of_this_computer()
    for place in runs_below(folder):
        run, below = RunFolder(place), PurePosixPath(place.relative_to(folder).as_posix())
        has_page = run.report.is_file() and not run.report.is_symlink()
        try:
            whole = open_comparison(run.comparison)
        except UnreadableComparisonError as error:
            faults.append(error.what)
            # The page does not tell where on this computer it lies.
            fault = error.what.replace(str(run.comparison), "comparison.json")
            runs.append(IndexedRun(below, None, has_page, *_told(None, [fault, str(below)], own, names_told)))
        else:
            _, told_place = _told(whole, ["", str(below)], own, names_told)
            shown = _shown(whole if names_told else shareable(whole))
            runs.append(IndexedRun(below, shown, has_page, told_place=told_place))
    page = folder / "index.html"
    title = folder.resolve().name or "runs"
    title = _told(None, ["", title], own, names_told)[1] or title
    write_atomically(page, render_run_index(runs, title).encode())
    return page, faults


def _told(comparison: Comparison | None, texts: list[str], own: list[str], names_told: bool) -> tuple[str, str | None]:
    """A fault as it may be told, and what may be told of a folder's name; None where all of it may."""
    from reports.shared_copy import private_words

    fault, place = texts
    if names_told:
        return fault, None
    private = private_words(comparison, own)
    told = "/".join(private.without(part) for part in place.split("/"))
    return private.without(fault), None if told == place else told


def _shown(comparison: Comparison) -> Comparison:
    """What the page shows of it; thousands of whole ones would fill the memory."""
    lists = ("arms", "contrasts", "rules", "latency", "gallery", "warnings", "readings", "votes", "scores")
    nothing: dict[str, object] = {**{name: [] for name in lists}, "environment": {}, "energy": None, "sustained": None}
    devices = [device.model_copy(update=nothing) for device in comparison.devices]
    return comparison.model_copy(update={"devices": devices, "warnings": [], "method": []})

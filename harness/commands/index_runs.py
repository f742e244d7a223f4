"""A page over a folder of runs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from harness.commands.earlier_runs import runs_below
from harness.commands.write_reports import shareable
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
    for place in runs_below(folder):
        run, below = RunFolder(place), PurePosixPath(place.relative_to(folder).as_posix())
        has_page = run.report.is_file() and not run.report.is_symlink()
        try:
            comparison = _shown(open_comparison(run.comparison))
        except UnreadableComparisonError as error:
            faults.append(error.what)
            # The page does not tell where on this computer it lies.
            runs.append(IndexedRun(below, None, has_page, error.what.replace(str(run.comparison), "comparison.json")))
        else:
            runs.append(IndexedRun(below, comparison if names_told else shareable(comparison), has_page))
    page = folder / "index.html"
    write_atomically(page, render_run_index(runs, folder.resolve().name or "runs").encode())
    return page, faults


def _shown(comparison: Comparison) -> Comparison:
    """What the page shows of it; thousands of whole ones would fill the memory."""
    lists = ("arms", "contrasts", "rules", "latency", "gallery", "warnings", "readings", "votes", "scores")
    nothing: dict[str, object] = {**{name: [] for name in lists}, "environment": {}, "energy": None, "sustained": None}
    devices = [device.model_copy(update=nothing) for device in comparison.devices]
    return comparison.model_copy(update={"devices": devices, "warnings": [], "method": []})

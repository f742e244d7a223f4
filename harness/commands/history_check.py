"""Whether the runs that a history tells of are still there, and still say what it says."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection, select

from harness.commands.history_import import rows_of_run
from harness.documents.folder import RunFolder
from harness.documents.history import HistoryCheck, HistoryFault
from harness.errors import UserError
from harness.history.tables import ResultRecord, RunRecord, SeriesRecord
from harness.words.sentences import named

if TYPE_CHECKING:
    from harness.history.rows import RunRow
    from harness.history.store import History

_Results = dict[tuple[str, str], tuple[float | None, float | None, float | None]]
"""Candidate and quantity → estimate and interval."""
_Fault = tuple[Literal["gone", "unreadable", "differs"], str]
_CLOSE: Final = 1e-9


def check_history(history: History, told: Callable[[int, int], None] = lambda done, total: None) -> HistoryCheck:
    """Look at the folder of every run that this computer has measured. Nothing is changed. `told` hears how many runs
    of how many were looked at.
    """
    host = socket.gethostname()
    faults: list[HistoryFault] = []
    checked = elsewhere = 0
    runs = history.read(lambda connection: list(_runs(connection)))
    for done, of_run in enumerate(runs):
        told(done, len(runs))
        run = of_run[0][0]
        if run.host != host:
            elsewhere += len(of_run)
            continue
        checked += len(of_run)
        faults += _faults(of_run)
    return HistoryCheck(history=history.url, host=host, checked=checked, elsewhere=elsewhere, faults=faults)


def _runs(connection: Connection) -> Iterator[list[tuple[Any, _Results]]]:
    """Run by run, each device with its results."""
    heads = connection.execute(
        select(
            RunRecord.id, RunRecord.run_id, RunRecord.device, RunRecord.folder, RunRecord.host, RunRecord.decision
        ).order_by(RunRecord.run_id, RunRecord.folder, RunRecord.device)
    ).all()
    for _, group in groupby(heads, key=lambda head: (head.run_id, head.host, head.folder)):
        yield [(head, _results(connection, head.id)) for head in group]


def _results(connection: Connection, run: int) -> _Results:
    rows = connection.execute(
        select(
            SeriesRecord.candidate, SeriesRecord.quantity, ResultRecord.estimate, ResultRecord.low, ResultRecord.high
        )
        .join(SeriesRecord, SeriesRecord.id == ResultRecord.series)
        .where(ResultRecord.run == run)
    )
    return {(row.candidate, row.quantity): (row.estimate, row.low, row.high) for row in rows}


def _faults(of_run: list[tuple[Any, _Results]]) -> Iterator[HistoryFault]:
    found = _rows_now(of_run[0][0])
    for head, known in of_run:
        fault = _difference(head, known, found.get(head.device)) if isinstance(found, dict) else found
        if fault is not None:
            kind, text = fault
            yield HistoryFault(run_id=head.run_id, device=head.device, folder=head.folder, kind=kind, text=text)


def _rows_now(run: Any) -> dict[str, RunRow] | _Fault:
    """Device → what its folder says of it today; or why it says nothing."""
    folder = RunFolder(Path(run.folder))
    if not folder.path.is_dir():
        return "gone", f"its folder is gone: {run.folder}"
    try:
        rows = rows_of_run(folder)
    except UserError as error:
        return "unreadable", error.what
    now = {row.device: row for row in rows if row.run_id == run.run_id}
    return now or ("differs", f"{run.folder} holds another run now")


def _difference(head: Any, known: _Results, row: RunRow | None) -> _Fault | None:
    """What comparison.json says otherwise; None where they agree."""
    if row is None:
        return "differs", "comparison.json no longer has this device"
    now: _Results = {
        (result.key.candidate, result.key.quantity): (result.estimate, result.low, result.high)
        for result in row.results
    }
    differing = [
        f"{quantity} of {candidate}"
        for candidate, quantity in dict.fromkeys([*known, *now])
        if not _agree(known.get((candidate, quantity)), now.get((candidate, quantity)))
    ]
    if differing:
        return "differs", f"comparison.json says otherwise of {named(differing)}: import it again with --again"
    if head.decision != row.decision:
        turned = f"the verdict was {head.decision or 'none'} and is {row.decision or 'none'}"
        return "differs", f"{turned}: import it again with --again"
    return None


def _agree(one: tuple[float | None, ...] | None, other: tuple[float | None, ...] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same(one: float | None, other: float | None) -> bool:
    if other is not None and math.isnan(other):
        other = None
    if one is None or other is None:
        return one is other
    return one == other or math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12)

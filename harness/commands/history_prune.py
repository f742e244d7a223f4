"""Retention as its user asks for it: a look first, and only then done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.history import HistoryPrune
from harness.history.retention import Retention, carry_out, plan_retention

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from harness.history.store import History


def prune_history(history: History, before: date, *, do_it: bool) -> HistoryPrune:
    """What goes of the nights before that day; with `do_it` it is gone. What is planned and what is done are of one
    transaction.
    """
    night = before.isoformat()

    def change(connection: Connection) -> Retention:
        retention = plan_retention(connection, night)
        carry_out(connection, retention)
        return retention

    retention = history.write(change) if do_it else history.read(lambda connection: plan_retention(connection, night))
    if do_it and retention.runs:
        history.give_back_space()
    return HistoryPrune(
        history=history.url,
        before=night,
        runs=len(retention.runs),
        results=retention.results,
        kept=retention.kept,
        nights=len(retention.nights),
        is_done=do_it,
    )

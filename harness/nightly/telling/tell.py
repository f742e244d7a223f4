"""Telling everybody whom a suite names, one after the other: one who cannot be told keeps nobody else from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.documents.nightly import Nightly
from harness.nightly.telling import pushgateway, sendmail, textfile, webhook
from harness.nightly.telling.settings import Tell
from harness.nightly.telling.teller import Render, Teller, TellingError
from harness.nightly.telling.when import is_due

TELLERS: Final = {each.TELLER.name: each.TELLER for each in (textfile, pushgateway, webhook, sendmail)}
"""Every way to tell, by the name of its table in `[tell]`. A new one is a file like its neighbours, a table in
settings.py, a word here and in `_asked`."""


def tell_of(nightly: Nightly, settings: Tell, render: Render) -> list[str]:
    """Tell monitors of every night, and people of those that they asked for. `render` is
    `lambda name, nightly: open_rendering(name).render(nightly)` of `reports.nightly.registry`.

    Returns what went wrong, a sentence each; empty where everybody was told.
    """
    problems = []
    for teller, table in _asked(nightly, settings):
        try:
            teller.tell(nightly, table, render)
        except TellingError as error:
            problems.append(f"{teller.name} could not be told of this night: {error}")
    return problems


def _asked(nightly: Nightly, settings: Tell) -> Iterator[tuple[Teller, Any]]:
    for name, monitor in (("textfile", settings.textfile), ("pushgateway", settings.pushgateway)):
        if monitor is not None:
            yield TELLERS[name], monitor
    people = [("webhook", hook) for hook in settings.webhook]
    people += [("mail", settings.mail)] if settings.mail is not None else []  # type: ignore[list-item]
    for name, table in people:
        if is_due(nightly, table.on or settings.on):
            yield TELLERS[name], table

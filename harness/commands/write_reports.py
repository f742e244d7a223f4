"""The page of a run and its comparison.json as they may be shared, and the page that keeps the devices' own names."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING

from harness.documents.folder import write_atomically, write_model

if TYPE_CHECKING:
    from harness.documents.comparison import Comparison
    from harness.documents.folder import RunFolder


def write_reports(folder: RunFolder, comparison: Comparison) -> None:
    """comparison.shared.json and report.html, in which nothing tells of the network. Raises `DiskError`."""
    from reports.html import render_html

    told = shareable(comparison)
    write_model(folder.shared_comparison, told)
    write_atomically(folder.report, render_html(told, folder.path).encode())


def write_local_report(folder: RunFolder, comparison: Comparison) -> None:
    """report.local.html, with everything that comparison.json tells. Raises `DiskError`."""
    from reports.html import render_html

    write_atomically(folder.local_report, render_html(comparison, folder.path).encode())


def shareable(comparison: Comparison) -> Comparison:
    """The comparison without what it tells of its maker's network, and of this computer and its user."""
    from reports.shared_copy import shared

    return shared(comparison, names_of_this_computer())


def names_of_this_computer() -> list[str]:
    """Of the computer and of its user: what no page tells."""
    names = [socket.gethostname()]
    try:
        names.append(getpass.getuser())
    except (KeyError, OSError):  # a user without a name has none to leave out
        return names
    return names

"""Every export by its name. Loads none of them: a command line is read before anything heavy is."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reports.exports.export import Export

EXPORTS: Final = {
    "html": "html_page",
    "json": "json_document",
    "markdown": "markdown_summary",
    "csv": "csv_contrasts",
    "csv-rules": "csv_rules",
    "junit": "junit",
    "openmetrics": "openmetrics",
    "pdf": "pdf",
}
"""Name → file in this folder, whose `EXPORT` it is. A new one is a file like its neighbours and a line here."""


def open_export(name: str) -> Export:
    """The export of this name. Raises KeyError for one that is not in `EXPORTS`."""
    export: Export = importlib.import_module(f"reports.exports.{EXPORTS[name]}").EXPORT
    return export

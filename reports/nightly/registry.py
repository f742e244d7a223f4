"""Every rendering of a night by its name. Loads none of them: a command line is read before anything heavy is."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reports.nightly.rendering import Rendering

RENDERINGS: Final = {
    "html": "html_page",
    "markdown": "markdown",
    "junit": "junit",
    "github-annotations": "github_annotations",
    "github-summary": "github_summary",
    "mail": "mail_text",
    "webhook": "webhook_json",
    "prometheus": "prometheus_text",
    "openmetrics": "openmetrics",
    "json": "json_document",
}
"""Name → file in this folder, whose `RENDERING` it is. A new one is a file like its neighbours and a line here."""


def open_rendering(name: str) -> Rendering:
    """The rendering of this name. Raises KeyError for one that is not in `RENDERINGS`."""
    rendering: Rendering = importlib.import_module(f"reports.nightly.{RENDERINGS[name]}").RENDERING
    return rendering

"""What every page has: templates that escape, numbers in one wording, and one style."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from reports import format as fmt
from reports.inert_text import inert

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def page_environment() -> Environment:
    """Templates with `fmt` and `style`; whatever text they put in is inert and escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from reports.compiled_templates import CompiledTemplates

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert_unless_markup,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=CompiledTemplates(),
    )
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    environment.globals.update(fmt=fmt, style=style)
    return environment


def _inert_unless_markup(value: Any) -> Any:
    # Every text that a template puts into the page comes through here before it is escaped.
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value

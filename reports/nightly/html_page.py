"""The night as one page: no network, no JavaScript, sparklines inside; its links lead to the reports beside it."""

from __future__ import annotations

from markupsafe import Markup

from harness.documents.nightly import Nightly
from reports.nightly import night_parts
from reports.nightly.night_page import lay_out, link_to
from reports.nightly.rendering import Rendering
from reports.page_environment import TEMPLATES, page_environment


def _render(nightly: Nightly) -> bytes:
    environment = page_environment()
    night_style = Markup((TEMPLATES / "night.css").read_text(encoding="utf-8"))
    environment.globals.update(parts=night_parts, link_to=link_to, night_style=night_style)
    return environment.get_template("night.html.j2").render(page=lay_out(nightly), night=nightly).encode()


RENDERING = Rendering("html", "index.html", "one page with everything in it", _render)

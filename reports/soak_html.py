"""A soak's result.json as one HTML file: no network, no JavaScript, charts inside."""

from __future__ import annotations

from harness.documents.soak_result import SoakResult
from reports.page_environment import page_environment
from reports.soak_page import at, hours, soak_figures, soak_section


def render_soak_html(soak: SoakResult) -> str:
    """The page of `soak`. The same result gives the same text."""
    environment = page_environment()
    environment.globals.update(at=at, hours=hours)
    sections = [
        (soak_section(soak, device), soak_figures(device, f"device-{index}"))
        for index, device in enumerate(soak.devices)
    ]
    return environment.get_template("soak.html.j2").render(soak=soak, sections=sections)

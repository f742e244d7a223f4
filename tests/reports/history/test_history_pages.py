"""Pages, pictures and texts of the history and the journal: whole, silent, and safe from hostile names."""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from harness.documents.history import HistoryList, HistoryMark, HistoryResult, HistorySeries, HistoryShown
from harness.documents.journal import Journal, JournalEntry
from harness.documents.nightly import CommitOfModel, SeriesName
from reports.history.course import MANY_NIGHTS, in_words
from reports.history.html import render_history_html
from reports.history.journal_html import render_journal_html
from reports.history.journal_markdown import render_journal_markdown
from reports.history.picture import render_picture
from reports.history.terminal import render_history_list, render_history_series
from tests.reports.parsed_page import by_id, elements, local_name, parse, seen_text
from tests.reports.sample_comparison import HOSTILE_NAMES

HOSTILE = " ".join(HOSTILE_NAMES)


def result(
    night: int, name: SeriesName, estimate: float | None, *, scale: Literal["ratio", "difference"]
) -> HistoryResult:
    day = (date(2026, 1, 1) + timedelta(days=night)).isoformat()
    half = 0.01 if scale == "ratio" else 0.02
    return HistoryResult(
        name=name,
        suite=HOSTILE,
        night=day,
        measured_at=f"{day}T03:00:00+00:00",
        attempt=1 + night % 2,
        scale=scale,
        unit="ns" if scale == "ratio" else "dB",
        better="lower" if scale == "ratio" else "higher",
        estimate=estimate,
        low=None if estimate is None else estimate - half,
        high=None if estimate is None else estimate + half,
        level=0.95,
        n=10,
        baseline_value=1.0,
        candidate_value=1.0,
        unavailable=None if estimate is not None else HOSTILE,
        words="10 % faster" if estimate is not None else f"unavailable: {HOSTILE}",
        decision="ship",
        run_id=HOSTILE,
        host=HOSTILE,
        folder=HOSTILE,
        environment="0" * 16,
        design="0" * 16,
        commits=[
            CommitOfModel(
                arm="a",
                repository="r",
                ref="main",
                sha="0" * 40,
                path="p",
                message=HOSTILE,
                author=HOSTILE,
                committed_at="2026-01-01T00:00:00Z",
            )
        ],
    )


def series(nights: int, *, name: str = HOSTILE, quantity: str = "latency_p50") -> HistorySeries:
    scale: Literal["ratio", "difference"] = "ratio" if quantity == "latency_p50" else "difference"
    key = SeriesName(experiment=name, device=name, candidate=name, quantity=quantity)
    estimates = [None if night % 7 == 3 else 0.9 + 0.001 * (night % 5) for night in range(nights)]
    return HistorySeries(
        name=key,
        suite=name,
        label="Latency, median",
        scale=scale,
        unit="ns" if scale == "ratio" else "dB",
        better="lower",
        results=[result(night, key, estimate, scale=scale) for night, estimate in enumerate(estimates)],
        marks=[
            HistoryMark(night="2026-01-02", kind="change", text=name, is_worse=True),
            HistoryMark(night="2026-01-03", kind="note", text=name),
            HistoryMark(night="no date", kind="note", text=name),
        ],
    )


def shown(*of: HistorySeries) -> HistoryShown:
    return HistoryShown(bakeoff_version="0.1.0", history="sqlite:////h.db", series=list(of))


def journal(text: str) -> Journal:
    return Journal(
        bakeoff_version="0.1.0",
        history="sqlite:////h.db",
        entries=[
            JournalEntry(
                at="2026-01-02T00:00:00Z",
                day="2026-01-02",
                kind=kind,
                title=text,
                text=f"{text}\nand more",
                details=[text],
                decision="hold" if kind == "verdict" else None,
                is_worse=True if kind == "change" else None,
                factor=text,
                question=text,
                run_id=text,
            )
            for kind in ("note", "verdict", "change")
        ],
        left_out=2,
        open_question=text,
    )


PAGES = {
    "history": lambda: render_history_html(shown(series(20), series(MANY_NIGHTS + 5, quantity="psnr_y"))),
    "journal": lambda: render_journal_html(journal(HOSTILE)),
    "empty journal": lambda: render_journal_html(journal("x").model_copy(update={"entries": []})),
}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


def test_a_page_is_well_formed_and_loads_nothing(page: str) -> None:
    tree = parse(page)
    assert "h.db" not in page
    policy = next(e for e in elements(tree, "meta") if e.get("http-equiv") == "Content-Security-Policy")
    assert policy.attrib["content"].startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert elements(tree, "script") == []
    for element in tree.iter():
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on")
            if attribute in {"href", "src"} or attribute.endswith("}href"):
                assert value.startswith("#")


def test_a_page_obeys_nothing_of_what_strangers_wrote(page: str) -> None:
    assert "<script>alert" not in page
    for character in "\x1b\u202e\u2066\x07\x00":
        assert character not in page


def test_a_page_can_be_read_without_eyes(page: str) -> None:
    tree = parse(page)
    assert len(elements(tree, "main")) == 1
    levels = [int(local_name(e)[1]) for e in tree.iter() if re.fullmatch("h[1-6]", local_name(e))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    identifiers = [e.attrib["id"] for e in tree.iter() if "id" in e.attrib]
    assert len(set(identifiers)) == len(identifiers)
    for chart in (e for e in elements(tree, "svg") if e.get("role") == "img"):
        for name in chart.attrib["aria-labelledby"].split():
            assert (by_id(tree, name).text or "").strip()
    for section in elements(tree, "section"):
        assert all(seen_text(by_id(tree, name)) for name in section.attrib["aria-labelledby"].split())


def test_the_same_series_give_the_same_bytes() -> None:
    one = shown(series(5, name="sr"))
    assert render_history_html(one) == render_history_html(one)
    assert render_picture(one, "svg") == render_picture(one, "svg")
    assert render_picture(one, "png") == render_picture(one, "png")


@pytest.mark.parametrize("nights", [1, 5, MANY_NIGHTS + 1])
def test_a_picture_shows_something(nights: int) -> None:
    png = render_picture(shown(series(nights), series(nights, quantity="psnr_y")), "png")
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
    svg = render_picture(shown(series(nights)), "svg")
    ET.fromstring(svg)
    assert b"\x1b" not in svg
    assert b"<script" not in svg


def test_a_chart_is_told_in_words() -> None:
    words = in_words(series(5, name="sr")).replace("\N{NO-BREAK SPACE}", " ")
    assert words == "4 values from −10.00 to −9.60 % against the baseline, 2026-01-01 to 2026-01-05, and 3 marks."
    assert in_words(series(0, name="sr")) == "No night has a value."


def test_markdown_has_no_markup_of_strangers() -> None:
    text = render_journal_markdown(journal(HOSTILE))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert re.search(r"(?<!\\)<", text) is None
    assert re.search(r"(?<!\\)\]\(", text) is None
    # Nothing but our own lists, headings and strong words begins a line.
    for line in text.splitlines():
        assert re.match(r"$|# Journal$|\*2 older|## 2026|- \*\*|  - |  \S|\*\*Open", line), line
    assert "and more" in text


def test_a_terminal_of_80_columns_shows_what_strangers_wrote_and_obeys_none_of_it() -> None:
    one = series(12)
    for draw in (
        lambda console: render_history_series(shown(one), console),
        lambda console: render_history_list(
            HistoryList(history="h", results=one.results[::-1], has_more=True), console
        ),
        lambda console: render_history_list(HistoryList(history="h", results=[], has_more=False), console),
    ):
        output = io.StringIO()
        draw(Console(file=output, width=80, color_system=None))
        said = output.getvalue()
        assert said
        assert max(map(len, said.splitlines())) <= 80
        for character in "\x1b\u202e\u2066\x07":
            assert character not in said

"""The night's page: whole, honest where nothing is known, and safe from hostile names."""

from __future__ import annotations

import re

import pytest

from harness.documents.nightly import Nightly, SeriesPoint
from reports.charts.sparkline import sparkline
from reports.nightly.night_page import link_to
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample
from tests.reports.parsed_page import by_class, by_id, elements, parse, seen_text


def page(nightly: Nightly) -> str:
    return open_rendering("html").render(nightly).decode()


@pytest.fixture(scope="module")
def whole() -> str:
    return page(sample.night())


def test_the_same_night_is_the_same_bytes(whole):
    assert page(sample.night()) == whole


def test_it_says_how_the_night_came_out_what_changed_since_when_and_how_sure(whole):
    tree = parse(whole)
    assert seen_text(by_id(tree, "outcome")).startswith("Latency got worse on 2 devices since commit 1f2e3d4")
    changes = seen_text(by_id(tree, "changes"))
    for words in (
        "regression, confirmed",
        "seen again when it was measured a second time",
        "1f2e3d4c5b “prune the tail” by Ada",
        "onnxruntime was updated on local: 1.31.0 to 1.32.0",
        "drift, suspected, not measured again",
        "1 change that an earlier night told of",
    ):
        assert words in changes
    assert "between the nights of 2026‑11‑29 and 2026‑11‑30" in changes


def test_a_confirmed_regression_stands_before_all_else():
    nightly = sample.night()
    backwards = nightly.model_copy(update={"changes": list(reversed(nightly.changes))})
    first = by_class(by_id(parse(page(backwards)), "changes"), "change")[0]
    assert seen_text(first).startswith("regression, confirmed")


def test_what_could_not_be_measured_is_named_with_its_reason(whole):
    said = seen_text(by_id(parse(whole), "unmeasured"))
    assert "quarantined denoiser on adb:R5CT30ABCDE: it failed 3 times in a row" in said
    assert "out of time classifier on ssh://pi@bench-4: 12 of 180 minutes were left" in said
    assert "2026-11-21, 2026-11-12" in said


def test_every_job_has_its_verdict_and_a_link_to_its_report(whole):
    verdicts = by_id(parse(whole), "verdicts")
    assert [link.get("href") for link in elements(verdicts, "a")] == [
        "runs/upscaler-0/report.html",
        "runs/upscaler-1/report.html",
        "runs/denoiser-0/report.html",
    ]


def test_every_series_has_a_sparkline_that_says_in_words_what_it_shows(whole):
    tree = parse(whole)
    drawn = [each.get("aria-label") for each in by_class(by_id(tree, "series"), "spark")]
    assert len(drawn) == len(sample.night().series)
    assert drawn[0].startswith("Latency, median on 37 nights from 2026-10-22 to 2026-11-30: between ")


def test_a_night_that_is_missing_is_a_gap_and_a_change_is_marked():
    drawn = sparkline(sample.series("e", "d", "latency_p50", nights=23), ["2026-11-28"])
    assert drawn is not None
    assert drawn.count("<polyline") == 3
    assert drawn.count("spark-change") == 1


def test_numbers_that_are_none_are_left_out_of_a_sparkline():
    series = sample.series("e", "d", "latency_p50", nights=3)
    odd = SeriesPoint(night="2026-11-20", effect=float("nan"), low=float("-inf"), high=float("inf"))
    wide = SeriesPoint(night="2026-11-21", effect=0.9, low=float("-inf"), high=float("inf"))
    drawn = sparkline(series.model_copy(update={"points": [odd, wide, *series.points]}))
    assert drawn is not None
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert sparkline(series.model_copy(update={"points": [odd]})) is None


def test_what_is_unavailable_is_said_and_never_a_zero(whole):
    devices = seen_text(by_id(parse(whole), "devices"))
    assert "unavailable: this computer has no battery" in devices
    assert "unavailable: no sensor can be read" in devices


def test_a_night_without_anything_is_not_fine():
    tree = parse(page(sample.empty_night()))
    assert "Not measured" in seen_text(by_class(tree, "decision")[0])
    assert "nobody knows" in seen_text(by_id(tree, "changes"))
    assert "not kept in postgresql://bench@db/bakeoff: no connection; 3 runs wait" in seen_text(by_id(tree, "about"))


def test_nothing_new_is_said_so():
    assert "Nothing new." in seen_text(by_id(parse(page(sample.fine_night())), "changes"))


def test_hostile_text_is_inert_wherever_it_stands():
    text = page(sample.hostile_night())
    tree = parse(text)
    assert not elements(tree, "script")
    assert not elements(tree, "b")
    assert not [name for each in tree.iter() for name in each.attrib if name.startswith("on")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    for link in elements(tree, "a"):
        assert re.match(r"#|[^:]*$", link.get("href")), link.get("href")


def test_the_page_forbids_itself_everything_but_its_own_style(whole):
    policies = [each.get("content") for each in elements(parse(whole), "meta") if each.get("http-equiv")]
    assert policies == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]
    assert not re.search(r"url\((?!#)|@import|src=|srcset=", whole)


def test_every_identifier_is_there_once_and_every_link_leads_somewhere(whole):
    tree = parse(whole)
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    inner = [link.get("href")[1:] for link in elements(tree, "a") if link.get("href").startswith("#")]
    assert set(inner) <= set(ids)
    named = [each.get("aria-labelledby") for each in tree.iter() if each.get("aria-labelledby")]
    assert {name for names in named for name in names.split()} <= set(ids)


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("runs/a b/report.html", "runs/a%20b/report.html"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.example.org/x", None),
        ("/etc/passwd", None),
        ("\\\\evil\\x", None),
        (None, None),
        ("", None),
    ],
)
def test_a_link_leads_to_no_other_place_than_beside_the_page(path, link):
    assert link_to(path) == link


def test_two_hundred_series_of_ninety_nights_are_a_page_of_a_few_megabytes():
    many = [sample.series("upscaler", f"d{n // 5}", sample.QUANTITY_NAMES[n % 5], nights=90) for n in range(200)]
    assert len(page(sample.night(series=many))) < 3_000_000

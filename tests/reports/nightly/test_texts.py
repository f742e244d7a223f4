"""The night as Markdown, as a letter and as a webhook's JSON: what is said, how long it gets, and what is escaped."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from harness.documents.nightly import ChangeKind, Confirmation, DeviceStatus, JobStatus, Nightly, NightOutcome
from reports.nightly import mail_text, webhook_json
from reports.nightly.github_summary import MOST_BYTES
from reports.nightly.registry import RENDERINGS, open_rendering
from tests.reports.nightly import sample_night as sample

NIGHTS = {"whole": sample.night(), "fine": sample.fine_night(), "empty": sample.empty_night()}


def rendered(name: str, nightly: Nightly) -> str:
    return open_rendering(name).render(nightly).decode()


@pytest.mark.parametrize("name", RENDERINGS)
@pytest.mark.parametrize("which", NIGHTS)
def test_every_night_has_every_form_and_the_same_bytes_again(name, which):
    assert rendered(name, NIGHTS[which]) == rendered(name, NIGHTS[which])
    assert open_rendering(name).name == name


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_word_of_the_schema_has_its_place_in_every_form(name):
    whole = NIGHTS["whole"]
    nightly = sample.night(
        jobs=[whole.jobs[0].model_copy(update={"status": status}) for status in get_args(JobStatus)],
        devices=[sample.device(status, status=status) for status in get_args(DeviceStatus)],
        changes=[
            sample.change(number, kind=kind, confirmation=confirmation)
            for number, (kind, confirmation) in enumerate(product(get_args(ChangeKind), get_args(Confirmation)))
        ],
    )
    for outcome in get_args(NightOutcome):
        assert rendered(name, nightly.model_copy(update={"outcome": outcome}))


def test_every_form_has_a_file_of_its_own():
    names = [open_rendering(name).file_name for name in RENDERINGS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["markdown", "mail"])
def test_a_text_says_what_changed_since_when_and_what_could_not_be_measured(name):
    said = " ".join(rendered(name, NIGHTS["whole"]).split())
    for words in (
        "REGRESSION",
        "prune the tail",
        "between the nights of 2026-11-29 and 2026-11-30",
        "seen again when it was measured a second time",
        "12 of 180 minutes were left",
        "2026-11-21, 2026-11-12",
    ):
        assert words in said


def test_markdown_of_strangers_is_text():
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(rendered("markdown", sample.hostile_night()))
    tags = set(re.findall(r"<(/?\w+)", html))
    assert {tag.removeprefix("/") for tag in tags} <= {
        "h1", "h2", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert "@team" not in html


def test_a_letter_has_no_line_that_is_longer_than_a_mail_may_have():
    for line in rendered("mail", sample.hostile_night()).splitlines():
        assert len(line.encode()) < 998
    assert max(map(len, rendered("mail", NIGHTS["whole"]).splitlines())) <= mail_text.COLUMNS


def test_what_is_long_is_cut_and_the_rest_is_counted():
    changes = [
        sample.change(n, members=[sample.member("upscaler", f"d{m}", "latency_p50") for m in range(50)])
        for n in range(60)
    ]
    nightly = sample.night(changes=changes, warnings=["x" * 3000] * 900)
    markdown = rendered("markdown", nightly)
    assert "And 40\u00a0more changes." in markdown
    assert "and 42 more series" in markdown
    assert len(rendered("github-summary", nightly).encode()) <= MOST_BYTES
    assert len(json.loads(rendered("webhook", nightly))["text"]) <= webhook_json.MOST_CHARACTERS


def test_a_summary_for_github_is_cut_at_the_end_of_a_line():
    nightly = sample.night(warnings=["é" * 30_000] * 100)
    said = open_rendering("github-summary").render(nightly)
    assert len(said) <= MOST_BYTES
    assert said.decode().endswith("This summary is cut short here: see the page.\n")


def test_a_webhook_s_json_has_stable_fields_and_only_what_is_new():
    told = json.loads(rendered("webhook", NIGHTS["whole"]))
    assert (told["schema"], told["outcome"], told["exit_code"], told["regressions"]) == (
        "bakeoff.told/1",
        "regression",
        1,
        1,
    )
    assert [change["id"] for change in told["changes"]] == [f"{n:016x}" for n in (1, 2, 3, 4)]
    assert told["jobs"] == {"measured": 2, "partly": 1, "quarantined": 1, "out of time": 1}
    assert [each["status"] for each in told["not_measured"]] == ["partly", "quarantined", "out of time"]


def test_a_webhook_s_json_holds_no_number_that_is_none():
    series = [sample.series("e", "d", "latency_p50")]
    odd = sample.member("e", "d", "latency_p50").model_copy(update={"before": float("nan"), "after": float("inf")})
    nightly = sample.night(series=series, changes=[sample.change(1, members=[odd])])
    json.loads(rendered("webhook", nightly), parse_constant=pytest.fail)


def test_a_reason_of_two_lines_is_told_on_one():
    job = sample.empty_night().jobs[0].model_copy(update={"reason": "it is gone\n  Plug it in."})
    said = rendered("markdown", sample.empty_night(jobs=[job]))
    assert "upscaler on adb:R5CT30ABCDE: it is gone. Plug it in" in said

"""Groups of items stand on the page, in the terminal and in Markdown, and so do reservations about what ships."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.documents.comparison import Comparison, GroupOutcome, GroupResult, NoEffect
from reports.exports.markdown_summary import EXPORT
from reports.html import render_html
from reports.shared_copy import shared
from reports.terminal import render_terminal
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, parse, seen_text


def group(name: str, outcome: GroupOutcome, difference: float, reason: str) -> GroupResult:
    contrast = sample.score_contrast(sample.INT8, "psnr_y", 31.0, difference, 0.05, "worse", "0.4 dB lower")
    if outcome == "unavailable":
        contrast = contrast.model_copy(update={"effect": NoEffect(reason="no output")})
    return GroupResult(
        group=name, items=12, contrast=contrast, outcome=outcome, p_value=0.01, effect_bound=-0.1, reason=reason
    )


def grouped(folder: Path, name: str = "night") -> Comparison:
    comparison = sample.comparison(folder, devices=["local"], images=1)
    groups = [
        group(name, "worse", -0.4, "On it PSNR (Y) is 0.4 dB lower, beyond the 0.10 dB."),
        group("day", "within", 0.01, "On day PSNR (Y) shows no difference larger than 0.02 dB."),
        group("faces", "too few", -0.2, "Only 4 images of faces."),
        group("text", "unavailable", 0.0, "On text PSNR (Y) is not known: no output."),
    ]
    device = comparison.devices[0].model_copy(update={"groups": groups})
    verdict = comparison.verdicts[0].model_copy(
        update={"decision": "ship", "sentence": f"Ship it. But it is worse on {name}.", "reservations": ["night"]}
    )
    return comparison.model_copy(
        update={"devices": [device], "verdicts": [verdict], "item_groups": {name: ["butterfly"]}}
    )


def test_each_group_has_its_bar_its_numbers_and_its_outcome(tmp_path: Path) -> None:
    page = parse(render_html(grouped(tmp_path), tmp_path))
    (table,) = by_class(page, "groups")
    text = seen_text(table)
    for words in ("night 12 images", "worse", "within", "too few", "unavailable", "0.4 dB lower, beyond the 0.10 dB"):
        assert words in text
    assert len(by_class(table, "bar")) == 3
    assert len(by_class(table, "bar-bound")) == 3


def test_a_build_that_ships_with_reservations_is_not_shown_as_a_plain_ship(tmp_path: Path) -> None:
    comparison = grouped(tmp_path)
    (decision,) = by_class(parse(render_html(comparison, tmp_path)), "decision")
    assert seen_text(decision) == "Ship, with reservations"
    plain = comparison.verdicts[0].model_copy(update={"reservations": []})
    page = render_html(comparison.model_copy(update={"verdicts": [plain]}), tmp_path)
    assert seen_text(by_class(parse(page), "decision")[0]) == "Ship"


def test_nothing_is_said_of_groups_where_there_are_none(tmp_path: Path) -> None:
    page = parse(render_html(sample.comparison(tmp_path, images=1), tmp_path))
    assert by_class(page, "groups") == []
    assert "Groups of images" not in seen_text(page)


def test_the_terminal_and_markdown_tell_them_too(tmp_path: Path) -> None:
    comparison = grouped(tmp_path)
    console = Console(file=io.StringIO(), width=80)
    render_terminal(comparison, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    markdown = EXPORT.render(comparison, tmp_path).decode()
    assert "SHIP, WITH RESERVATIONS" in printed
    assert "worse: On it PSNR (Y)" in " ".join(printed.split()).replace("\u00a0", " ")
    assert "**SHIP, WITH RESERVATIONS**" in markdown
    assert "### Groups of images" in markdown
    assert "| night | worse |" in markdown


@pytest.mark.parametrize("name", sample.HOSTILE_NAMES)
def test_a_hostile_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    page = render_html(grouped(tmp_path, name), tmp_path)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    parse(page)


def test_groups_stay_in_what_is_shared(tmp_path: Path) -> None:
    copy = shared(grouped(tmp_path))
    assert copy.item_groups == {"night": ["butterfly"]}
    assert [one.group for one in copy.devices[0].groups] == ["night", "day", "faces", "text"]

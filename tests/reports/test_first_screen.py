"""The first screen: the answer, how every rule stands on every device, and what would change it, without scrolling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.documents.comparison import Comparison, Decision, MoreNeeded, RuleOutcome, RuleResult
from reports.first_screen import first_screens, state_of
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import box, opened
from tests.reports.parsed_page import by_class, elements, parse, seen_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return sample.comparison(tmp_path_factory.mktemp("run"), images=0)


def written(comparison: Comparison, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(render_html(comparison, folder), encoding="utf-8")
    return page


def with_rules(comparison: Comparison, rules: list[RuleResult], decision: Decision = "undecided") -> Comparison:
    verdict = comparison.verdicts[0].model_copy(update={"decision": decision})
    devices = [device.model_copy(update={"rules": rules}) for device in comparison.devices]
    return comparison.model_copy(update={"devices": devices, "verdicts": [verdict]})


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("devices", [1, 2, 3, 4, 7, 12])
def test_question_verdict_matrix_and_what_would_change_it_need_no_scrolling(
    chromium: Browser, tmp_path: Path, width: int, height: int, devices: int
) -> None:
    names = ["adb:R5CT30ABCDE", "ssh://pi@bench-4", *(f"adb:192.168.178.{place}:5555" for place in range(devices))]
    comparison = sample.comparison(tmp_path, devices=names[:devices], images=0)
    light = [device.model_copy(update={"latency": [], "courses": []}) for device in comparison.devices]
    page = written(comparison.model_copy(update={"devices": light}), tmp_path)
    with opened(chromium, page, width, height) as shown:
        for part in (".question", ".verdict h2", ":is(.matrix, .folded):visible", ".plainly", ".changes"):
            left, top, right, bottom = box(shown, part)
            assert left >= 0
            assert top >= 0
            assert right <= width
            assert bottom <= height, part


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_cell_of_the_matrix_runs_into_its_neighbour(chromium: Browser, tmp_path: Path, width: int) -> None:
    devices = [f"adb:{'device' * 4}{place}" for place in range(3)]
    page = written(sample.comparison(tmp_path, devices=devices, images=0), tmp_path)
    script = (
        "[...document.querySelectorAll('.matrix td')].filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
    )
    with opened(chromium, page, width) as shown:
        assert shown.evaluate(script) == 0


@pytest.mark.parametrize(
    ("outcome", "doubted", "state"),
    [
        ("met", None, "met"),
        ("broken", None, "broken"),
        ("open", None, "not enough data"),
        ("open", "the clock is coarse", "doubted"),
        ("unavailable", None, "unavailable"),
    ],
)
def test_each_state_has_its_word_and_a_shape_of_its_own(
    comparison: Comparison, tmp_path: Path, outcome: RuleOutcome, doubted: str | None, state: str
) -> None:
    rule = sample.rules(sample.INT8, ("met", "met", "met"))[0].model_copy(
        update={"outcome": outcome, "doubted": doubted}
    )
    assert state_of(rule) == state
    tree = parse(render_html(with_rules(comparison, [rule]), tmp_path))
    cell = elements(by_class(tree, "matrix")[0], "td")[0]
    assert seen_text(cell) == f"{state} −31.0 % 41.23 → 28.45 ms"
    drawn = {path.attrib["d"] for path in elements(cell, "path")}
    assert drawn


def test_no_two_states_share_a_shape(comparison: Comparison, tmp_path: Path) -> None:
    met, broken, unsure = sample.rules(sample.INT8, ("met", "broken", "open"))
    doubted = unsure.model_copy(update={"doubted": "it is", "rule": "another"})
    gone = unsure.model_copy(update={"outcome": "unavailable", "rule": "a third"})
    tree = parse(render_html(with_rules(comparison, [met, broken, unsure, doubted, gone]), tmp_path))
    rows = elements(by_class(tree, "matrix")[0], "tr")[1:]
    shapes = [tuple(path.attrib["d"] for path in elements(row, "path")) for row in rows]
    assert len(set(shapes)) == 5


def test_what_would_change_it_names_the_cost(comparison: Comparison) -> None:
    more = MoreNeeded(
        replicates=12, replicate="pair of blocks", seconds=236.0, words="about 12 more pairs, about 4 minutes"
    )
    rule = sample.rules(sample.INT8, ("open", "met", "met"))[0].model_copy(update={"more": more})
    screen = first_screens(with_rules(comparison, [rule]))[0]
    assert screen.would_change == [
        "Latency, median on adb:R5CT30ABCDE and ssh://pi@bench-4: about 12 more pairs, about 4 minutes."
    ]


def test_more_of_what_is_doubted_or_broken_is_not_asked_for(comparison: Comparison) -> None:
    rules = sample.rules(sample.INT8, ("met", "broken", "open"))
    assert (
        first_screens(with_rules(comparison, rules, "hold"))[0].would_change[0].startswith("More measuring would not")
    )
    doubted = rules[2].model_copy(update={"doubted": "too few images", "more": None})
    screen = first_screens(with_rules(comparison, [doubted]))[0]
    assert screen.would_change[0].endswith("more of the same would not settle it, since it is doubted: too few images.")


def test_a_rate_stands_once_with_the_devices_it_is_of(comparison: Comparison, tmp_path: Path) -> None:
    tree = parse(render_html(comparison, tmp_path))
    told = [seen_text(item) for item in elements(by_class(tree, "plainly")[0], "li")]
    assert told == ["35 images a second instead of 24 on adb:R5CT30ABCDE and ssh://pi@bench-4"]


def test_arms_that_differ_in_more_than_one_factor_are_said_to_at_the_top(
    comparison: Comparison, tmp_path: Path
) -> None:
    baseline, candidate = comparison.arms
    changed = candidate.model_copy(update={"differs_in": ["model", "runtime"]})
    tree = parse(render_html(comparison.model_copy(update={"arms": [baseline, changed]}), tmp_path))
    assert "more than one thing (model, runtime)" in seen_text(by_class(tree, "confounded")[0])
    assert by_class(parse(render_html(comparison, tmp_path)), "confounded") == []


def test_a_device_without_a_result_is_in_the_matrix(comparison: Comparison, tmp_path: Path) -> None:
    first, second = comparison.devices
    gone = second.model_copy(
        update={"rules": [], "contrasts": [], "status": "failed", "problem": "It does not answer.\n  Plug it in."}
    )
    changed = comparison.model_copy(update={"devices": [first, gone]})
    cells = elements(by_class(parse(render_html(changed, tmp_path)), "matrix")[0], "td")
    assert [seen_text(cell) for cell in cells[1::2]] == ["not judged"] * 3
    assert "ssh://pi@bench-4: It does not answer." in first_screens(changed)[0].would_change


def test_twelve_devices_and_five_candidates_have_a_cell_each(tmp_path: Path) -> None:
    names = [f"candidate {place}" for place in range(5)]
    many = sample.comparison(tmp_path, candidates=names, devices=[f"adb:{place}" for place in range(12)], images=0)
    light = [device.model_copy(update={"latency": []}) for device in many.devices]
    tree = parse(render_html(many.model_copy(update={"devices": light}), tmp_path))
    assert [len(elements(table, "td")) for table in by_class(tree, "matrix")] == [36] * 5
    assert [seen_text(item) for item in elements(by_class(tree, "answers")[0], "li")] == [
        f"{name} undecided" for name in names
    ]


def with_outcomes(comparison: Comparison, outcomes: list[RuleOutcome]) -> Comparison:
    devices = [
        device.model_copy(update={"rules": sample.rules(sample.INT8, (outcome, "met", "met"))[:1]})
        for device, outcome in zip(comparison.devices, outcomes, strict=True)
    ]
    return comparison.model_copy(update={"devices": devices})


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (["met"] * 3, ["met −31.0 % on all 3 devices"]),
        (["met", "met", "broken"], ["broken −31.0 % on adb:2", "met −31.0 % on adb:0 and adb:1"]),
        (
            ["met"] * 4 + ["open"],
            ["not enough data −31.0 % on adb:4", "met −31.0 % on 4 of 5 devices"],
        ),
    ],
)
def test_devices_that_agree_are_one_line_and_the_worst_is_first(
    tmp_path: Path, outcomes: list[RuleOutcome], told: list[str]
) -> None:
    many = sample.comparison(tmp_path, devices=[f"adb:{place}" for place in range(len(outcomes))], images=0)
    tree = parse(render_html(with_outcomes(many, outcomes), tmp_path))
    assert [seen_text(line) for line in elements(by_class(tree, "folded")[0], "dd")] == told
    assert len(elements(by_class(tree, "matrix")[0], "td")) == len(outcomes)


def test_effects_that_differ_are_told_by_the_least_and_the_most(tmp_path: Path) -> None:
    many = sample.comparison(tmp_path, devices=["adb:0", "adb:1", "local"], images=0)
    first, *rest = many.devices
    slower = sample.contrasts(sample.INT8, speed=0.78)
    changed = many.model_copy(update={"devices": [first.model_copy(update={"contrasts": slower}), *rest]})
    line = first_screens(changed)[0].lines[0]
    assert [(group.state, group.effect) for group in line.groups] == [
        ("met", "−31.0\N{NO-BREAK SPACE}% to −22.0\N{NO-BREAK SPACE}%")
    ]

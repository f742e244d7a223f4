"""The HTML report: what it says, in which order, and that nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from harness.documents.comparison import ArmOnDevice, Comparison, DeviceResult, OwnValue, RuleResult, Verdict
from harness.quantity import QUANTITIES
from reports.first_screen import state_of
from reports.html import render_html
from reports.page_environment import TEMPLATES
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, by_id, elements, local_name, parse, seen_text


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def comparison(run_folder: Path) -> Comparison:
    return sample.comparison(run_folder)


@pytest.fixture(scope="module")
def page(comparison: Comparison, run_folder: Path) -> str:
    return render_html(comparison, run_folder)


def with_first_device(comparison: Comparison, **changes: Any) -> Comparison:
    first, *others = comparison.devices
    return comparison.model_copy(update={"devices": [first.model_copy(update=changes), *others]})


def test_the_same_comparison_is_the_same_bytes(comparison: Comparison, run_folder: Path, page: str) -> None:
    again = Comparison.model_validate_json(comparison.model_dump_json())
    assert render_html(again, run_folder) == page


def test_the_page_is_well_formed_and_reads_verdict_rules_devices_warnings_method(page: str) -> None:
    headings = [seen_text(h) for h in parse(page).iter() if local_name(h) in {"h1", "h2"}]
    assert headings == [
        "Super-resolution, int8 against float",
        "int8 (quantised) is 31 % faster and a quarter of the size, but whether it looks worse is still open.",
        "Why: the rules, written down before the run",
        "Device adb:R5CT30ABCDE",
        "Device ssh://pi@bench-4",
        "Ask people, blind",
        "Warnings",
        "Method and environment",
    ]


def test_the_runner_of_each_device_is_shown_with_its_reason_and_the_libraries_with_their_hash(page: str) -> None:
    shown = seen_text(parse(page))
    assert "Measured by native runner (Android has no Python of its own)" in " ".join(shown.split())
    assert "Measured by python runner (only Python may have tflite-runtime 2.14.0)" in " ".join(shown.split())
    assert f"libLiteRt.so, SHA-256 {'5e' * 32}, from a folder of mine <b>" in shown


@pytest.mark.parametrize(("decision", "word"), [("ship", "Ship"), ("hold", "Hold"), ("undecided", "Undecided")])
def test_the_verdict_is_a_word_and_a_shape_and_a_colour_of_its_own(
    comparison: Comparison, run_folder: Path, decision: str, word: str
) -> None:
    verdict = comparison.verdicts[0].model_copy(update={"decision": decision})
    tree = parse(render_html(comparison.model_copy(update={"verdicts": [verdict]}), run_folder))
    section = by_class(tree, "verdict")[0]
    assert f"is-{decision}" in section.attrib["class"]
    assert seen_text(by_class(section, "decision")[0]) == word
    shapes = {"ship": "is-good", "hold": "is-bad", "undecided": "is-open"}
    assert shapes[decision] in elements(section, "svg")[0].attrib["class"]
    assert seen_text(elements(tree, "head")[0]) == ""
    assert (elements(tree, "title")[0].text or "").startswith(f"{word}: ")


def test_reasons_follow_the_verdict_in_their_order(comparison: Comparison, page: str) -> None:
    items = [seen_text(item) for item in elements(by_class(parse(page), "reasons")[0], "li")]
    assert items == comparison.verdicts[0].reasons


def test_a_reason_that_the_verdict_s_sentence_gave_is_not_said_twice(comparison: Comparison, run_folder: Path) -> None:
    verdict = Verdict(
        candidate=sample.INT8,
        decision="hold",
        sentence="Do not ship int8: on local, it is slower.",
        reasons=["On local, it is slower.", "On pi, it is slower."],
    )
    tree = parse(render_html(comparison.model_copy(update={"verdicts": [verdict]}), run_folder))
    assert [seen_text(item) for item in elements(by_class(tree, "reasons")[0], "li")] == ["On pi, it is slower."]


def test_many_reasons_begin_with_four_and_the_rest_can_be_opened(comparison: Comparison, run_folder: Path) -> None:
    reasons = [f"Reason {letter}." for letter in "ABCDEF"]
    verdict = comparison.verdicts[0].model_copy(update={"reasons": reasons})
    section = by_class(
        parse(render_html(comparison.model_copy(update={"verdicts": [verdict]}), run_folder)), "verdict"
    )[0]
    assert len(elements(by_class(section, "reasons")[0], "li")) == 4
    rest = elements(section, "details")[0]
    assert seen_text(rest).endswith("2 more reasons Reason E. Reason F.")


def test_every_rule_has_its_outcome_and_reason_on_every_device(comparison: Comparison, page: str) -> None:
    text = seen_text(by_id(parse(page), "rules"))
    for device in comparison.devices:
        for rule in device.rules:
            assert f"{state_of(rule)} {rule.reason}" in text


def test_every_quantity_has_its_values_words_and_outcome(comparison: Comparison, page: str) -> None:
    tree = parse(page)
    for index, device in enumerate(comparison.devices):
        rows = elements(by_class(by_id(tree, f"device-{index}"), "contrasts")[0], "tr")[1:]
        assert len(rows) == len(device.contrasts)
        for row, contrast in zip(rows, device.contrasts, strict=True):
            text = seen_text(row)
            assert contrast.words in text
            assert text.endswith(contrast.outcome)
    latency = seen_text(elements(by_class(tree, "contrasts")[0], "tr")[1])
    assert "41.23 ms 28.45 ms 31 % faster (between 29 % and 33 %) better" in latency


def test_the_bar_shows_the_rule_s_bound_where_there_is_one(page: str) -> None:
    rows = elements(by_class(parse(page), "contrasts")[0], "tr")[1:]
    assert [len(by_class(row, "bar-bound")) for row in rows] == [1, 0, 0, 0, 0, 0, 1, 0, 1]


def test_what_is_unavailable_is_said_with_its_reason_and_is_never_a_zero(page: str) -> None:
    tree = parse(page)
    rows = elements(by_class(tree, "contrasts")[0], "tr")
    row = seen_text(next(row for row in rows if "PSS" in seen_text(row)))
    assert "unavailable unavailable cannot be compared" in row
    assert "/proc/<pid>/smaps_rollup cannot be read on this device without root" in row
    assert "unavailable: LPIPS needs images of at least 32 pixels" in seen_text(tree)
    method = seen_text(by_id(tree, "method"))
    assert "Battery temperature unavailable: no battery on this device" in method
    assert "Clock governor unavailable: scaling_governor is not readable by the shell user" in method
    assert "Boot id unavailable: the device does not say" in method


def test_pictures_are_inside_the_page_with_their_own_size(page: str) -> None:
    pictures = elements(parse(page), "img")
    assert len(pictures) == 2 * 5 * 4
    assert all(picture.attrib["src"].startswith("data:image/png;base64,") for picture in pictures)
    assert {(p.attrib["width"], p.attrib["height"]) for p in pictures} == {("96", "96")}


def test_a_picture_that_is_missing_says_why_in_its_place(comparison: Comparison, run_folder: Path) -> None:
    item = sample.gallery_item(sample.INT8, "gone", {"baseline": "gallery/gone.png", "reference": "../secret.png"})
    changed = with_first_device(comparison, gallery=[item])
    notes = [seen_text(note) for note in by_class(parse(render_html(changed, run_folder)), "no-picture")]
    assert notes == [
        "unavailable: gallery/gone.png is not there",
        "unavailable: not made in this run",
        "unavailable: ../secret.png lies outside of the run folder",
        "unavailable: not made in this run",
    ]


def test_a_page_that_would_be_too_large_leaves_pictures_out_and_says_so(
    comparison: Comparison, run_folder: Path
) -> None:
    page = render_html(comparison, run_folder, image_limit_bytes=30_000)
    assert "left out to keep this page below 0.03 MB" in page
    assert 0 < len(elements(parse(page), "img")) < 40


def test_an_enlarged_picture_leads_to_the_others_and_back(page: str) -> None:
    tree = parse(page)
    figure = by_class(tree, "picture")[1]
    links = {seen_text(link): link.attrib["href"] for link in elements(by_class(figure, "flip")[0], "a")}
    assert list(links) == ["Baseline", "Candidate", "Reference", "Difference", "Close"]
    assert links["Candidate"] == f"#{figure.attrib['id']}"
    for target in links.values():
        by_id(tree, target[1:])


def test_every_identifier_is_there_once_and_every_link_leads_somewhere(page: str) -> None:
    tree = parse(page)
    identifiers = [element.attrib["id"] for element in tree.iter() if "id" in element.attrib]
    assert len(identifiers) == len(set(identifiers))
    for element in tree.iter():
        for attribute in ("href", "aria-labelledby"):
            for target in element.get(attribute, "").replace("#", "").split():
                assert target in identifiers


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    tree = parse(page)
    for element in tree.iter():
        assert local_name(element) not in {
            "link",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "foreignObject",
        }
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            if name.rpartition("}")[2] in {"src", "href", "srcset", "action", "data", "poster"}:
                assert value.startswith(("#", "data:image/png;base64,"))
            if name == "style":
                assert re.sub(r"url\(#[\w-]+\)", "", value).count("url(") == 0
    scripts = elements(tree, "script")
    own = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("viewer.js", "strip.js"))
    assert [script.text for script in scripts] == [own]
    assert all(script.attrib == {} for script in scripts)
    style = "".join(element.text or "" for element in elements(tree, "style"))
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_forbids_itself_everything_but_its_own_style_and_pictures(page: str) -> None:
    policy = next(m for m in elements(parse(page), "meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.attrib["content"].startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_the_policy_allows_the_page_s_own_script_by_its_hash_and_no_other(page: str) -> None:
    script = elements(parse(page), "script")[0].text or ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page
    assert "innerHTML" not in script
    assert "eval" not in script


def everywhere(comparison: Comparison, text: str) -> Comparison:
    """The comparison with `text` in the place of, or after, every text that comes from outside."""
    untouched = {"kind", "schema_", "schema", "outcome", "decision", "status", "scale", "role", "format", "quantity"}
    untouched |= {"metric", "baseline_image", "reference_image", "difference_image", "unit", "chosen", "cause"}

    def changed(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            inside = {}
            for name, item in value.items():
                new = f"{name}{text}" if key in {"settings", "excluded", "environment", "items"} else name
                inside[new] = changed(item, name)
            return inside
        if isinstance(value, list):
            return [changed(item, key) for item in value]
        if isinstance(value, str) and key not in untouched:
            return f"{value} {text}"
        return value

    return Comparison.model_validate(changed(comparison.model_dump(by_alias=True), ""))


@pytest.mark.parametrize("text", sample.HOSTILE_NAMES)
def test_hostile_text_is_inert_wherever_it_stands(run_folder: Path, text: str) -> None:
    plain = sample.comparison(run_folder, images=1)
    hostile = everywhere(plain, text)
    page = render_html(hostile, run_folder)
    tree = parse(page)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    names = [local_name(element) for element in tree.iter()]
    calm = everywhere(plain, "calm")
    assert names == [local_name(element) for element in parse(render_html(calm, run_folder)).iter()]
    test_nothing_is_loaded_from_anywhere(page)
    test_every_identifier_is_there_once_and_every_link_leads_somewhere(page)
    first_words = re.split(r"[\s\x00-\x1f\x7f-\x9f\u200f\u202e\u2066]", text)[0]
    assert first_words in seen_text(by_class(tree, "verdict")[0])


def numbers_of(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(n.replace("−", "-")) for n in re.findall(r"[-−]?\d+(?:\.\d+)?", value))
    elif isinstance(value, BaseModel):
        yield from numbers_of(value.model_dump())
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_of(key)
            yield from numbers_of(item)
    elif isinstance(value, (list, tuple)):
        yield float(len(value))
        for item in value:
            yield from numbers_of(item)


@pytest.mark.parametrize("own", [None, OwnValue(value=28.4e6, low=28.0e6, high=28.9e6, limit=33.0e6)])
def test_every_number_on_the_page_is_in_the_comparison(
    comparison: Comparison, run_folder: Path, own: OwnValue | None
) -> None:
    if own is not None:
        told = {"quantity": "latency_p50", "rule": "at most 33 ms", "reason": "28.4 ms; at most 33 ms was asked."}
        rule = RuleResult(candidate=sample.INT8, outcome="met", own_value=own, **told)
        comparison = with_first_device(comparison, rules=[rule])
    page = render_html(comparison, run_folder)
    assert own is None or "limit 33.00" in page.replace("\u00a0", " ")
    known = {n for n in numbers_of(comparison) if math.isfinite(n)}
    # As people read them: ns in ms, bytes in MB, kHz in MHz, shares and ratios in per cent, seconds in minutes.
    shown = known | {n / 1e6 for n in known} | {n / 1e3 for n in known} | {100 * n for n in known}
    shown |= {100 * (n - 1) for n in known} | {n // 60 for n in known} | {n % 60 for n in known}
    fixed = {9.0, 10.0, 99.0, 100.0, 1.0, 0.0, 256.0, 90.0, 5.0}
    # The glossary says how a score is computed, and who defined it when.
    facts = [quantity.facts for quantity in QUANTITIES.values() if quantity.facts is not None]
    fixed |= set(numbers_of([(one.convention, one.blind_to, one.citation) for one in facts]))
    text = re.sub("[0-9a-f]{8}-[0-9a-f-]+|(3f2a)+", "", seen_text(parse(page))).replace("‑", "-")
    for token in re.findall(r"(?<![\w.])[+−]?\d+(?:\.\d+)?", text):
        value, decimals = float(token.replace("−", "-")), len(token.partition(".")[2])
        assert value in fixed or any(abs(abs(value) - abs(n)) <= 0.5001 * 10**-decimals for n in shown), token


def test_a_device_that_failed_says_why_and_its_rules_are_not_judged(comparison: Comparison, run_folder: Path) -> None:
    failed = DeviceResult(
        device="adb:GONE", identity=None, status="failed", problem="It does not answer. Connect it and run again."
    )
    tree = parse(render_html(comparison.model_copy(update={"devices": [comparison.devices[0], failed]}), run_folder))
    section = seen_text(by_id(tree, "device-1"))
    assert "failed It does not answer. Connect it and run again." in section
    assert "Nothing could be compared on this device." in section
    assert seen_text(by_id(tree, "rules")).count("not judged It does not answer.") == 3
    assert "Identity unavailable: It does not answer." in seen_text(by_id(tree, "method"))


def test_an_arm_that_failed_is_named_with_its_failures(comparison: Comparison, run_folder: Path) -> None:
    arm = ArmOnDevice(arm=sample.INT8, status="failed", failures=["signal 11 (SIGSEGV) while loading"])
    tree = parse(render_html(with_first_device(comparison, arms=[arm], contrasts=[], latency=[]), run_folder))
    section = seen_text(by_id(tree, "device-0"))
    assert "failed int8 (quantised) signal 11 (SIGSEGV) while loading" in section
    assert "Runtime found unavailable: it never reported itself" in seen_text(by_id(tree, "method"))


def test_three_candidates_have_three_verdicts_three_rule_tables_and_three_tables_a_device(run_folder: Path) -> None:
    names = [sample.INT8, sample.FLOAT16, "pruned"]
    comparison = sample.comparison(run_folder, candidates=names, images=1)
    decisions = ["ship", "hold", "undecided"]
    verdicts = [
        verdict.model_copy(update={"decision": decision})
        for verdict, decision in zip(comparison.verdicts, decisions, strict=True)
    ]
    tree = parse(render_html(comparison.model_copy(update={"verdicts": verdicts}), run_folder))
    said = [seen_text(by_class(section, "decision")[0]) for section in by_class(tree, "verdict")]
    assert said == ["Ship int8 (quantised)", "Hold float16", "Undecided pruned"]
    assert len(by_class(tree, "forest")) == 9
    assert len(by_class(by_id(tree, "device-0"), "contrasts")) == 3
    assert elements(tree, "title")[0].text == comparison.name


def test_no_devices_no_rules_no_pictures_and_no_verdict_is_still_a_page(run_folder: Path) -> None:
    bare = sample.comparison(run_folder, devices=[], images=0).model_copy(
        update={"verdicts": [], "warnings": [], "method": [], "clusters": None, "items": 0}
    )
    text = seen_text(parse(render_html(bare, run_folder)))
    assert "This comparison holds no verdict." in text
    assert "No rule could be judged. Declared were: Latency, median: at least 20 % lower" in text
    assert "on 0 devices, with 0 images" in text
    assert "Warnings None." in text


def test_a_quick_run_is_said_to_be_no_ground_for_a_decision(comparison: Comparison, run_folder: Path) -> None:
    tree = parse(render_html(comparison.model_copy(update={"quick": True}), run_folder))
    assert "good for a look, not for a decision" in seen_text(elements(tree, "header")[0])


def test_warnings_are_counted_at_the_top_and_each_is_said_once_where_it_belongs(page: str) -> None:
    tree = parse(page)
    assert "5 warnings" in seen_text(elements(tree, "header")[0])
    assert seen_text(by_id(tree, "warnings")).count("PSNR and LPIPS disagree on 17 of 20 images.") == 2


def test_a_quantity_of_a_later_bakeoff_is_shown_by_its_name(comparison: Comparison, run_folder: Path) -> None:
    contrast = comparison.devices[0].contrasts[0].model_copy(update={"quantity": "neurons_tickled"})
    page = render_html(with_first_device(comparison, contrasts=[contrast]), run_folder)
    assert "neurons_tickled" in page


def test_hundreds_of_images_are_all_shown(run_folder: Path) -> None:
    comparison = sample.comparison(run_folder, devices=["local"], images=60)
    assert len(elements(parse(render_html(comparison, run_folder)), "img")) == 240


def test_the_upper_part_has_no_jargon(page: str) -> None:
    tree = parse(page)
    upper = [
        elements(tree, "header")[0],
        *by_class(tree, "forest"),
        *by_class(tree, "contrasts"),
        *by_class(tree, "key"),
    ]
    text = " ".join(seen_text(part) for part in upper).lower()
    for word in ("p-value", "bootstrap", "log-ratio", "tost", "clopper", "pair of blocks", "nan"):
        assert word not in text
    assert all(seen_text(table) for table in by_class(tree, "statistics"))


def test_a_verdict_alone_is_enough(run_folder: Path, comparison: Comparison) -> None:
    verdict = Verdict(candidate=sample.INT8, decision="ship", sentence="Ship it.", reasons=[])
    tree = parse(render_html(comparison.model_copy(update={"verdicts": [verdict]}), run_folder))
    assert by_class(tree, "reasons") == []


def test_how_far_a_battery_goes_is_told_of_each_build_with_its_source(page: str) -> None:
    text = seen_text(parse(page))
    assert "about 9.5 hours of continuous use on a full battery" in text
    assert "the sensor <b>fell silent</b>" in text
    assert "current × voltage of the battery" in text
    assert "812" in text
    assert "Not added: VDD_CPU is part of VDD_IN." in text
    assert "stopped after 14 of at most 30 pairs: every rule on latency was decided" in text
    assert "stopped after 9 of at most 20 cycles: every rule on energy was decided" in text

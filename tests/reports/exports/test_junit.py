"""JUnit XML of a comparison: what fails, what is an error, and that build servers can read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.documents.comparison import Comparison, DeviceResult
from reports.exports.registry import open_export
from tests.reports import sample_comparison as sample
from tests.reports.nightly.test_junit import ATTRIBUTES, ORDER, SUREFIRE_TIME, cases
from tests.reports.test_html import everywhere


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=0)


def xml_of(comparison: Comparison) -> ET.Element:
    return ET.fromstring(open_export("junit").render(comparison, Path()))


@pytest.mark.parametrize("text", [None, *sample.HOSTILE_NAMES])
def test_it_is_what_build_servers_read(comparison: Comparison, text: str | None) -> None:
    root = xml_of(comparison if text is None else everywhere(comparison, text))
    for element in root.iter():
        assert set(element.keys()) <= ATTRIBUTES[element.tag]
        order = ORDER.get(element.tag, [])
        places = [order.index(child.tag) for child in element]
        assert places == sorted(places)
        if element.get("time") is not None:
            assert SUREFIRE_TIME.fullmatch(element.get("time", ""))
    assert int(root.get("tests", "0")) == len(list(root.iter("testcase")))


def test_a_rule_is_a_case_on_each_device_and_what_is_open_is_not_green(comparison: Comparison) -> None:
    broken = comparison.devices[1].rules[0].model_copy(update={"outcome": "broken"})
    second = comparison.devices[1].model_copy(update={"rules": [broken, *comparison.devices[1].rules[1:]]})
    found = cases(xml_of(comparison.model_copy(update={"devices": [comparison.devices[0], second]})))
    phone, board = (f"{comparison.name}.{device.shown_name}" for device in comparison.devices)
    speed = "int8 (quantised): Latency, median: at least 20 % lower"
    assert found[phone, speed] == "passed"
    assert found[board, speed] == "failure"
    assert found[phone, "int8 (quantised): LPIPS (AlexNet): no worse than 0.005"] == "error"
    assert found[phone, "measured"] == "passed"


@pytest.mark.parametrize(("decision", "outcome"), [("ship", "passed"), ("hold", "failure"), ("undecided", "error")])
def test_the_verdict_is_a_case_of_its_own(comparison: Comparison, decision: str, outcome: str) -> None:
    verdict = comparison.verdicts[0].model_copy(update={"decision": decision})
    found = cases(xml_of(comparison.model_copy(update={"verdicts": [verdict]})))
    assert found[f"{comparison.name}.verdict", "int8 (quantised)"] == outcome


def test_a_device_that_failed_and_a_comparison_of_nothing_are_errors(comparison: Comparison) -> None:
    failed = DeviceResult(device="adb:GONE", identity=None, status="failed", problem="It does not answer.")
    root = xml_of(comparison.model_copy(update={"devices": [comparison.devices[0], failed], "verdicts": []}))
    found = cases(root)
    assert found[f"{comparison.name}.adb:GONE", "measured"] == "error"
    assert found[f"{comparison.name}.verdict", "any verdict"] == "error"
    assert {outcome for (of, _), outcome in found.items() if of.endswith("GONE")} == {"error"}
    assert "It does not answer." in {each.get("message") for each in root.iter("error")}

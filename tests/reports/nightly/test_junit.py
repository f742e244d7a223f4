"""JUnit XML of a night: what fails, what is an error, what passes, and that build servers can read it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from harness.documents.nightly import JobStatus, Nightly
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample

# What both Jenkins' junit-10.xsd and the older jenkins-junit.xsd know.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "system-out": set(),
}
ORDER = {"testsuites": ["testsuite"], "testsuite": ["testcase"], "testcase": ["error", "failure", "system-out"]}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def xml_of(nightly: Nightly) -> ET.Element:
    return ET.fromstring(open_rendering("junit").render(nightly))


def cases(root: ET.Element) -> dict[tuple[str, str], str]:
    """(class, name) → `passed`, `failure` or `error`."""
    return {
        (case.get("classname"), case.get("name")): next(
            (child.tag for child in case if child.tag in {"failure", "error"}), "passed"
        )
        for case in root.iter("testcase")
    }


@pytest.mark.parametrize("nightly", [sample.night(), sample.fine_night(), sample.empty_night(), sample.hostile_night()])
def test_it_is_what_build_servers_read(nightly):
    root = xml_of(nightly)
    for element in root.iter():
        assert set(element.keys()) <= ATTRIBUTES[element.tag]
        order = ORDER.get(element.tag, [])
        places = [order.index(child.tag) for child in element]
        assert places == sorted(places)
        if element.get("time") is not None:
            assert SUREFIRE_TIME.fullmatch(element.get("time"))
    for suite in root:
        found = [case for case in suite if case.find("error") is not None]
        assert (int(suite.get("tests")), int(suite.get("errors"))) == (len(list(suite)), len(found))
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name)) == sum(int(suite.get(name)) for suite in root)


def test_a_confirmed_regression_fails_its_series_and_nothing_else_does():
    root = xml_of(sample.night())
    failed = [key for key, how in cases(root).items() if how == "failure"]
    assert failed == [
        ("upscalers.upscaler", "latency_p50 of int8 on adb:R5CT30ABCDE"),
        ("upscalers.upscaler", "latency_p50 of int8 on ssh://pi@bench-4"),
    ]
    message = next(root.iter("failure")).get("message")
    assert "5.2 % slower than before" in message
    assert "prune the tail" in message


def test_what_an_earlier_night_told_of_does_not_fail_again():
    known = sample.change(1, is_new=False)
    assert not list(xml_of(sample.night(changes=[known])).iter("failure"))


@pytest.mark.parametrize("status", ["partly", "failed", "missing", "busy", "quarantined", "out of time"])
def test_a_job_without_all_its_data_is_never_a_pass(status: JobStatus):
    nightly = sample.fine_night()
    job = nightly.jobs[0].model_copy(update={"status": status, "reason": None})
    how = cases(xml_of(nightly.model_copy(update={"jobs": [job, *nightly.jobs[1:]]})))
    assert how[("upscalers.upscaler", f"measured on {sample.PHONE}")] == "error"


def test_a_job_without_a_verdict_and_a_series_without_a_result_are_errors():
    nightly = sample.fine_night()
    job = nightly.jobs[0].model_copy(update={"decision": None, "sentence": None})
    stale = nightly.series[0].model_copy(update={"points": nightly.series[0].points[:-1]})
    none = nightly.series[1].model_copy(update={"unavailable": "no meter"})
    how = cases(xml_of(nightly.model_copy(update={"jobs": [job], "series": [stale, none]})))
    assert set(how.values()) == {"error"}


def test_a_night_without_a_job_is_an_error():
    root = xml_of(sample.empty_night(jobs=[]))
    assert cases(root) == {("upscalers.night", "anything measured"): "error"}


def test_a_fine_night_passes():
    assert set(cases(xml_of(sample.fine_night())).values()) == {"passed"}


def test_a_regression_of_a_series_that_the_night_does_not_show_fails_all_the_same():
    how = cases(xml_of(sample.night(series=[])))
    assert list(how.values()).count("failure") == 2


def test_characters_that_xml_has_no_place_for_are_replaced():
    nightly = sample.night(sentence="x", host="\x00\x0b\ud800\ufffe\U0001f600")
    assert xml_of(nightly).find("testsuite").get("hostname") == "\ufffd \ufffd\ufffd\U0001f600"

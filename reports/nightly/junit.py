"""The night as JUnit XML, as build servers read it: a suite an experiment, a case a job and a case a series.

A confirmed regression is a failure of its series' cases on the night that first tells of it. What gave no result is an
error: a gate without data is not green. A night without any job is one error.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Final

from harness.documents.nightly import Change, Job, Nightly, SeriesName, SeriesTonight
from reports.inert_text import inert
from reports.nightly import night_parts as parts
from reports.nightly.night_page import tonight
from reports.nightly.rendering import Rendering

# What XML 1.0 has no place for, not even escaped, and `inert` leaves.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _render(nightly: Nightly) -> bytes:
    failed_by: dict[SeriesName, list[Change]] = {}
    for change in parts.new_regressions(nightly):
        for member in change.members:
            if member.is_worse:
                failed_by.setdefault(member.name, []).append(change)
    suites: dict[str, ET.Element] = {}
    for job in nightly.jobs:
        _job_case(_suite(suites, nightly, job.experiment), nightly, job)
    for each in nightly.series:
        _series_case(_suite(suites, nightly, each.name.experiment), nightly, each, failed_by.pop(each.name, []))
    for name, changes in failed_by.items():  # regressions of series that the night shows nothing else of
        case = _case(_suite(suites, nightly, name.experiment), nightly, _series_title(name), 0.0)
        _fail(case, changes, name)
    if not nightly.jobs:
        case = _case(_suite(suites, nightly, "night"), nightly, "anything measured", 0.0)
        _problem(case, "error", nightly.sentence or "no job was begun", "not measured")
    root = ET.Element("testsuites", name=_text(f"bakeoff {nightly.suite}"))
    for suite in suites.values():
        _count(suite)
        root.append(suite)
    for counted in ("tests", "failures", "errors"):
        root.set(counted, str(sum(int(suite.get(counted, "0")) for suite in suites.values())))
    root.set("time", f"{nightly.spent_minutes * 60.0:.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _suite(suites: dict[str, ET.Element], nightly: Nightly, experiment: str) -> ET.Element:
    if experiment not in suites:
        moment = nightly.started_at.split("+")[0].removesuffix("Z").split(".")[0]
        suite = ET.Element("testsuite", name=_text(experiment), hostname=_text(nightly.host), id=str(len(suites)))
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", moment):
            suite.set("timestamp", moment)
        suites[experiment] = suite
    return suites[experiment]


def _job_case(suite: ET.Element, nightly: Nightly, job: Job) -> None:
    case = _case(suite, nightly, f"measured on {job.device}", job.minutes * 60.0)
    if job.status != "measured":
        _problem(case, "error", parts.reason_of(job), job.status)
    elif job.decision is None:
        _problem(case, "error", job.sentence or "it was measured, and there is no verdict", "no verdict")
    if job.sentence:
        ET.SubElement(case, "system-out").text = _text(job.sentence)


def _series_case(suite: ET.Element, nightly: Nightly, each: SeriesTonight, failed_by: list[Change]) -> None:
    case = _case(suite, nightly, _series_title(each.name), 0.0)
    point = each.points[-1] if each.points else None
    if failed_by:
        _fail(case, failed_by, each.name)
    elif each.unavailable is not None:
        _problem(case, "error", each.unavailable, "unavailable")
    elif point is None or point.night != nightly.night:
        _problem(case, "error", "there is no result of tonight, and no reason was recorded", "unavailable")
    else:
        ET.SubElement(case, "system-out").text = _text(f"{tonight(each, nightly.night)}: {each.words}")


def _series_title(name: SeriesName) -> str:
    return f"{name.quantity} of {name.candidate} on {name.device}"


def _fail(case: ET.Element, changes: list[Change], name: SeriesName) -> None:
    words = [
        "; ".join(
            [
                *(member.words for member in change.members if member.name == name),
                change.sentence,
                parts.since(change),
                change.how_sure,
                *change.causes,
            ]
        )
        for change in changes
    ]
    _problem(case, "failure", " / ".join(words), changes[0].kind)


def _case(suite: ET.Element, nightly: Nightly, title: str, seconds: float) -> ET.Element:
    class_name = f"{nightly.suite}.{suite.get('name')}"
    return ET.SubElement(suite, "testcase", classname=_text(class_name), name=_text(title), time=f"{seconds:.3f}")


def _problem(case: ET.Element, tag: str, message: str, kind: str) -> None:
    problem = ET.SubElement(case, tag, message=_text(message), type=_text(kind))
    problem.text = _text(message)


def _count(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("skipped", "0")
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", inert(text))


RENDERING = Rendering("junit", "junit.xml", "JUnit XML, for build servers", _render)

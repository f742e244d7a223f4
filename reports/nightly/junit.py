"""The night as JUnit XML, as build servers read it: a suite an experiment, a case a job and a case a series.

A confirmed regression is a failure of its series' cases on the night that first tells of it. What gave no result is an
error: a gate without data is not green. A night without any job is one error.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from harness.documents.nightly import Change, Job, Nightly, SeriesName, SeriesTonight
from reports.junit_xml import add_output, add_problem, new_case, new_suite, plain, written
from reports.nightly import night_parts as parts
from reports.nightly.night_page import tonight
from reports.nightly.rendering import Rendering


def _render(nightly: Nightly) -> bytes:
    failed_by: dict[SeriesName, list[Change]] = {}
    for change in parts.new_regressions(nightly):
        for member in change.members:
            if member.is_worse:
                failed_by.setdefault(member.name, []).append(change)
    root = ET.Element("testsuites", name=plain(f"bakeoff {nightly.suite}"))
    suites: dict[str, ET.Element] = {}
    for job in nightly.jobs:
        _job_case(_suite(root, suites, nightly, job.experiment), nightly, job)
    for each in nightly.series:
        _series_case(_suite(root, suites, nightly, each.name.experiment), nightly, each, failed_by.pop(each.name, []))
    for name, changes in failed_by.items():  # regressions of series that the night shows nothing else of
        case = _case(_suite(root, suites, nightly, name.experiment), nightly, _series_title(name), 0.0)
        _fail(case, changes, name)
    if not nightly.jobs:
        case = _case(_suite(root, suites, nightly, "night"), nightly, "anything measured", 0.0)
        add_problem(case, "error", nightly.sentence or "no job was begun", "not measured")
    return written(root, nightly.spent_minutes * 60.0)


def _suite(root: ET.Element, suites: dict[str, ET.Element], nightly: Nightly, experiment: str) -> ET.Element:
    if experiment not in suites:
        suites[experiment] = new_suite(root, experiment, nightly.started_at)
        suites[experiment].set("hostname", plain(nightly.host))
    return suites[experiment]


def _job_case(suite: ET.Element, nightly: Nightly, job: Job) -> None:
    case = _case(suite, nightly, f"measured on {job.device}", job.minutes * 60.0)
    if job.status != "measured":
        add_problem(case, "error", parts.reason_of(job), job.status)
    elif job.decision is None:
        add_problem(case, "error", job.sentence or "it was measured, and there is no verdict", "no verdict")
    if job.sentence:
        add_output(case, job.sentence)


def _series_case(suite: ET.Element, nightly: Nightly, each: SeriesTonight, failed_by: list[Change]) -> None:
    case = _case(suite, nightly, _series_title(each.name), 0.0)
    point = each.points[-1] if each.points else None
    if failed_by:
        _fail(case, failed_by, each.name)
    elif each.unavailable is not None:
        add_problem(case, "error", each.unavailable, "unavailable")
    elif point is None or point.night != nightly.night:
        add_problem(case, "error", "there is no result of tonight, and no reason was recorded", "unavailable")
    else:
        add_output(case, f"{tonight(each, nightly.night)}: {each.words}")


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
    add_problem(case, "failure", " / ".join(words), changes[0].kind)


def _case(suite: ET.Element, nightly: Nightly, title: str, seconds: float) -> ET.Element:
    return new_case(suite, f"{nightly.suite}.{suite.get('name')}", title, seconds)


RENDERING = Rendering("junit", "junit.xml", "JUnit XML, for build servers", _render)

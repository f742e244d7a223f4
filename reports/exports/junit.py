"""The comparison as JUnit XML, for build servers: a suite of the verdicts, and one for each device with its rules.

A rule that is broken and a verdict of hold are failures. What is still open, doubted, or could not be judged is an
error: a gate without an answer is not green.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from harness.documents.comparison import Comparison, DeviceResult
from reports import format as fmt
from reports.comparison_parts import reasons_beside, rules_by_candidate
from reports.exports.export import Export
from reports.junit_xml import add_output, add_problem, new_case, new_suite, plain, written


def _render(comparison: Comparison, run_folder: Path) -> bytes:
    root = ET.Element("testsuites", name=plain(f"bakeoff {comparison.name}"))
    _verdicts(new_suite(root, "verdict", comparison.created_at), comparison)
    for device in comparison.devices:
        _device(new_suite(root, device.shown_name, device.started_at or comparison.created_at), comparison, device)
    return written(root)


def _verdicts(suite: ET.Element, comparison: Comparison) -> None:
    for verdict in comparison.verdicts:
        case = new_case(suite, f"{comparison.name}.verdict", verdict.candidate)
        if verdict.decision != "ship":
            add_problem(case, "failure" if verdict.decision == "hold" else "error", verdict.sentence, verdict.decision)
        said = [verdict.sentence, *reasons_beside(verdict)]
        if comparison.quick:
            said.append("A quick look: this run was cut short on purpose; not for a decision.")
        add_output(case, " ".join(said))
    if not comparison.verdicts:
        case = new_case(suite, f"{comparison.name}.verdict", "any verdict")
        add_problem(case, "error", "This comparison holds no verdict.", "no verdict")


def _device(suite: ET.Element, comparison: Comparison, device: DeviceResult) -> None:
    class_name = f"{comparison.name}.{device.shown_name}"
    case = new_case(suite, class_name, "measured", device.measured_seconds or 0.0)
    if device.status != "complete":
        add_problem(case, "error", device.problem or "no reason was recorded", device.status)
    for group in rules_by_candidate(comparison):
        for row in group.rows:
            result = next((result for each, result in row.results if each is device), None)
            case = new_case(suite, class_name, f"{group.candidate}: {fmt.label(row.quantity)}: {row.rule}")
            if result is None:
                add_problem(case, "error", device.problem or "no result from this device", "not judged")
            elif result.outcome == "broken":
                add_problem(case, "failure", result.reason, result.outcome)
            elif result.outcome != "met":
                kind = "doubted" if result.doubted is not None else result.outcome
                add_problem(case, "error", result.reason, kind)
            else:
                add_output(case, result.reason)


EXPORT = Export("junit", "JUnit XML, for build servers: what is not shown to be met is not green", _render)

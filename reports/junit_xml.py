"""JUnit XML as build servers read it: suites of cases, of which each passes, fails or is an error."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Final, Literal

from reports.inert_text import inert

# What XML 1.0 has no place for, not even escaped, and `inert` leaves.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_suite(root: ET.Element, name: str, moment: str) -> ET.Element:
    """A suite in `root`; `moment` is ISO 8601 in UTC, and left out where it is not."""
    suite = ET.SubElement(root, "testsuite", name=plain(name), id=str(len(root)))
    stamp = moment.split("+", maxsplit=1)[0].removesuffix("Z").split(".")[0]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", stamp):
        suite.set("timestamp", stamp)
    return suite


def new_case(suite: ET.Element, class_name: str, name: str, seconds: float = 0.0) -> ET.Element:
    """A case that passes until it has a problem."""
    return ET.SubElement(suite, "testcase", classname=plain(class_name), name=plain(name), time=f"{seconds:.3f}")


def add_problem(case: ET.Element, tag: Literal["failure", "error"], message: str, kind: str) -> None:
    """What is wrong, as the message and as the text below it, since servers show one or the other."""
    problem = ET.SubElement(case, tag, message=plain(message), type=plain(kind))
    problem.text = plain(message)


def add_output(case: ET.Element, text: str) -> None:
    """What is to be read beside a case, after its problem."""
    ET.SubElement(case, "system-out").text = plain(text)


def written(root: ET.Element, seconds: float | None = None) -> bytes:
    """The whole file, with the numbers of cases, failures and errors counted. It took as long as its suites together,
    where `seconds` says nothing else.
    """
    for suite in root:
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
        suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
        suite.set("skipped", "0")
        suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    for counted in ("tests", "failures", "errors"):
        root.set(counted, str(sum(int(suite.get(counted, "0")) for suite in root)))
    took = sum(float(suite.get("time", "0")) for suite in root) if seconds is None else seconds
    root.set("time", f"{took:.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def plain(text: str) -> str:
    """Text that XML can hold and a terminal can show."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", inert(text))

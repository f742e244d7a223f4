"""Every real output of another benchmark tool gives the values that SOURCES.tsv names; no key is passed over."""

import pytest

from devices.benchmark_tools.known_tools import ToolOutput, read_tool_output
from devices.benchmark_tools.printed import PrintedNumber
from devices.readings.unavailable import NotThere
from tests.devices.benchmark_tools.tool_samples import (
    PATHS,
    TOOLS,
    TOPICS,
    agrees,
    expected_facts,
    found_fact,
    runs_of,
)
from tests.devices.readings.sample_files import SAMPLES, expected_rows, sample

ROWS = expected_rows(TOPICS)


def test_the_samples_are_there():
    sample("SOURCES.tsv")
    on_disk = {f"{topic}/{file.name}" for topic in TOPICS for file in (SAMPLES / topic).iterdir()}
    assert set(ROWS) == on_disk
    assert len(ROWS) == 21


@pytest.mark.parametrize("path", PATHS)
def test_a_real_output_gives_the_values_that_are_known(path):
    topic, runs = path.partition("/")[0], runs_of(path)
    facts = list(expected_facts(ROWS[path]))
    assert len(facts) >= 2
    found = {(of_what, key): found_fact(topic, runs, of_what, key) for of_what, key, _ in facts}
    wrong = {key: found[of_what, key] for of_what, key, text in facts if not agrees(text, found[of_what, key])}
    assert wrong == {}, ROWS[path]


@pytest.mark.parametrize("path", PATHS)
def test_the_tool_is_recognised_and_no_other(path):
    outputs = read_tool_output(sample(path))
    assert not isinstance(outputs, NotThere)
    assert [output.tool for output in outputs] == [TOOLS[path.partition("/")[0]]]


def test_outputs_that_follow_each_other_are_all_read():
    sample("SOURCES.tsv")
    outputs = read_tool_output("".join(sample(path) for path in PATHS))
    assert not isinstance(outputs, NotThere)
    assert {output.tool for output in outputs} == set(TOOLS.values())
    alone = [output for path in PATHS for output in must_read(sample(path))]
    for tool in TOOLS.values():
        expected = [run.avg_ms for output in alone if output.tool == tool for run in output.runs]
        (found,) = [[run.avg_ms for run in output.runs] for output in outputs if output.tool == tool]
        assert [value(each) for each in found] == [value(each) for each in expected], tool


def must_read(text: str) -> tuple[ToolOutput, ...]:
    outputs = read_tool_output(text)
    assert not isinstance(outputs, NotThere)
    return outputs


def value(number) -> float | None:
    return number.value if isinstance(number, PrintedNumber) else None

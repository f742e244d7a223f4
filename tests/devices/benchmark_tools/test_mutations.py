"""Outputs of tools that were cut, mixed, or replaced by noise: a number stands in the text, or there is none."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from devices.benchmark_tools.cautions import cautions
from devices.benchmark_tools.known_tools import read_tool_output
from devices.benchmark_tools.printed import PrintedNumber, PrintedText
from devices.benchmark_tools.tool_run import LATENCIES, ToolRun
from devices.readings.unavailable import NotThere
from tests.devices.benchmark_tools.tool_samples import PATHS, runs_of
from tests.devices.readings.sample_files import sample

# Of two lines each, or with a clock's colons: checked by the real outputs.
COMPUTED = ("elapsed_ms", "moments_s")
SCALES = (1.0, 1e-3, 1e3, 2.0**20)
HINTS = typing.get_type_hints(ToolRun)
FIGURES = ("avg_ms", "median_ms", "min_ms", "max_ms", "std_ms")


def numbers(value: Any, place: str = "") -> Iterator[tuple[str, PrintedNumber]]:
    """Every number inside, by its place."""
    if isinstance(value, PrintedNumber):
        yield place, value
    elif dataclasses.is_dataclass(value) and not isinstance(value, (NotThere, PrintedText)):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from numbers(child, f"{place}[{key}]")
    elif isinstance(value, tuple):
        for at, child in enumerate(value):
            yield from numbers(child, f"{place}[{at}]")


def check(runs: tuple[ToolRun, ...], text: str) -> None:
    """Each run holds what it declares, and each of its numbers stands on the line that it names."""
    lines = text.split("\n")
    for run in runs:
        for name in (*LATENCIES, "count", "init_ms", "memory_peak_bytes"):
            value = getattr(run, name)
            assert type(value) in typing.get_args(HINTS[name])
            assert isinstance(value, PrintedNumber) or value.reason
        assert (run.outcome == "complete") == (run.problem == "")
        assert run.outcome == "complete" or isinstance(run.avg_ms, NotThere)
        assert all(cautions(run))
        for place, number in numbers(run):
            if any(each in place for each in COMPUTED):
                continue
            printed = [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?(?:e\+\d\d)?", lines[number.line - 1])]
            assert any(
                abs(one * scale - number.value) <= 1e-9 * abs(number.value) for one in printed for scale in SCALES
            ), (
                place,
                number,
                lines[number.line - 1],
            )


def whole_truth(path: str) -> dict[str, PrintedNumber]:
    return {f"{at}{place}": number for at, run in enumerate(runs_of(path)) for place, number in numbers(run)}


@pytest.mark.parametrize("path", PATHS)
def test_a_text_cut_anywhere_gives_nothing_that_the_whole_one_does_not(path):
    text, truth = sample(path), whole_truth(path)
    ends = [match.end() for match in re.finditer("\n", text)]
    step = max(1, len(text) // 40)
    for length in sorted({*range(0, len(text), step), *ends, *(end - 1 for end in ends)}):
        runs = runs_of(path, text[:length])
        check(runs, text)
        found = {f"{at}{place}": number for at, run in enumerate(runs) for place, number in numbers(run)}
        wrong = {place: number for place, number in found.items() if truth.get(place) != number}
        assert wrong == {}, (length, text[max(0, length - 60) : length])


@pytest.mark.parametrize("path", PATHS)
def test_line_ends_of_an_old_shell_change_nothing(path):
    text = sample(path)
    for end in ("\r\n", "\r\r\n"):
        assert read_tool_output(text.replace("\n", end)) == read_tool_output(text)


@pytest.mark.parametrize("path", PATHS)
def test_lines_in_any_order_and_bytes_among_them_give_only_what_stands_there(path):
    text, other = sample(path), sample(PATHS[(PATHS.index(path) + 1) % len(PATHS)])
    draw = random.Random(path)
    lines = text.splitlines(keepends=True) + other.splitlines(keepends=True)
    for _ in range(6):
        mixed = "".join(draw.sample(lines, len(lines)))
        check(runs_of(path, mixed), mixed)
        cuts = sorted(draw.sample(range(len(text) + 1), min(6, len(text))))
        pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        broken = (other[:30] + "\x00\ufffd").join(pieces)
        check(runs_of(path, broken), broken)


def merged(one: str, other: str, draw: random.Random) -> str:
    """Two outputs in one, each in its own order: what two programs on one terminal leave."""
    queues = [one.splitlines(keepends=True), other.splitlines(keepends=True)]
    lines = []
    while any(queues):
        queue = draw.choice([each for each in queues if each])
        for _ in range(draw.randrange(1, 6)):
            if queue:
                lines.append(queue.pop(0))
    return "".join(lines)


def without_logcat(text: str) -> str:
    return re.sub(r"(?m)^\d\d-\d\d .*? I tflite  : ", "", text)


def figures(run: ToolRun) -> tuple[float | None, ...]:
    values = [getattr(run, name) for name in FIGURES]
    return tuple(each.value if isinstance(each, PrintedNumber) else None for each in values)


NAMES = {"litert_benchmark": "logcat|qemu", "ort_perf_test": "", "ncnn": "one|th1|sd8"}
CHOSEN = [path for path in PATHS for topic, name in NAMES.items() if re.match(f"{topic}/(?:{name})", path)]
PAIRS = [pair for pair in itertools.combinations(CHOSEN, 2) if pair[0].split("/")[0] == pair[1].split("/")[0]]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(each.split("/")[1][:20] for each in pair))
def test_figures_of_two_outputs_in_one_are_never_those_of_one_run(pair):
    texts = [without_logcat(sample(path)) for path in pair]
    true = {figures(run) for text in texts for run in runs_of("", text)}
    draw = random.Random(str(pair))
    for _ in range(30):
        mixed = merged(*texts, draw)
        runs = runs_of("", mixed)
        check(runs, mixed)
        for run in runs:
            if run.outcome != "complete":
                continue
            own = figures(run)
            # A figure whose line went to another run may be missing.
            assert any(all(found in (None, truth) for found, truth in zip(own, one, strict=True)) for one in true), (
                own,
                mixed,
            )


def test_two_benchmarks_in_one_logcat_are_told_apart_by_their_processes():
    sample("SOURCES.tsv")
    paths = [path for path in PATHS if "logcat" in path]
    texts = [sample(path) for path in paths]
    alone = {figures(run) for text in texts for run in runs_of("", text)}
    assert len(alone) == 2
    draw = random.Random(1)
    for _ in range(20):
        assert {figures(run) for run in runs_of("", merged(*texts, draw))} == alone


@pytest.mark.parametrize(
    "text", ["", "\n" * 3, "Permission denied\n", "usage: benchmark_model <flags>\n", "squeezenet min"]
)
def test_what_no_tool_wrote_is_said_to_be_so(text):
    found = read_tool_output(text)
    assert isinstance(found, NotThere)
    assert found.reason


def test_noise_is_no_text():
    draw = random.Random(1)
    for _ in range(5):
        noise = bytes(draw.randrange(256) for _ in range(3000)).decode("utf-8", "replace")
        assert "no text" in getattr(read_tool_output(noise), "reason", "")
    assert "no text" in getattr(read_tool_output("\x00" * 50), "reason", "")


def test_tables_without_end_hide_nothing_of_what_came_before_them():
    whole = sample("litert_benchmark/op-profiling-csv.txt")
    table = "============================== Run Order ==============================\nnode type, avg_ms\nCONV_2D, 1\n"
    (before,), (after,) = read_tool_output(whole), read_tool_output(whole + table * 20_000)
    assert after.runs[0].operators[0] == before.runs[0].operators[0]


def test_a_line_without_end_takes_no_time():
    long = "a" + " " * 3_000_000
    for start in ("", "Loaded model ", "count=1 ", "[0 ", "using ", "I 00:00:00.1 executorch:"):
        assert isinstance(read_tool_output(f"{start}{long}\n{start}{long}"), NotThere)

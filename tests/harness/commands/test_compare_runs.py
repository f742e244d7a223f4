"""`bakeoff compare`: what earlier runs say of each other, and what is refused because it says nothing."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.commands.compare_runs import compare_runs
from harness.documents.compared_runs import ComparedRuns
from harness.errors import UserError
from reports.compared_terminal import render_compared
from tests.rig.command import REPOSITORY, bakeoff

SAVED = REPOSITORY / "tests" / "harness" / "documents" / "saved" / "run"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in ("run.json", "comparison.json"):
            shutil.copy(SAVED / file, tmp_path / name)
    return [tmp_path / "one", tmp_path / "two"]


def changed(file: Path, change: Change) -> None:
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def latency(compared: ComparedRuns) -> list[Any]:
    (found,) = [each for each in compared.devices[0].quantities if each.quantity == "latency_p50"]
    return found.effects


def test_a_run_against_its_own_copy_differs_in_nothing_and_knows_how_sure_that_is(two: list[Path]) -> None:
    compared = compare_runs(two)
    first, second = latency(compared)
    assert (first.against_first, first.words) == (None, None)
    assert second.against_first == pytest.approx(1.0)
    interval = second.against_first_interval
    low, high = second.effect.interval.low, second.effect.interval.high
    # Both are as unsure as each other, and add as squares: equation (8) of Zou and Donner (2008) with two equal terms.
    spread = math.hypot(math.log(second.effect.estimate / low), math.log(high / second.effect.estimate))
    assert math.log(interval.high) == pytest.approx(spread)
    assert math.log(interval.low) == pytest.approx(-spread)
    assert "no clear difference" in second.words


def test_a_candidate_that_is_faster_than_that_of_an_earlier_run_is_told_so(two: list[Path]) -> None:
    def faster(document: dict[str, Any]) -> None:
        for contrast in document["devices"][0]["contrasts"]:
            if contrast["quantity"] == "latency_p50":
                effect = contrast["effect"]
                effect["estimate"] *= 0.5
                effect["interval"]["low"] *= 0.5
                effect["interval"]["high"] *= 0.5

    changed(two[1] / "comparison.json", faster)
    second = latency(compare_runs(two))[1]
    assert second.against_first == pytest.approx(0.5)
    assert second.words.startswith("50 % faster")
    assert "2.00 times the speed" in second.words.replace("\N{NO-BREAK SPACE}", " ")


def first_device(**facts: Any) -> Change:
    return lambda document: document["devices"][0]["identity"].update(facts)


def baseline(**facts: Any) -> Change:
    return lambda document: document["arms"][0].update(facts)


def first_item(**facts: Any) -> Change:
    return lambda document: document["items"][0].update(facts)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("comparison.json", baseline(model_sha256="0" * 64), "its baseline is another than that of"),
        ("comparison.json", baseline(threads=7), "threads of 'fp32' and 'fp32' differ"),
        ("comparison.json", baseline(runtime_version="9.9"), "version of the runtime of"),
        ("comparison.json", first_device(cpu_model="another"), "is not the device that it was: a processor in"),
        ("comparison.json", first_device(cores=64), "no device is in all of these runs"),
        ("comparison.json", lambda document: document.update(devices=[]), "no device is in all of these runs"),
        ("run.json", first_item(input_sha256="0" * 64), "'bird' was another file"),
        ("run.json", first_item(reference_sha256="0" * 64), "'bird' was another file"),
        ("run.json", first_item(stem="crow"), "'bird' is in one of them alone, and 1 more"),
        ("run.json", first_item(input_sha256=None), "does not say what was in its images"),
        ("run.json", lambda document: document.update(latency_item=document["items"][1]["id"]), "its latency is of"),
        ("run.json", lambda document: document.clear(), "cannot be understood"),
        ("comparison.json", lambda document: document.clear(), "names no schema"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(two: list[Path], file: str, change: Change, words: str) -> None:
    changed(two[1] / file, change)
    with pytest.raises(UserError) as refused:
        compare_runs(two)
    assert words in refused.value.what
    assert refused.value.remedy or file == "run.json"


def test_one_run_or_the_same_twice_is_no_comparison(two: list[Path]) -> None:
    for folders in ([two[0]], [two[0], two[0]], [two[0], two[1], two[0]]):
        with pytest.raises(UserError, match="two different runs"):
            compare_runs(folders)


def test_what_is_to_be_kept_in_mind_is_said(two: list[Path]) -> None:
    changed(two[1] / "comparison.json", first_device(kernel="Linux 7.0", governor="powersave"))
    changed(two[1] / "comparison.json", lambda document: document.update(quick=True, bakeoff_version="0.0.1"))
    notes = " ".join(compare_runs(two).notes)
    assert "The kernel of local differed: Linux 6.1.0, Linux 7.0." in notes
    assert "The clock governor of local differed: unknown, powersave." in notes
    assert "cut short on purpose" in notes
    assert "different versions of bakeoff" in notes


def test_a_quantity_that_one_run_has_not_is_unavailable_there(two: list[Path]) -> None:
    changed(
        two[1] / "comparison.json",
        lambda document: document["devices"][0]["contrasts"].remove(document["devices"][0]["contrasts"][0]),
    )
    effects = compare_runs(two).devices[0].quantities[0].effects
    assert (effects[1].effect, effects[1].unavailable_because) == (None, "not measured in this run")


def test_the_terminal_has_a_line_for_each_candidate_within_80_columns(two: list[Path]) -> None:
    changed(two[1] / "comparison.json", lambda document: document.update(created_at="2026-12-01T00:00:00Z"))
    stream = io.StringIO()
    render_compared(compare_runs(two), Console(file=stream, width=80, color_system=None))
    shown = stream.getvalue()
    assert "Latency, median\n  1  −20.6" in shown
    assert "2  −20.6" in shown
    assert max(cell_len(each) for each in shown.splitlines()) <= 80


def test_the_command_prints_json_by_its_schema_and_refuses_with_exit_code_2(two: list[Path]) -> None:
    said = bakeoff("compare", *two, "--json")
    assert said.exit_code == 0, said.stderr
    assert ComparedRuns.model_validate_json(said.stdout) == compare_runs(two)
    assert bakeoff("compare", two[0], two[0].parent / "none").exit_code == 2

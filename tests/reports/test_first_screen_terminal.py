"""The first screen on a terminal: whole within 80 × 24, whatever the comparison is."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.documents.comparison import Comparison, DeviceResult, RunWarning
from harness.documents.folder import write_model
from reports.charts.latency_in_characters import latency_in_characters
from reports.comparison_parts import warning_groups
from reports.first_screen_terminal import MOST_LINES, render_first_screen
from tests.reports import sample_comparison as sample
from tests.reports.test_html import everywhere
from tests.rig.command import argv, environment

REPORT, RUN = Path("runs/1/report.html"), Path("runs/1")


def printed(comparison: Comparison, encoding: str = "utf-8") -> list[str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    render_first_screen(comparison, Console(file=stream, width=80, color_system=None), REPORT, RUN)
    stream.seek(0)
    return stream.read().replace("\u00a0", " ").splitlines()


def with_first(comparison: Comparison, **changes: object) -> Comparison:
    first, *others = comparison.devices
    return comparison.model_copy(update={"devices": [first.model_copy(update=changes), *others]})


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=0)


def test_it_says_what_to_do_why_and_what_is_missing(comparison: Comparison) -> None:
    lines = printed(comparison)
    text = "\n".join(lines)
    assert lines[0] == comparison.name
    assert lines[1].startswith("UNDECIDED  int8 (quantised) is 31 % faster")
    assert "Latency, median: at least 20 met −31.0 %" in text
    assert "not enough data +0.0064" in text
    assert "Unavailable: Memory held (PSS)" in lines
    assert "Report: runs/1/report.html" in lines
    assert lines[-1] == "All of it: bakeoff report runs/1 --full"


def test_one_device_has_its_values_beside_the_effect(comparison: Comparison) -> None:
    lines = printed(comparison.model_copy(update={"devices": comparison.devices[:1]}))
    assert any("met −31.0 %  41.23 → 28.45 ms" in line for line in lines)


def test_a_verdict_is_not_said_twice(comparison: Comparison) -> None:
    verdict = comparison.verdicts[0].model_copy(update={"decision": "ship", "sentence": "Ship int8: it is faster."})
    assert printed(comparison.model_copy(update={"verdicts": [verdict]}))[1] == "SHIP int8: it is faster."


def test_what_was_not_watched_is_one_line_without_its_reasons(comparison: Comparison) -> None:
    silent = "Not watched before the blocks: heat (the device gives no temperature (none)) and the clocks (hidden)."
    warnings = [
        RunWarning(kind="sensors", text=silent.replace(" (none)", "")),
        RunWarning(kind="gates", text="It failed."),
    ]
    lines = printed(with_first(comparison, warnings=warnings))
    assert "Not watched before the blocks: heat and the clocks" in lines
    assert any(line.startswith("Warnings: ") and "gates" in line for line in lines)


def many(folder: Path, devices: int, candidates: int) -> Comparison:
    names = [f"candidate {number}" for number in range(candidates)]
    return sample.comparison(folder, names, [f"ssh://pi@rack-{number}" for number in range(devices)], images=0)


@pytest.mark.parametrize(("devices", "candidates"), [(1, 1), (2, 2), (3, 1), (12, 1), (1, 5), (12, 8)])
def test_it_fits_whatever_the_number_of_devices_and_candidates(tmp_path: Path, devices: int, candidates: int) -> None:
    lines = printed(many(tmp_path, devices, candidates))
    assert len(lines) <= MOST_LINES
    assert max(cell_len(line) for line in lines) <= 80
    assert lines[-1].startswith("All of it")


def test_over_many_devices_a_rule_is_counted(tmp_path: Path) -> None:
    assert any("met on 12 of 12" in line for line in printed(many(tmp_path, 12, 1)))


def test_where_rules_are_too_many_the_met_ones_are_counted(comparison: Comparison) -> None:
    device = comparison.devices[0]
    rules = [device.rules[0].model_copy(update={"rule": f"at least {number} % lower"}) for number in range(40)]
    rules[37] = rules[37].model_copy(update={"outcome": "broken"})
    one = comparison.model_copy(update={"devices": [device.model_copy(update={"rules": rules})]})
    lines = printed(one)
    assert len(lines) <= MOST_LINES
    assert any("37 % lower" in line and "broken" in line for line in lines)
    assert any("more rules, met everywhere" in line for line in lines)


@pytest.mark.parametrize("text", sample.HOSTILE_NAMES)
def test_hostile_text_is_one_line_among_others(comparison: Comparison, text: str) -> None:
    lines = printed(everywhere(comparison, text))
    assert len(lines) <= MOST_LINES
    assert max(cell_len(line) for line in lines) <= 80
    assert not [line for line in lines if "\x1b" in line or "\x07" in line or "\u202e" in line]


def test_nothing_measured_is_said(comparison: Comparison) -> None:
    failed = DeviceResult(device="adb:GONE", identity=None, status="failed", problem="It does not answer.")
    lines = printed(comparison.model_copy(update={"devices": [failed], "verdicts": [], "quick": True}))
    text = "\n".join(lines)
    assert "This comparison holds no verdict." in text
    assert "Failed: adb:GONE (failed)" in text
    assert "not for a decision" in text


def test_a_terminal_without_blocks_of_characters_has_no_plot(comparison: Comparison) -> None:
    assert "▁" in "\n".join(printed(comparison))
    assert "▁" not in "\n".join(printed(comparison, encoding="latin-1"))


def test_a_plot_has_the_faster_arm_further_left() -> None:
    drawn = latency_in_characters([sample.distribution("a", 40.0, 1), sample.distribution("b", 30.0, 2)], 60)
    assert drawn is not None
    (slow, fast), first, last = drawn
    assert [slow.arm, fast.arm] == ["a", "b"]
    assert fast.columns.index("█") < slow.columns.index(max(slow.columns))
    assert len(slow.columns) == len(fast.columns) == 60
    assert first.endswith("ms")
    assert "ms" in last


def test_what_cannot_be_plotted_is_not() -> None:
    one = sample.distribution("a", 40.0, 1)
    assert latency_in_characters([one], 60) is None
    same = one.model_copy(update={"quantiles_ns": [1.0] * len(one.quantiles_ns)})
    assert latency_in_characters([same, same], 60) is None


def test_a_real_terminal_gets_it_and_a_pipe_or_full_everything(comparison: Comparison, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_model(run / "comparison.json", comparison)
    shown = [_on_a_terminal("report", run), _on_a_terminal("report", run, "--full")]
    assert ["All of it: bakeoff report" in each for each in shown] == [True, False]
    assert ["Latency, 90th" in each for each in shown] == [False, True]
    assert shown[0].count("\n") <= MOST_LINES + 2  # two long paths of this test are folded by the terminal itself


def _on_a_terminal(*arguments: object) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        argv(*arguments), stdout=theirs, stderr=subprocess.DEVNULL, env=environment(TERM="xterm", NO_COLOR="1")
    )
    os.close(theirs)
    content = b""
    while select.select([ours], [], [], 120)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        content += more
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", content.decode().replace("\u00a0", " "))


def test_warnings_are_as_many_as_the_page_counts(comparison: Comparison) -> None:
    told = "They disagree."
    same = [RunWarning(kind="intervals disagree", text=told, about=name) for name in ("latency_p50", "psnr_y")]
    silent = RunWarning(kind="sensors", text="Not watched before the blocks: heat.")
    shown = with_first(comparison, warnings=[*same, silent])
    count, without = (
        sum(len(group.warnings) for group in warning_groups(each))
        for each in (shown, with_first(comparison, warnings=[]))
    )
    assert count == without + 2
    assert any(line.startswith(f"Warnings: {count}, of ") for line in printed(shown))

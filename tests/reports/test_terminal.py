from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.documents.comparison import Comparison, DeviceResult
from reports.terminal import render_terminal
from tests.reports import sample_comparison as sample
from tests.reports.test_html import everywhere


def printed(comparison: Comparison, report: Path | None = None, **options: object) -> str:
    stream = io.StringIO()
    render_terminal(comparison, Console(file=stream, width=80, **options), report)  # type: ignore[arg-type]
    return stream.getvalue()


def unwrapped(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=0)


def test_the_verdict_comes_first_then_rules_devices_warnings_and_the_report(comparison: Comparison) -> None:
    text = unwrapped(printed(comparison, Path("/runs/1/report.html")))
    places = [
        text.index(part)
        for part in (
            "UNDECIDED int8 (quantised) is 31 % faster",
            "• Perceived quality (LPIPS) got worse",
            "Rules Latency, median: at least 20 % lower met on adb:R5CT30ABCDE: 31 % lower",
            "adb:R5CT30ABCDE (Pixel 6a, native runner)",
            "ssh://pi@bench-4 (Raspberry Pi 4 Model B, python runner)",
            "Warnings",
            "Report: /runs/1/report.html",
        )
    ]
    assert places == sorted(places)


def test_a_row_has_values_change_interval_and_outcome(comparison: Comparison) -> None:
    text = unwrapped(printed(comparison))
    assert "Latency, median 41.23 ms 28.45 ms −31.0 % better −32.6 to −29.4 %" in text
    assert "LPIPS (AlexNet) 0.1731 0.1795 +0.0064 worse +0.0043 to +0.0085" in text


def test_what_is_unavailable_is_a_dash_in_the_table_and_a_reason_below_it(comparison: Comparison) -> None:
    text = unwrapped(printed(comparison))
    assert re.search(r"Memory held (\(PSS\) )?– – – unavailable", text)
    assert "Memory held (PSS): cannot be compared; /proc/<pid>/smaps_rollup cannot be read" in text


def test_every_line_fits_80_columns(tmp_path: Path) -> None:
    three = sample.comparison(tmp_path, candidates=[sample.INT8, sample.FLOAT16, "x" * 200], images=0)
    assert max(cell_len(line) for line in printed(three).splitlines()) <= 80


def test_what_is_not_a_terminal_gets_plain_text(comparison: Comparison) -> None:
    assert "\x1b" not in printed(comparison)


def test_a_terminal_gets_colours_beside_the_words(comparison: Comparison) -> None:
    text = printed(comparison, force_terminal=True, color_system="standard")
    assert "\x1b[1;33mUNDECIDED" in text


@pytest.mark.parametrize("text", sample.HOSTILE_NAMES)
def test_hostile_text_is_printed_and_does_nothing(comparison: Comparison, text: str) -> None:
    output = printed(everywhere(comparison, text), force_terminal=True, color_system="standard")
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", without_colours)
    assert "\x1b[31mred" not in output
    if text.startswith("[bold red]"):
        assert "[bold red]not markup[/bold red]" in unwrapped(without_colours)
        assert ":smile:" in without_colours


def test_no_outcome_is_cut_off(tmp_path: Path) -> None:
    both = printed(sample.comparison(tmp_path, candidates=[sample.INT8, "y" * 200], images=0))
    words = {word for line in both.splitlines() for word in line.split()}
    assert {"better", "worse", "equivalent", "inconclusive", "unavailable"} <= words
    assert not {"inconclusi", "inconclusiv", "unavailabl", "equivalen", "inconclus…"} & words


def test_a_failed_device_and_no_verdict_are_said(comparison: Comparison) -> None:
    failed = DeviceResult(device="adb:GONE", identity=None, status="failed", problem="It does not answer.")
    text = unwrapped(printed(comparison.model_copy(update={"devices": [failed], "verdicts": []})))
    assert "This comparison holds no verdict." in text
    assert "adb:GONE failed: It does not answer." in text
    assert "Rules, none of which could be judged" in text


def test_what_is_true_of_several_quantities_is_said_once(comparison: Comparison) -> None:
    missing = [sample.unavailable_contrast(sample.INT8, name, "not measured") for name in ("load_time", "pss_memory")]
    device = comparison.devices[0].model_copy(update={"contrasts": missing})
    text = unwrapped(printed(comparison.model_copy(update={"devices": [device]})))
    assert "• Load time / Memory held (PSS): cannot be compared; not measured" in text


def test_a_quick_run_is_said_to_be_quick(comparison: Comparison) -> None:
    assert "not for a decision" in unwrapped(printed(comparison.model_copy(update={"quick": True})))

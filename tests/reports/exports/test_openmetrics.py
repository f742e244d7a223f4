"""A comparison's metrics by the rules of Prometheus, read back by its own client's strict parser."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness.documents.comparison import Comparison
from reports.exports.registry import open_export
from tests.reports import sample_comparison as sample
from tests.reports.test_html import everywhere


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=0)


def samples(comparison: Comparison) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    text = open_export("openmetrics").render(comparison, Path()).decode()
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            found.setdefault(each.name, []).append((each.labels, each.value))
    return found


def value(comparison: Comparison, name: str, **labels: str) -> float:
    (only,) = [number for found, number in samples(comparison)[name] if labels.items() <= found.items()]
    return only


def test_values_and_effects_are_in_base_units(comparison: Comparison) -> None:
    on = {"device": "adb:R5CT30ABCDE"}
    assert value(comparison, "bakeoff_run_value_seconds", arm=sample.BASELINE, quantity="latency_p50", **on) == (
        pytest.approx(28.4e-3)
    )
    assert value(comparison, "bakeoff_run_effect_ratio", quantity="latency_p50", **on) == 0.69
    assert value(comparison, "bakeoff_run_effect_low_ratio", quantity="latency_p50", **on) == pytest.approx(0.674)
    assert value(comparison, "bakeoff_run_difference_decibels", quantity="psnr_y", **on) == -0.043
    assert value(comparison, "bakeoff_run_difference_high", quantity="ssim_y", **on) == pytest.approx(0.0001)


def test_verdicts_and_rules_have_one_sample_for_each_outcome(comparison: Comparison) -> None:
    verdicts = {labels["decision"]: number for labels, number in samples(comparison)["bakeoff_run_verdict"]}
    assert verdicts == {"ship": 0.0, "hold": 0.0, "undecided": 1.0}
    rules = samples(comparison)["bakeoff_run_rule_outcome"]
    assert len(rules) == 4 * sum(len(device.rules) for device in comparison.devices)
    assert sum(number for _, number in rules) == sum(len(device.rules) for device in comparison.devices)


def test_what_is_unavailable_or_not_finite_has_no_sample(comparison: Comparison) -> None:
    found = samples(comparison)
    assert all(math.isfinite(number) for each in found.values() for _, number in each)
    assert not [labels for each in found.values() for labels, _ in each if labels.get("quantity") == "pss_memory"]


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool on this machine; run scripts/install_test_packages.sh"
)
def test_promtool_finds_nothing_to_say_of_it(comparison: Comparison) -> None:
    """`check metrics` reads the older text format, which has no line at its end, and no type `info`."""
    text = open_export("openmetrics").render(everywhere(comparison, 'a <b> "c" \\'), Path()).decode()
    older = re.sub(r"(?m)^# (TYPE|HELP) (\S+_run) ", r"# \1 \2_info ", text.removesuffix("# EOF\n"))
    older = older.replace("_info info\n", "_info gauge\n")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=older, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("text", sample.HOSTILE_NAMES)
def test_hostile_names_are_labels_and_nothing_else(comparison: Comparison, text: str) -> None:
    assert "bakeoff_run_info" in samples(everywhere(comparison, text))

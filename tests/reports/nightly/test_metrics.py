"""A night's metrics by Prometheus's rules, judged by promtool and by the client's own parsers."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from harness.quantity import Unavailable
from reports.nightly.metric_families import MOST_LABEL_CHARACTERS
from reports.nightly.openmetrics import past_nights
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool on this machine; run scripts/install_test_packages.sh"
)
NIGHTS = {
    "whole": sample.night(),
    "fine": sample.fine_night(),
    "empty": sample.empty_night(),
    "hostile": sample.hostile_night(),
}


def samples(nightly) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in read_openmetrics(open_rendering("openmetrics").render(nightly).decode()):
        for each in family.samples:
            assert each.timestamp is None
            found.setdefault(each.name, []).append((each.labels, each.value))
    return found


def value(nightly, name: str, **labels: str) -> float:
    (only,) = [number for found, number in samples(nightly)[name] if labels.items() <= found.items()]
    return only


@needs_promtool
@pytest.mark.parametrize("which", NIGHTS)
def test_promtool_finds_nothing_to_remark(which):
    text = open_rendering("prometheus").render(NIGHTS[which])
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_both_texts_say_the_same():
    text = open_rendering("prometheus").render(NIGHTS["whole"]).decode()
    classic = {
        (each.name, tuple(sorted(each.labels.items())), each.value)
        for family in read_text(text)
        for each in family.samples
    }
    modern = {
        (name, tuple(sorted(labels.items())), number)
        for name, found in samples(NIGHTS["whole"]).items()
        for labels, number in found
    }
    assert classic == modern


def test_values_are_in_base_units():
    whole = NIGHTS["whole"]
    assert value(whole, "bakeoff_device_battery_ratio", device=sample.PHONE) == pytest.approx(0.81)
    assert value(whole, "bakeoff_device_temperature_celsius", device=sample.PHONE) == 44.0
    assert value(whole, "bakeoff_nightly_duration_seconds") == 101 * 60
    assert value(whole, "bakeoff_nightly_last_success_timestamp_seconds") == 1_796_010_060
    points = whole.series[4].points[-1]
    assert value(whole, "bakeoff_effect_difference_ratio", device=sample.PHONE) == pytest.approx(points.effect / 100)


def test_an_effect_has_its_interval_and_its_level():
    found = [value(NIGHTS["whole"], f"bakeoff_effect{part}_ratio", device=sample.PI, quantity="latency_p50")
             for part in ("_low", "", "_high", "_level")]  # fmt: skip
    assert found[0] < found[1] < found[2]
    assert found[3] == 0.9


def test_what_is_unavailable_has_no_sample_and_is_never_a_zero():
    found = samples(NIGHTS["whole"])
    assert [labels["device"] for labels, _ in found["bakeoff_device_battery_ratio"]] == [sample.PHONE]
    there = [(each["experiment"], each["device"]) for each, _ in found["bakeoff_effect_ratio"]]
    assert ("denoiser", sample.PHONE) not in there
    assert value(NIGHTS["whole"], "bakeoff_nightly_series", state="unavailable") == 1


def test_a_night_that_measured_nothing_is_no_success():
    found = samples(NIGHTS["empty"])
    assert "bakeoff_nightly_last_success_timestamp_seconds" not in found
    before = sample.empty_night(last_success_at="2026-11-27T03:00:00+00:00")
    assert value(before, "bakeoff_nightly_last_success_timestamp_seconds") == 1_795_748_400


def test_a_device_is_up_quarantined_or_gone():
    whole = NIGHTS["whole"]
    assert value(whole, "bakeoff_device_quarantined", device=sample.PHONE) == 1
    assert value(whole, "bakeoff_device_up", device=sample.PI) == 1
    assert value(NIGHTS["empty"], "bakeoff_device_up") == 0
    silent = sample.device(
        sample.PI,
        status="quarantined",
        battery_percent=Unavailable(reason="no answer"),
        temperature_c=Unavailable(reason="no answer"),
    )
    assert value(sample.night(devices=[silent]), "bakeoff_device_up") == 0


def test_only_what_is_new_is_counted_as_a_regression():
    assert value(NIGHTS["whole"], "bakeoff_nightly_regressions") == 1
    assert value(sample.night(changes=[sample.change(1, is_new=False)]), "bakeoff_nightly_regressions") == 0


def test_labels_are_few_and_bounded():
    names = {label for found in samples(NIGHTS["hostile"]).values() for labels, _ in found for label in labels}
    assert names <= {
        "suite", "experiment", "device", "candidate", "quantity", "status", "state", "decision", "outcome", "kind",
        "confirmation", "host", "version", "name",
    }  # fmt: skip
    long = sample.night(suite="s" * 5000)
    assert all(len(labels["suite"]) == MOST_LABEL_CHARACTERS for found in samples(long).values() for labels, _ in found)


def test_past_nights_stand_in_order_of_labels_and_then_of_time():
    nights = [
        sample.night(night=f"2026-11-{day}", finished_at=f"2026-11-{day}T03:00:00+00:00", suite=suite)
        for day in ("03", "01", "02")
        for suite in ("b", "a")
    ]
    text = past_nights([*nights, sample.night(finished_at="yesterday")]).decode()
    assert text.endswith("# EOF\n")
    families = {family.name: family.samples for family in read_openmetrics(text)}
    found = [(each.labels["suite"], float(each.timestamp)) for each in families["bakeoff_nightly_regressions"]]
    assert found == sorted(found)
    assert len(found) == 6
    assert found[1][1] - found[0][1] == 86_400

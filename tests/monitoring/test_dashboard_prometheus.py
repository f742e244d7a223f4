"""Every panel over Prometheus, asked of a real one that was filled with a simulated month by promtool."""

from __future__ import annotations

import subprocess

import pytest

from reports.nightly.openmetrics import past_nights
from tests.monitoring import simulated_month as month
from tests.monitoring.dashboard import dashboard, queries
from tests.rig.prometheus import PROMETHEUS, PROMTOOL, running_prometheus

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None or PROMTOOL is None,
    reason="no prometheus or promtool on this machine; run scripts/install_test_packages.sh",
)
QUERIES = queries("bakeoff_prometheus.json")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "month.openmetrics").write_text(month.monitored_hours() + past_nights(month.nights()).decode())
    argv = [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", "month.openmetrics", "data"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    with running_prometheus(folder, "global: {}\n", data=folder / "data") as running:
        yield running


def asked(query) -> str:
    text = query.text.replace("$suite", "upscalers").replace("$__rate_interval", "10m")
    assert "$" not in text
    return text


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_a_panel_has_data(prometheus, query):
    if query.is_instant:
        found = prometheus.query(asked(query), at=month.ENDS)
        assert found
    else:
        is_live = "bakeoff_monitor" in query.text
        starts, step_s = (month.ENDS - 7200, 60.0) if is_live else (month.STARTS, 3600.0)
        found = prometheus.query_range(asked(query), starts, month.ENDS - 60, step_s)
        assert sum(len(series["values"]) for series in found) > 24


def panel(title: str, ref: str = "A") -> str:
    return asked(next(query for query in QUERIES if (query.panel, query.ref) == (title, ref)))


def test_the_verdicts_are_ship_before_the_regression_and_hold_after_it(prometheus):
    day = 86_400
    for at, expected in ((month.STARTS + 5 * day, {"1", "0"}), (month.STARTS + 15 * day, {"-1"})):
        found = prometheus.query(panel("Verdicts"), at=at)
        assert {series["value"][1] for series in found} == expected


def test_an_effect_lies_within_its_interval_and_steps_where_the_regression_began(prometheus):
    def at(day: int, ref: str) -> float:
        found = prometheus.query(panel("Latency", ref), at=month.STARTS + day * 86_400 + 7200)
        (value,) = [
            float(each["value"][1])
            for each in found
            if each["metric"]["quantity"] == "latency_p50" and "ssh" in each["metric"]["device"]
        ]
        return value

    assert at(12, "B") < at(12, "A") < at(12, "C")
    assert at(month.REGRESSION, "A") / at(12, "A") > 1.02


def test_two_missed_nights_and_one_regression_are_counted(prometheus):
    (missed,) = prometheus.query(panel("Nights missed"), at=month.ENDS)
    assert missed["value"][1] == "2"
    (found,) = prometheus.query(panel("Confirmed regressions"), at=month.STARTS + month.REGRESSION * 86_400 + 7200)
    assert found["value"][1] == "1"


def test_the_suites_are_found_for_the_variable(prometheus):
    (variable,) = [
        each for each in dashboard("bakeoff_prometheus.json")["templating"]["list"] if each["name"] == "suite"
    ]
    assert variable["query"]["query"] == "label_values(bakeoff_nightly_info, suite)"
    found = prometheus.query("group by (suite) (last_over_time(bakeoff_nightly_info[30d]))", at=month.ENDS)
    assert [each["metric"]["suite"] for each in found] == ["upscalers"]

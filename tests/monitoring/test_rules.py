"""The alert rules: promtool checks them and runs their own tests; every metric that they name is one of ours."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from reports.monitor_metrics import monitor_families
from reports.nightly.metric_families import METRICS
from tests.monitoring import simulated_month as month
from tests.monitoring.dashboard import MONITORING, dashboard, queries

RULES = MONITORING / "prometheus"
NAMES = re.compile(r"\bbakeoff_[a-z_]+")

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool on this machine; run scripts/install_test_packages.sh"
)


@needs_promtool
@pytest.mark.parametrize(
    "arguments", [["check", "rules", "bakeoff_alerts.yml"], ["test", "rules", "bakeoff_alerts_test.yml"]]
)
def test_promtool_passes(arguments):
    done = subprocess.run(["promtool", *arguments], cwd=RULES, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert b"SUCCESS" in done.stdout


def test_rules_and_panels_ask_for_metrics_that_there_are():
    rules = [
        line for line in (RULES / "bakeoff_alerts.yml").read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    asked = {name for line in rules for name in NAMES.findall(line)}
    asked |= {name for query in queries("bakeoff_prometheus.json") for name in NAMES.findall(query.text)}
    live = {each.name for family in monitor_families([month.monitored(0)]) for each in family.samples}
    assert asked - {"bakeoff_nightly_since_success"} <= set(METRICS) | live


@pytest.mark.parametrize("name", ["bakeoff_prometheus.json", "bakeoff_postgresql.json"])
def test_panels_stand_beside_each_other_and_say_what_they_show(name):
    board = dashboard(name)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    titles = {panel["title"] for panel in board["panels"]}
    assert {"Verdicts", "Latency", "Energy", "Temperature", "Battery", "Nights missed"} <= titles

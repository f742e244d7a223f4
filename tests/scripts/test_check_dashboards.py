"""The dashboards are of Grafana's own types, where npm's schema is on this machine already."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "check_dashboards.py"
SCHEMA = Path(os.environ.get("BAKEOFF_GRAFANA_SCHEMA", Path.home() / ".cache" / "bakeoff-tests" / "grafana-schema"))


def check(folder: Path, path: str | None = None, script: Path = SCRIPT) -> tuple[int, str]:
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    argv = [sys.executable, str(script), str(folder)]
    done = subprocess.run(argv, env=environment, capture_output=True, check=False, timeout=300)
    return done.returncode, done.stdout.decode()


def test_without_node_it_says_loudly_that_nothing_was_checked(tmp_path):
    code, said = check(tmp_path / "none", path=str(tmp_path))
    assert (code, said.split(":")[1]) == (0, " NOT CHECKED")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(
    shutil.which("node") is None or not (SCHEMA / "node_modules" / "@grafana" / "schema").is_dir(),
    reason="npm's @grafana/schema is not on this machine: python scripts/check_dashboards.py fetches it",
)
def test_the_dashboards_are_of_grafana_s_types_and_a_wrong_one_is_not(tmp_path):
    assert check(SCHEMA) == (0, "dashboards: bakeoff_postgresql.ts, bakeoff_prometheus.ts: as Grafana types them\n")
    (tmp_path / "scripts").mkdir()
    wrong = tmp_path / "monitoring" / "grafana" / "dashboards"
    wrong.mkdir(parents=True)
    board = json.loads((REPOSITORY / "monitoring/grafana/dashboards/bakeoff_prometheus.json").read_text())
    board["panels"][1]["options"]["colorMode"] = "rainbow"
    (wrong / "wrong.json").write_text(json.dumps(board))
    script = shutil.copy(SCRIPT, tmp_path / "scripts")
    code, said = check(SCHEMA, script=Path(script))
    assert code == 1
    assert "rainbow" in said

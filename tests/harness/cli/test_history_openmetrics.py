"""`bakeoff history export --out FILE.openmetrics`: kept nights for `promtool tsdb create-blocks-from openmetrics`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from harness.cli.main import main
from harness.history.store import open_history
from tests.monitoring import simulated_month as month


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/history.db"
    with open_history(url) as history:
        for nightly in month.nights()[:5]:
            history.keep_night(nightly)
    return url


def export(url, out, *arguments: str) -> int:
    return main(["history", "export", "--history", url, "--out", str(out), *arguments])


def test_kept_nights_become_blocks_of_prometheus(url, tmp_path, capfd):
    out = tmp_path / "nights.openmetrics"
    assert export(url, out, "--suite", "upscalers", "--since", "2025-03-02") == 0
    assert "4 nights in" in capfd.readouterr().err
    found = [line for line in out.read_text().splitlines() if line.startswith("bakeoff_nightly_regressions{")]
    assert len(found) == 4
    assert any(line.startswith("bakeoff_effect_ratio{") for line in out.read_text().splitlines())
    if shutil.which("promtool"):
        argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(out), str(tmp_path / "data")]
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 0
        assert list((tmp_path / "data").glob("*/meta.json"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--quantity", "psnr_y"], "--quantity: nights are exported whole"),
        (["--suite", "nobody"], "no night is kept there"),
    ],
)
def test_what_cannot_be_is_refused(url, tmp_path, capfd, arguments, words):
    assert export(url, tmp_path / "nights.openmetrics", *arguments) == 2
    assert words in capfd.readouterr().err
    assert not (tmp_path / "nights.openmetrics").exists()

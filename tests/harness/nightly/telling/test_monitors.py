"""A textfile and a real Pushgateway: what is in them after a night, and after the next one."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request

import pytest

from harness.nightly.telling import pushgateway, textfile
from harness.nightly.telling.settings import Pushgateway, Textfile
from harness.nightly.telling.teller import TellingError
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample
from tests.rig.prometheus import PUSHGATEWAY, running_pushgateway

needs_pushgateway = pytest.mark.skipif(
    PUSHGATEWAY is None, reason="no prometheus-pushgateway on this machine; run scripts/install_test_packages.sh"
)


def render(name, nightly):
    return open_rendering(name).render(nightly)


def test_a_textfile_is_replaced_as_a_whole_and_may_be_read_by_others(tmp_path):
    settings = Textfile(folder=str(tmp_path))
    textfile.TELLER.tell(sample.night(), settings, render)
    textfile.TELLER.tell(sample.fine_night(), settings, render)
    (path,) = tmp_path.iterdir()
    assert path.name == "bakeoff_upscalers.prom"
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.read_bytes() == render("prometheus", sample.fine_night())


def test_two_suites_never_share_a_textfile(tmp_path):
    settings = Textfile(folder=str(tmp_path))
    for suite in ("a/b", "a-b", "../../etc/x", "a b", ""):
        textfile.TELLER.tell(sample.fine_night(suite=suite), settings, render)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 5
    assert all(name.startswith("bakeoff_") and name.endswith(".prom") for name in names)


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(TellingError, match="is no folder"):
        textfile.TELLER.tell(sample.night(), Textfile(folder=str(tmp_path / "tpyo")), render)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_said(tmp_path):
    (tmp_path / "bakeoff_upscalers.prom").mkdir()
    with pytest.raises(TellingError, match="cannot be written"):
        textfile.TELLER.tell(sample.night(), Textfile(folder=str(tmp_path)), render)


@needs_pushgateway
def test_a_pushgateway_has_the_last_night_of_each_suite_and_nothing_of_the_one_before(tmp_path):
    with running_pushgateway(tmp_path) as url:
        settings = Pushgateway(url=url + "/", backoff_s=0.1)
        for nightly in (sample.night(), sample.fine_night(), sample.night(suite="a/ü b"), sample.night(suite="")):
            pushgateway.TELLER.tell(nightly, settings, render)
        with urllib.request.urlopen(f"{url}/metrics", timeout=20) as response:
            lines = response.read().decode().splitlines()
    effects = [line for line in lines if line.startswith("bakeoff_effect_ratio{")]
    assert sum('suite="upscalers"' in line for line in effects) == 6
    assert sum('suite="a/ü b"' in line for line in effects) == 7
    regressions = [line for line in lines if line.startswith("bakeoff_nightly_regressions{")]
    assert sorted(line.rpartition(" ")[2] for line in regressions) == ["0", "1", "1"]
    assert all('job="bakeoff"' in line for line in regressions)


@needs_pushgateway
def test_what_a_pushgateway_refuses_is_said_in_its_words(tmp_path):
    with running_pushgateway(tmp_path) as url, pytest.raises(TellingError, match="answered 400 Bad Request"):
        pushgateway.TELLER.tell(sample.night(), Pushgateway(url=url), lambda *_: b"not a metric\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool; run scripts/install_test_packages.sh")
def test_promtool_reads_the_textfile(tmp_path):
    textfile.TELLER.tell(sample.night(), Textfile(folder=str(tmp_path)), render)
    with (tmp_path / "bakeoff_upscalers.prom").open("rb") as file:
        assert subprocess.run(["promtool", "check", "metrics"], stdin=file, check=False).returncode == 0

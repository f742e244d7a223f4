"""What runs bakeoff unattended is valid by the tools of those who run it: systemd, compose, GitHub, Prometheus."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devices.cache import CACHE_VARIABLE
from harness.documents import profile_store
from harness.history import address, waiting
from harness.nightly import device_lock

DEPLOY = Path(__file__).parents[2] / "deploy"


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    units = sorted(str(path) for path in folder.glob("*@*"))
    assert units
    return subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with a program that is there: systemd looks whether it is."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing (Debian: apt-get install systemd)")
    for unit in (DEPLOY / "systemd").iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/bakeoff/bin/bakeoff", sys.executable))
    return tmp_path


def test_systemd_takes_the_units(units: Path) -> None:
    verified = verify(units)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_would_say_what_is_wrong_with_them(units: Path) -> None:
    timer = next(units.glob("*.timer"))
    timer.write_text(timer.read_text().replace("*-*-* 02:00:00", "whenever"))
    service = next(units.glob("*.service"))
    service.write_text(service.read_text().replace("KillSignal=", "KilSignal="))
    said = verify(units).stderr
    assert "whenever" in said
    assert "KilSignal" in said


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.github-workflows", "github/nightly.yml"), ("vendor.compose-spec", "docker/compose.yaml")],
)
def test_its_schema_takes(schema: str, file: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(DEPLOY / file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_prometheus_takes_its_configuration() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is missing (Debian: apt-get install prometheus)")
    config = DEPLOY / "docker" / "prometheus.yml"
    checked = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", str(config)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    "variable",
    [CACHE_VARIABLE, profile_store.VARIABLE, address.VARIABLE, waiting.VARIABLE, device_lock.VARIABLE],
)
def test_what_a_container_must_keep_lies_in_a_volume(variable: str) -> None:
    """A night's container is removed when it is done, and what lies elsewhere in it is gone."""
    text = (DEPLOY / "docker" / "Dockerfile").read_text()
    (place,) = re.findall(rf"^(?:ENV)?\s*{variable}=(\S+)", text, re.MULTILINE)
    assert place.removeprefix("sqlite:///").startswith(("/data/", "/cache"))
    assert 'VOLUME ["/data", "/cache"]' in text


def test_a_night_in_a_container_is_written_where_it_may_be() -> None:
    """A suite's own folder of nights lies beside it, and the suite is mounted read-only."""
    compose = (DEPLOY / "docker" / "compose.yaml").read_text()
    page = (DEPLOY.parent / "docs" / "run-on-a-build-machine.md").read_text()
    for text in (compose, page):
        assert re.findall(r"run --rm bakeoff nightly (.*)", text) == ["/suite/suite.toml --out /data/nights"]
    assert ":/suite:ro" in compose

"""Files fetched from a device whose tar lies: told in a line, and nothing is written but what was asked for."""

import sys
import threading
from pathlib import Path

import pytest

from devices.errors import DeviceError
from devices.posix.local import LocalDevice
from tests.rig.hostile import lying_tar


@pytest.fixture
def lying(tmp_path, monkeypatch):
    """lie → a local device with that tar."""

    def make(lie: str) -> LocalDevice:
        programs = tmp_path / "programs"
        programs.mkdir()
        program = programs / "tar"
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{lying_tar.__file__}' '{lie}' \"$@\"\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        return LocalDevice(str(tmp_path / "device"))

    return make


@pytest.mark.parametrize("lie", lying_tar.LIES)
def test_what_a_lying_tar_sends_is_no_file(lying, tmp_path, lie):
    home = tmp_path / "home"
    asked = [("/asked/for", home / "here")]
    with lying(lie) as device, pytest.raises(DeviceError) as caught:
        device.fetch(asked, most_bytes=[320])
    assert "Traceback" not in str(caught.value)
    assert str(caught.value).startswith("local: ")
    left = [path for path in home.rglob("*") if path.is_file()]
    assert all(path == home / "here" and path.stat().st_size <= 320 for path in left)
    assert threading.active_count() < 20


def test_a_file_that_is_as_long_as_it_may_be_arrives(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 320)
    with LocalDevice(str(tmp_path / "device")) as device:
        device.fetch([(str(source), tmp_path / "here")], most_bytes=[320])
        assert (tmp_path / "here").read_bytes() == b"x" * 320
        with pytest.raises(DeviceError, match="came with 320 bytes, and 319 at most were asked for"):
            device.fetch([(str(source), tmp_path / "there")], most_bytes=[319])
    assert not (tmp_path / "there").exists()
    assert not list(Path(tmp_path).glob(".part-*"))

"""A runtime of one's own in two files is pushed as a folder, and the device's linker finds one beside the other."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from devices.build.native_build import TARGETS
from devices.libraries.brought_library import VARIABLE, place_in_a_folder
from tests.devices.linked_library import onnxruntime_in_two
from tests.rig.adb_server import AdbServer
from tests.rig.command import bakeoff
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import device_folders, over_adb
from tests.rig.run_watch import assert_whole
from tests.rig.tiny_experiment import TinyExperiment

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the library in two is for x86-64")


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """What names it, for Linux and for Android."""
    for target in ("linux-x86_64", "android-x86_64"):
        onnxruntime_in_two((tmp_path / "own" / place_in_a_folder("onnxruntime", "1.32.0", TARGETS[target])).parent)
    return {VARIABLE: str(tmp_path / "own")}


def assert_brought_in_two(folder: Path, device: str) -> None:
    runner = json.loads((folder / "devices" / device / "runner.json").read_text())
    for library in runner["libraries"].values():
        assert library["file"] == "libonnxruntime.so"
        assert list(library["beside"]) == ["libonnxruntime.so.1"]


def test_on_this_machine(tiny: TinyExperiment, workdir: Path, own: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    where = {"BAKEOFF_LOCAL_WORKDIR": str(workdir)}
    done = bakeoff("run", tiny.write(), "-d", "local", "--runner", "native", "--out", folder, **where, **own)
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"])
    assert_brought_in_two(folder, "0-local")


def test_on_a_phone(
    tiny: TinyExperiment, bionic_phone: StandInPhone, server: AdbServer, own: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    device = f"adb:{bionic_phone.address}"
    done = bakeoff("run", tiny.write(), "-d", device, "--out", folder, **over_adb(server), **own)
    assert done.exit_code == 0, done.stderr
    (name,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"], name)
    assert_brought_in_two(folder, name)
    there = sorted(path.name for path in bionic_phone.data_folder.glob("bakeoff/libraries/*/*"))
    assert there == ["libonnxruntime.so", "libonnxruntime.so.1"]


def test_on_a_phone_without_a_c_library(
    tiny: TinyExperiment, stand_in: StandInPhone, server: AdbServer, own: dict[str, str]
) -> None:
    done = bakeoff("check", tiny.write(), "-d", f"adb:{stand_in.address}", **over_adb(server), **own)
    assert done.exit_code == 0, done.stderr
    assert "native runner, portable" in done.stdout

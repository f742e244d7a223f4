"""A runtime's library that does not open on a phone is told as that, with what it lacks there; a model as a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devices.build.native_build import TARGETS
from devices.libraries.brought_library import VARIABLE, place_in_a_folder
from tests.devices.linked_library import link_library, maker_s_onnxruntime
from tests.rig.adb_server import AdbServer
from tests.rig.command import Finished, bakeoff
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import over_adb
from tests.rig.tiny_experiment import TinyExperiment, write_upscaler


class Phone:
    """A phone, and a runtime of somebody's own that needs libEGL.so, which this phone does not have."""

    def __init__(self, phone: StandInPhone, server: AdbServer, tiny: TinyExperiment, folder: Path) -> None:
        self.system = phone.folder / "root/system/lib64"
        self.egl = link_library(folder / "elsewhere" / "libEGL.so")
        place = (folder / "own" / place_in_a_folder("onnxruntime", "1.32.0", TARGETS["android-x86_64"])).parent
        place.mkdir(parents=True)
        real = Path(shutil.copy(maker_s_onnxruntime(), place / "libonnxruntime.so.1"))
        link_library(place / "libonnxruntime.so", [real, self.egl])
        self._environment = {**over_adb(server), VARIABLE: str(folder / "own")}
        self._device = f"adb:{phone.address}"
        self._tiny = tiny

    def ask(self, command: str, *more: object) -> Finished:
        return bakeoff(command, self._tiny.folder / "experiment.toml", "-d", self._device, *more, **self._environment)


@pytest.fixture
def asked(bionic_phone: StandInPhone, server: AdbServer, tiny: TinyExperiment, tmp_path: Path) -> Phone:
    tiny.write()
    return Phone(bionic_phone, server, tiny, tmp_path)


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_library_that_the_phone_lacks_is_named_with_how_to_see_it_and_is_no_fault_of_the_model(
    asked: Phone, tmp_path: Path, command: str
) -> None:
    more = ["--out", tmp_path / "run"] if command == "run" else []

    done = asked.ask(command, *more)

    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert "baseline: onnxruntime 1.32.0 on adb:" in done.stderr
    assert "It is not the model: the runtime's library needs libEGL.so" in done.stderr
    assert "ls -lL /system/lib64/libEGL.so" in done.stderr
    assert "Export it again" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_one_that_may_not_be_read_there_is_named_alike_and_mended_alike(asked: Phone) -> None:
    there = Path(shutil.copy(asked.egl, asked.system))
    there.chmod(0o600)
    assert "the runtime's library needs libEGL.so" in asked.ask("check").stderr
    there.chmod(0o644)
    mended = asked.ask("check")
    assert mended.exit_code == 0, mended.stderr


def test_where_the_phone_has_all_that_is_needed_the_command_that_shows_more_is_given(asked: Phone) -> None:
    # Everything is there under its name, and one of them is no library.
    (asked.system / "libEGL.so").write_bytes(b"no library")
    said = asked.ask("check").stderr
    assert (
        "It is not the model: the runtime itself does not start. Run there, this says why: env LD_LIBRARY_PATH=" in said
    )
    assert "/bakeoff-runner --describe " in said


def test_a_model_that_the_runtime_refuses_is_still_the_model_s(asked: Phone, tiny: TinyExperiment) -> None:
    shutil.copy(asked.egl, asked.system)
    write_upscaler(tiny.folder / tiny.candidate, operator="FrobnicateTensor")
    said = asked.ask("check").stderr
    assert "cannot open it" in said
    assert "Export it again for this runtime" in said

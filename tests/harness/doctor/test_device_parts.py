"""What `bakeoff devices` says is ready and missing, and how to get it, for kinds of devices that no machine here is."""

import re

import pytest
from rich.console import Console

from devices.browsers.find_browsers import Browser
from devices.build.native_build import TARGETS, built
from devices.identity import AndroidFacts, Identity
from devices.libraries import brought_library, maven_download
from devices.web_engines import npm_fetch
from harness.doctor.device_parts import parts_of
from harness.documents.device_survey import DeviceSurvey
from harness.documents.profile import Ability
from reports.device_table import render_devices
from tests.devices.library_files import library, onnxruntime_archive

PHONE = Identity(
    kind="adb", android=AndroidFacts(abis=["arm64-v8a"]), libc="bionic", architecture="aarch64", kernel="Linux 6.1"
)
BOARD = Identity(kind="ssh", libc="glibc 2.36", architecture="aarch64", kernel="Linux 6.1")
OLD_BOARD = BOARD.model_copy(update={"architecture": "armv7l"})
HERE = BOARD.model_copy(update={"kind": "local"})
PYTHON = "3.11.2 (/usr/bin/python3)"


@pytest.fixture(autouse=True)
def bare_host(tmp_path, monkeypatch):
    """Nothing was built, fetched or brought."""
    for name in (brought_library.VARIABLE, "GRADLE_USER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(maven_download.VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def states(parts):
    return {part.what: (part.runner, part.state) for part in (*parts.others, *parts.runtimes)}


def test_a_phone_lacks_its_libraries_until_they_are_brought(tmp_path, monkeypatch):
    parts = parts_of(PHONE, None, [])
    assert parts.runner == "native runner"
    assert states(parts) == {
        "runner": ("native", "when needed"),
        "onnxruntime 1.32.0": ("native", "missing"),
        "ai-edge-litert 2.3.0": ("native", "missing"),
        "tflite-runtime 2.14.0": ("native", "missing"),
        "onnxruntime-web 1.30.0": ("native", "missing"),
        "litert-js 2.5.3": ("native", "missing"),
    }
    assert parts.usable == []
    ort = parts.runtimes[0]
    assert "the .aar of com.microsoft.onnxruntime:onnxruntime-android:1.32.0" in ort.remedy
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    (tmp_path / "onnxruntime-android-1.32.0.aar").write_bytes(onnxruntime_archive())
    assert [part.what for part in parts_of(PHONE, None, []).usable] == ["onnxruntime 1.32.0"]


def test_a_named_repository_will_be_asked_when_needed(monkeypatch):
    monkeypatch.setenv(maven_download.VARIABLE, "http://127.0.0.1:1")
    assert states(parts_of(PHONE, None, []))["onnxruntime 1.32.0"] == ("native", "when needed")


def test_a_board_has_each_runtime_in_the_runner_that_has_it():
    ready = ["tflite-runtime 2.14.0 (Python 3.11.2)"]
    assert states(parts_of(BOARD, PYTHON, ready)) == {
        "runner": ("native", "when needed"),
        "onnxruntime 1.32.0": ("native", "when needed"),
        "ai-edge-litert 2.3.0": ("native", "when needed"),
        "tflite-runtime 2.14.0": ("python", "ready"),
        "onnxruntime-web 1.30.0": ("native", "missing"),
        "litert-js 2.5.3": ("native", "missing"),
    }
    without_python = parts_of(BOARD, None, [])
    assert states(without_python)["tflite-runtime 2.14.0"] == ("python", "missing")
    assert "apt install python3" in next(
        part.remedy for part in without_python.runtimes if part.what.startswith("tflite-runtime")
    )


def test_an_engine_of_web_pages_needs_a_browser_a_python_and_npm_or_its_files(tmp_path, monkeypatch):
    chromium = Browser("chromium", "chromium", "/usr/bin/chromium", "150.0", "Chromium 150.0")

    def engine(python=PYTHON, browsers=(chromium,), board=HERE):
        parts = parts_of(board, python, [], browsers)
        return next(part for part in parts.runtimes if part.what.startswith("onnxruntime-web"))

    monkeypatch.setenv("PATH", f"{tmp_path}")
    assert engine(browsers=()).how == "no browser was found there"
    assert "to serve its page" in engine(python=None).how
    assert "to serve its page" not in engine(python=None, board=BOARD).how  # the native runner needs none
    assert engine().how == "there is no npm on this computer to fetch it with"
    (tmp_path / "npm").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    assert (engine().state, engine().how) == ("when needed", "fetched by npm at the first run")
    monkeypatch.setenv(npm_fetch.VARIABLE, str(tmp_path / "nowhere"))
    assert (engine().state, str(tmp_path / "nowhere") in engine().how) == ("missing", True)
    monkeypatch.setenv(npm_fetch.VARIABLE, str(tmp_path))
    (tmp_path / "onnxruntime-web-1.30.0.tgz").write_bytes(b"")
    assert (engine().state, engine().how) == ("ready", "for Chromium 150.0")


def test_looking_builds_and_fetches_nothing(tmp_path):
    for identity in (PHONE, BOARD, OLD_BOARD, HERE):
        parts_of(identity, PYTHON, [])
    assert not (tmp_path / "cache").exists()


def test_a_runner_that_is_not_built_yet_comes_with_the_command_that_builds_it():
    assert built(TARGETS["linux-aarch64"]) is None
    (command,) = re.findall(r"bakeoff runner build --target [\w-]+", parts_of(BOARD, PYTHON, []).others[0].how)
    assert command == "bakeoff runner build --target linux-aarch64"


def test_an_armv7_board_gets_python_and_is_told_which_library_would_bring_the_native_runner(tmp_path, monkeypatch):
    parts = parts_of(OLD_BOARD, PYTHON, [])
    assert parts.runner == "python runner"
    assert "FOLDER/onnxruntime-1.32.0/linux-armv7/libonnxruntime.so" in parts.runtimes[0].how
    path = tmp_path / "onnxruntime-1.32.0" / "linux-armv7" / "libonnxruntime.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(library("armeabi-v7a"))
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    assert states(parts_of(OLD_BOARD, PYTHON, []))["onnxruntime 1.32.0"] == ("native", "ready")


def test_this_machine_stays_with_python():
    assert {runner for runner, _ in states(parts_of(HERE, PYTHON, [])).values()} == {"python"}


@pytest.mark.parametrize("identity", [PHONE, BOARD, OLD_BOARD, HERE])
def test_parts_fit_80_columns_and_paths_and_commands_stay_whole(identity, capsys):
    parts = parts_of(identity, PYTHON, [])
    survey = DeviceSurvey(
        device="d", identity=identity, parts=parts, abilities=[Ability(what="latency", possible=True, how="h")]
    )
    render_devices([survey], Console(width=80, color_system=None))
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines())
    for part in parts.runtimes:
        assert part.what in shown
        for word in part.how.split():
            assert word in shown

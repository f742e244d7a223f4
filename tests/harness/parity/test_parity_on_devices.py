"""The build runs on a device, by the runner that measures there; the original stays here."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli.main import main
from tests.harness.parity.compared import saved
from tests.harness.parity.planted import built, planted
from tests.rig import sshd as sshd_rig
from tests.rig.adb_server import AdbServer
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import over_adb


@pytest.fixture
def ssh_device(tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    missing = sshd_rig.missing_parts()
    if missing:
        pytest.skip(missing)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    server = sshd_rig.LoopbackSshd(tmp_path / "sshd", environment=passed_on)
    server.start()
    monkeypatch.setenv("BAKEOFF_SSH", shlex.join(server.ssh_command()))
    try:
        yield server.address(workdir)
    finally:
        server.stop()


@pytest.fixture
def here(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(workdir))
    return "local"


def told(
    folder: Path, build: str, fault: str | None, device: str, capsys: Any, *more: str
) -> tuple[int, Any, set[str]]:
    """(exit code, parity.json, names of the layer with the fault) of an upscaler."""
    pair = built("upscaler", build, folder)
    faulty, names = (pair.sound, set()) if fault is None else planted(pair, fault, 3)
    given = folder / "inputs"
    given.mkdir()
    for place, item in enumerate(pair.items):
        np.save(given / f"{place}.npy", item["x"])
    capsys.readouterr()
    paths = [str(saved(pair.original, folder, "a")), str(saved(faulty, folder, "b"))]
    arguments = ["parity", *paths, "--inputs", str(given), "-d", device, "--out", str(folder / "out"), "--json", *more]
    code = main(arguments)
    return code, json.loads(capsys.readouterr().out), names


def test_the_layer_is_named_of_a_build_that_ran_on_this_machine_as_a_device(
    tmp_path: Path, here: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, names = told(tmp_path, "QDQ", "clipped range", here, capsys)
    assert (code, document["outcome"]) == (1, "culprit")
    layer = document["layers"][document["culprit"]["layers"][0]]
    assert names & {each["name"] for each in layer["ops"]}
    assert document["culprit"]["returned"]["mean"] > 0.9
    assert "on local by onnxruntime" in document["converted"]["how"]
    assert "on local" not in document["original"]["how"]
    assert layer["activations_share"] > 0.9


def test_the_layer_is_named_of_a_tensorflow_lite_build_on_a_machine_behind_ssh(
    tmp_path: Path, ssh_device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, names = told(tmp_path, "tflite int8", "transposed weights", ssh_device, capsys)
    assert (code, document["outcome"]) == (1, "culprit")
    layer = document["layers"][document["culprit"]["layers"][0]]
    assert names & {each["name"] for each in layer["ops"]}
    assert document["culprit"]["returned"]["mean"] > 0.9
    assert f"on {ssh_device} by ai-edge-litert" in document["converted"]["how"]
    assert layer["weights_share"] > 0.9


def test_one_file_on_a_phone_is_held_against_itself_here(
    tmp_path: Path,
    server: AdbServer,
    stand_in: StandInPhone,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kernels differ, and nobody is named for that."""
    for name, value in over_adb(server).items():
        monkeypatch.setenv(name, value)
    path = str(saved(built("upscaler", "tflite int8", tmp_path).sound, tmp_path, "a"))
    device = f"adb:{stand_in.address}"
    assert main(["parity", path, path, "-d", device, "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] in {"agree", "spread"}
    assert document["coverage"]["aligned"] == document["coverage"]["of"] > 4
    assert f"on {device} by ai-edge-litert" in document["converted"]["how"]
    assert "on adb" not in document["original"]["how"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("-d", "nowhere:else"), "nowhere:else"),
        (("-d", "local", "--accelerator", "abacus"), "onnxruntime cannot be asked for accelerator 'abacus'"),
        (("-d", "local", "--runtime", "ai-edge-litert"), "ai-edge-litert runs no .onnx models"),
        (("-d", "local", "--runtime", "nothing"), "nothing"),
        (("-d", "local", "--provider", "CPUExecutionProvider"), "--provider is for this machine"),
        (("--accelerator", "nnapi"), "--runtime and --accelerator are for a device"),
        (("-d", "local", "--accelerator", "nnapi"), "NNAPI"),
    ],
)
def test_a_place_where_it_cannot_run_is_refused_in_words(
    tmp_path: Path, here: str, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], words: str
) -> None:
    pair = built("upscaler", "renamed", tmp_path)
    paths = [str(saved(pair.original, tmp_path, "a")), str(saved(pair.sound, tmp_path, "b"))]
    assert main(["parity", *paths, "--out", str(tmp_path / "out"), *more]) in {2, 3}
    said = capsys.readouterr().err
    assert words.lower() in said.lower()
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()

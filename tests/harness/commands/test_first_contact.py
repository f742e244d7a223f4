"""First contact with a phone: it is attached, and one command runs the experiment there. Nothing is downloaded by hand:
the runtime's library comes from its makers' public repository, which here is a server of the tests' own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import onnxruntime
import pytest

from devices.cache import cache_folder
from devices.libraries.public_repositories import MAVEN_CENTRAL
from tests.devices.library_files import archive
from tests.harness.conftest import FinishedRun
from tests.rig import certificate
from tests.rig.adb_server import AdbServer
from tests.rig.command import Finished, bakeoff
from tests.rig.maven_server import MavenServer
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import device_folders, outputs, over_adb, runners
from tests.rig.run_watch import assert_whole, comparison
from tests.rig.web_proxy import WebProxy

ARCHIVE = "com/microsoft/onnxruntime/onnxruntime-android/1.32.0/onnxruntime-android-1.32.0.aar"
KEPT_IN_THE_CACHE = ("native", "unpacked", "zig")


@dataclass(frozen=True)
class Desk:
    """A phone with a C library under Android's names, and a way to the internet."""

    phone: StandInPhone
    maven: MavenServer
    environment: dict[str, str]

    def bakeoff(self, *arguments: object, **more: str) -> Finished:
        return bakeoff(*arguments, "-d", f"adb:{self.phone.address}", **{**self.environment, **more})


@pytest.fixture(scope="module")
def maker_s_library() -> bytes:
    """ONNX Runtime's for this machine's C library, which stands in for Android's."""
    (path,) = (Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.1.32.0")
    return path.read_bytes()


@pytest.fixture
def desk(server: AdbServer, bionic_phone: StandInPhone, tmp_path: Path, maker_s_library: bytes) -> Iterator[Desk]:
    missing = certificate.missing_parts()
    if missing:
        pytest.skip(missing)
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in KEPT_IN_THE_CACHE:
        (cache / name).symlink_to(cache_folder() / name)
    central = urlsplit(MAVEN_CENTRAL.url)
    pem = certificate.make_certificate(tmp_path, [str(central.hostname)])
    with ExitStack() as stack:
        maven = stack.enter_context(MavenServer(tmp_path / "central", root=central.path, certificate=pem))
        maven.put(ARCHIVE, archive({"jni/x86_64/libonnxruntime.so": maker_s_library}), checksums=("sha1",))
        proxy = stack.enter_context(WebProxy(maven.port))
        environment = {
            **over_adb(server),
            "BAKEOFF_CACHE": str(cache),
            "HOME": str(tmp_path / "home"),
            "https_proxy": proxy.url,
            "SSL_CERT_FILE": str(pem),
        }
        yield Desk(bionic_phone, maven, environment)


@pytest.fixture
def nobody_named_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEOFF_MAVEN_REPOSITORY")
    monkeypatch.delenv("BAKEOFF_RUNTIME_LIBRARIES", raising=False)


@pytest.mark.usefixtures("nobody_named_a_repository")
def test_a_phone_is_attached_and_one_command_runs_the_experiment_there(
    desk: Desk, finished_run: FinishedRun, tmp_path: Path
) -> None:
    looked = desk.bakeoff("devices")
    assert "onnxruntime 1.32.0 (native): not yet" in looked.stdout
    assert "from Maven Central" in looked.stdout
    assert desk.maven.requests == []
    folder = tmp_path / "run"

    done = desk.bakeoff("run", finished_run.tiny.folder / "experiment.toml", "--out", folder)

    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(finished_run.tiny.names), finished_run.tiny.measure["pairs"], device)
    assert runners(folder, device) == {"native"}
    runner = json.loads((folder / "devices" / device / "runner.json").read_text())
    assert runner["target"] == "android-x86_64"
    assert all(MAVEN_CENTRAL.url in library["source"] for library in runner["libraries"].values())
    assert comparison(folder).verdicts[0].decision == "hold"
    here = outputs(finished_run.folder, "0-local")
    there = outputs(folder, device)
    assert here.keys() == there.keys()
    assert all(np.allclose(there[name], here[name], atol=1e-6) for name in here)


@pytest.mark.usefixtures("nobody_named_a_repository")
def test_in_a_lab_without_internet_the_run_says_what_to_bring_before_anything_is_measured(
    desk: Desk, finished_run: FinishedRun, tmp_path: Path
) -> None:
    experiment = finished_run.tiny.folder / "experiment.toml"
    nobody = {"https_proxy": "http://127.0.0.1:1"}

    done = desk.bakeoff("run", experiment, "--out", tmp_path / "run", **nobody)

    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert f"{MAVEN_CENTRAL.url}/{ARCHIVE}" in done.stderr
    assert "export BAKEOFF_RUNTIME_LIBRARIES=FOLDER" in done.stderr
    assert not (tmp_path / "run").exists()

    brought = tmp_path / "aars"
    brought.mkdir()
    (brought / Path(ARCHIVE).name).write_bytes((desk.maven.folder / ARCHIVE).read_bytes())
    checked = desk.bakeoff("check", experiment, BAKEOFF_RUNTIME_LIBRARIES=str(brought), **nobody)
    assert checked.exit_code == 0, checked.stderr

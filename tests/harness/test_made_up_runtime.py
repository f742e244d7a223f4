"""A runtime is what its SPEC says: one that is registered here, and that nobody else has heard of, is found by all."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.build.native_build import TARGETS
from devices.errors import RuntimeNotAvailableError
from devices.identity import AndroidFacts, Identity
from devices.libraries import maven_download
from devices.libraries.accelerator_library import accelerator_library
from devices.libraries.brought_library import VARIABLE, brought_library, place_in_a_folder
from devices.libraries.native_library import library_status
from devices.libraries.runtime_library import pinned_wheels
from devices.runtimes.registry import RUNTIMES, resolve, runtime_for
from devices.runtimes.spec import NativeLibrary, PinnedLibrary, PythonPackage, RuntimeSpec
from harness.doctor.device_parts import parts_of
from harness.errors import UserError
from harness.experiment.declaration import Arm
from harness.experiment.resolve import refuse_accelerator
from harness.models import registry
from harness.models.model_file import read_model
from harness.models.model_format import ModelReader
from harness.models.tensor_info import TensorInfo
from harness.runs.preparing.native_offer import native_offer
from harness.runs.preparing.runner_choice import ArmNeeds, choose_runner
from tests.devices.library_files import archive, library

SPEC = RuntimeSpec(
    name="tensor-mill",
    python=PythonPackage(distribution="tensor-mill-wheels", import_name="tensor_mill", python_min=(3, 9)),
    default_version="4.2.0",
    formats=("mill",),
    accelerators=("cpu", "waterwheel"),
    also_called=("grinder",),
    native=NativeLibrary(
        file="libmill.so",
        wheel_folder="tensor_mill/lib/",
        wheel_pattern="libmill.so.*",
        pinned=(PinnedLibrary("4.2.0", "manylinux_2_31_aarch64", "aarch64", "ab" * 32),),
        archive=("org.example.mill", "mill-android"),
        accelerator_files={"waterwheel": {"linux": ("libwheel.so",), "android": ("libwheel.so",)}},
    ),
)
NEEDS = ArmNeeds("tensor-mill", "4.2.0", "waterwheel")
BOARD = Identity(kind="ssh", libc="glibc 2.36", kernel="Linux 6.1", architecture="aarch64")
PHONE = Identity(kind="adb", libc="bionic", kernel="Linux 6.1", android=AndroidFacts(abis=["arm64-v8a"]))
ARM64, ARMV7, ANDROID = TARGETS["linux-aarch64"], TARGETS["linux-armv7"], TARGETS["android-arm64-v8a"]


@pytest.fixture(autouse=True)
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime, on a host that has nothing of the user's own."""
    monkeypatch.setitem(RUNTIMES, SPEC.name, SPEC)
    for name in (VARIABLE, maven_download.VARIABLE, "GRADLE_USER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def test_arms_can_name_it_and_are_helped_who_call_it_otherwise() -> None:
    assert resolve("tensor_mill") == (SPEC, "4.2.0")
    with pytest.raises(RuntimeNotAvailableError) as caught:
        resolve("grinder")
    assert caught.value.remedy.startswith("Did you mean tensor-mill?")
    assert runtime_for("mill") is SPEC
    arm = Arm(name="a", role="baseline", model="m.mill", runtime="tensor-mill", accelerator="waterwheel")
    refuse_accelerator(arm, SPEC)
    with pytest.raises(UserError, match="tensor-mill cannot be asked for accelerator 'gpu'"):
        refuse_accelerator(arm.model_copy(update={"accelerator": "gpu"}), SPEC)


def test_its_library_is_known_before_it_is_needed() -> None:
    assert pinned_wheels()["tensor-mill", "4.2.0", "aarch64"].distribution == "tensor-mill-wheels"
    there = library_status("tensor-mill", "4.2.0", ARM64)
    assert (there.state, there.glibc) == ("fetched when needed", (2, 31))
    missing = library_status("tensor-mill", "4.2.0", ARMV7)
    assert missing.state == "missing"
    assert "tensor-mill-4.2.0/linux-armv7/libmill.so" in missing.remedy
    on_a_phone = library_status("tensor-mill", "4.2.0", ANDROID)
    assert "org.example.mill:mill-android:4.2.0" in on_a_phone.remedy


def test_a_library_of_it_that_the_user_brings_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    own = tmp_path / place_in_a_folder("tensor-mill", "4.2.0", ARMV7)
    own.parent.mkdir(parents=True)
    own.write_bytes(library("armeabi-v7a"))
    (tmp_path / "mill-android-4.2.0.aar").write_bytes(archive({"jni/arm64-v8a/libmill.so": library("arm64-v8a")}))
    found, in_archive = (brought_library("tensor-mill", "4.2.0", target) for target in (ARMV7, ANDROID))
    assert found is not None
    assert found.path == own
    assert in_archive is not None
    assert in_archive.path.read_bytes() == library("arm64-v8a")


def test_the_library_of_its_accelerator_is_found_beside_its_own(tmp_path: Path) -> None:
    with pytest.raises(RuntimeNotAvailableError, match=r"tensor-mill .*waterwheel"):
        accelerator_library("tensor-mill", "waterwheel", tmp_path / "libmill.so", "linux")
    (tmp_path / "libwheel.so").touch()
    beside = accelerator_library("tensor-mill", "waterwheel", tmp_path / "libmill.so", "linux")
    assert beside == tmp_path / "libwheel.so"


def test_the_native_runner_is_chosen_for_it_and_the_doctor_lists_it() -> None:
    choice = choose_runner(BOARD, [NEEDS], native_offer(BOARD, [NEEDS]))
    assert (choice.runner, choice.portable) == ("native", False)
    listed = {part.what: part for identity in (BOARD, PHONE) for part in parts_of(identity, None, []).runtimes}
    assert listed["tensor-mill 4.2.0"].runner == "native"


def test_models_of_a_format_of_its_own_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = TensorInfo(name="grain", dtype="float32", shape=[1, 3, 8, 8])
    reader = ModelReader(
        format="mill",
        suffix=".mill",
        is_marked=lambda content: content.startswith(b"MILL"),
        read=lambda _path, _content: ([tensor], [tensor]),
    )
    (tmp_path / "flour.bin").write_bytes(b"MILL, and weights")
    monkeypatch.setitem(registry.READERS, "mill", reader)
    model = read_model(tmp_path / "flour.bin")
    assert (model.format, model.inputs) == ("mill", [tensor])

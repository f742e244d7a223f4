"""What a library needs beside it is found by the names that it says itself, and brought along; a cut one is not."""

import contextlib
import platform
import random
import shutil

import pytest

from devices.build.native_build import TARGETS
from devices.errors import RuntimeNotAvailableError
from devices.libraries import brought_library, maven_download
from devices.libraries.android_library import android_library
from devices.libraries.beside import libraries_beside, not_brought
from devices.libraries.elf_links import needed_by, refuse_cut
from devices.libraries.native_library import native_library
from devices.libraries.portable_libc import portable_libc
from tests.devices.library_files import archive, library
from tests.devices.linked_library import link_library, maker_s_onnxruntime

HERE, ANDROID = TARGETS["linux-x86_64"], TARGETS["android-x86_64"]


@pytest.fixture(autouse=True)
def bare_host(tmp_path, monkeypatch):
    monkeypatch.delenv("GRADLE_USER_HOME", raising=False)
    monkeypatch.setenv(maven_download.VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def own(tmp_path):
    """A runtime of somebody's own: it needs `libc++_shared.so`, which needs another, and the device's libEGL."""
    folder = tmp_path / "own"
    egl = link_library(tmp_path / "elsewhere" / "libEGL.so")
    unwind = link_library(folder / "libunwind.so")
    shared = link_library(folder / "libc++_shared.so", [unwind])
    link_library(folder / "libunrelated.so")
    return link_library(folder / "libonnxruntime.so", [shared, egl])


def test_what_a_library_needs_is_what_its_dynamic_section_says(own):
    assert needed_by(own) == ["libc++_shared.so", "libEGL.so"]
    # As `readelf --dynamic` prints it.
    assert {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"} <= set(needed_by(maker_s_onnxruntime()))


def test_what_is_needed_is_brought_along_and_nothing_else(own):
    beside = libraries_beside(own, HERE)
    assert [path.name for path in beside] == ["libc++_shared.so", "libunwind.so"]
    assert not_brought(own, beside) == ["libEGL.so"]


def test_what_lies_among_this_host_s_own_libraries_is_none_of_a_device_s_business():
    library = next(path for path in portable_libc(platform.machine()) if path.name.startswith("libstdc++"))
    assert "libm.so.6" in needed_by(library)
    assert library.with_name("libm.so.6").exists()
    assert libraries_beside(library, HERE) == ()


def test_a_neighbour_for_another_machine_is_refused(own):
    own.with_name("libc++_shared.so").write_bytes(library("arm64-v8a"))
    with pytest.raises(RuntimeNotAvailableError, match=r"libc\+\+_shared\.so is for arm64; the device needs"):
        libraries_beside(own, HERE)


def test_a_library_whose_copying_was_cut_is_never_sent(tmp_path, monkeypatch):
    place = tmp_path / brought_library.place_in_a_folder("onnxruntime", "1.32.0", HERE)
    place.parent.mkdir(parents=True)
    whole = maker_s_onnxruntime().read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    with pytest.raises(RuntimeNotAvailableError, match=rf"libonnxruntime\.so is cut: it has {len(whole) // 2} bytes"):
        native_library("onnxruntime", "1.32.0", HERE)
    shutil.copy(maker_s_onnxruntime(), place)
    assert native_library("onnxruntime", "1.32.0", HERE).path == place


def test_files_that_are_no_libraries_need_nothing_and_are_read_to_no_end(own, tmp_path):
    content, source = own.read_bytes(), random.Random(7)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(source.randrange(1, 9)):
            damaged[source.randrange(0, 0x400)] = source.randrange(256)
        path = tmp_path / "damaged.so"
        path.write_bytes(damaged[: source.randrange(len(damaged))])
        assert all("/" not in name for name in needed_by(path))
        with contextlib.suppress(RuntimeNotAvailableError):
            refuse_cut(path, "it")


def test_an_archive_s_own_neighbours_are_taken_out_with_the_library(own, tmp_path, monkeypatch):
    names = ("libonnxruntime.so", "libc++_shared.so", "libunwind.so", "libunrelated.so")
    members = {f"jni/x86_64/{name}": own.with_name(name).read_bytes() for name in names}
    (tmp_path / "onnxruntime-android-1.32.0.aar").write_bytes(archive(members))
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    found = android_library("onnxruntime", "1.32.0", ANDROID)
    assert [path.name for path in found.beside] == ["libc++_shared.so", "libunwind.so"]
    assert sorted(path.name for path in found.path.parent.iterdir()) == sorted(set(names) - {"libunrelated.so"})


def test_litert_s_library_for_the_gpu_comes_out_of_the_archive_too(tmp_path, monkeypatch):
    members = {f"jni/x86_64/{name}": library("x86_64") for name in ("libLiteRt.so", "libLiteRtClGlAccelerator.so")}
    (tmp_path / "litert-2.3.0.aar").write_bytes(archive(members))
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    found = android_library("ai-edge-litert", "2.3.0", ANDROID)
    assert found.path.with_name("libLiteRtClGlAccelerator.so").read_bytes() == library("x86_64")

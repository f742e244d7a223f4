"""Libraries that the user brings, for Linux and Android; what is known before one is needed; changed ones noticed."""

import hashlib

import pytest

from devices.build.native_build import TARGETS
from devices.errors import RuntimeNotAvailableError
from devices.libraries import maven_download
from devices.libraries.brought_library import VARIABLE, brought_library, place_in_a_folder
from devices.libraries.native_library import library_status, native_library
from tests.devices.library_files import library, onnxruntime_archive
from tests.rig.maven_server import MavenServer

ARMV7, ARM64 = TARGETS["linux-armv7"], TARGETS["linux-aarch64"]
ANDROID = TARGETS["android-arm64-v8a"]
ARCHIVE = "com/microsoft/onnxruntime/onnxruntime-android/1.32.0/onnxruntime-android-1.32.0.aar"


@pytest.fixture(autouse=True)
def bare_host(tmp_path, monkeypatch):
    """Nothing of the user's own is in the way."""
    for name in (VARIABLE, "GRADLE_USER_HOME", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(maven_download.VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("target", "abi", "place"),
    [
        (ARMV7, "armeabi-v7a", "onnxruntime-1.32.0/linux-armv7/libonnxruntime.so"),
        (ARMV7, "armeabi-v7a", "onnxruntime-1.32.0/linux-armv7/libonnxruntime.so.1.32.0"),
        (ARM64, "arm64-v8a", "onnxruntime-1.32.0/linux-aarch64/libonnxruntime.so"),
        (ANDROID, "arm64-v8a", "onnxruntime-1.32.0/arm64-v8a/libonnxruntime.so"),
    ],
)
def test_a_library_in_its_place_in_the_user_s_folder_is_used(tmp_path, monkeypatch, target, abi, place):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    path = put(tmp_path / place, library(abi))
    found = native_library("onnxruntime", "1.32.0", target)
    assert (found.path, found.source) == (path, str(path))
    assert found.sha256 == hashlib.sha256(library(abi)).hexdigest()
    assert place.startswith(place_in_a_folder("onnxruntime", "1.32.0", target))


@pytest.mark.parametrize("name", ["libonnxruntime.so", "libonnxruntime.so.1", "my.aar", "onnxruntime-1.32.0.aar"])
def test_the_variable_may_name_a_file(tmp_path, monkeypatch, name):
    content = onnxruntime_archive() if name.endswith("aar") else library("arm64-v8a")
    monkeypatch.setenv(VARIABLE, str(put(tmp_path / name, content)))
    found = brought_library("onnxruntime", "1.32.0", ANDROID)
    assert found is not None
    assert found.path.read_bytes() == library("arm64-v8a")
    # It is none of another runtime, and an archive with a version in its name none of another version.
    assert brought_library("ai-edge-litert", "2.3.0", ANDROID) is None
    other = brought_library("onnxruntime", "1.31.0", ANDROID)
    assert (other is None) == (name == "onnxruntime-1.32.0.aar")


def test_a_file_for_another_machine_or_one_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(put(tmp_path / "libonnxruntime.so", library("x86_64"))))
    with pytest.raises(RuntimeNotAvailableError, match="is for x86-64; the device needs one for armv7"):
        native_library("onnxruntime", "1.32.0", ARMV7)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone.so"))
    with pytest.raises(RuntimeNotAvailableError, match=r"gone\.so, which is not there"):
        native_library("onnxruntime", "1.32.0", ARMV7)


def test_a_file_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    unreadable = tmp_path / "libonnxruntime.so"
    unreadable.symlink_to("/proc/self/mem")
    monkeypatch.setenv(VARIABLE, str(unreadable))
    with pytest.raises(RuntimeNotAvailableError, match=r"libonnxruntime\.so cannot be read"):
        native_library("onnxruntime", "1.32.0", ARMV7)


def test_where_no_wheel_is_known_it_is_said_which_file_would_do():
    with pytest.raises(
        RuntimeNotAvailableError, match=r"no library of onnxruntime==1\.32\.0 for Linux on armv7"
    ) as caught:
        native_library("onnxruntime", "1.32.0", ARMV7)
    assert "FOLDER/onnxruntime-1.32.0/linux-armv7/libonnxruntime.so" in caught.value.remedy
    assert f"export {VARIABLE}=FOLDER" in caught.value.remedy


def test_what_is_known_before_a_library_is_needed(tmp_path, monkeypatch):
    assert library_status("onnxruntime", "1.32.0", ARM64).state == "fetched when needed"
    assert library_status("onnxruntime", "1.32.0", ARM64).glibc == (2, 28)
    assert library_status("onnxruntime", "1.32.0", ARMV7).state == "missing"
    assert library_status("tflite-runtime", "2.14.0", ARM64).state == "missing"
    assert library_status("onnxruntime", "1.32.0", ANDROID).state == "missing"
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    put(tmp_path / place_in_a_folder("onnxruntime", "1.32.0", ARMV7), library("armeabi-v7a", b"GLIBC_2.4 GLIBC_2.33"))
    assert library_status("onnxruntime", "1.32.0", ARMV7).glibc == (2, 33)
    put(tmp_path / place_in_a_folder("onnxruntime", "1.32.0", ANDROID), library("x86"))
    monkeypatch.setenv(maven_download.VARIABLE, "http://127.0.0.1:1")
    assert "is for x86" in library_status("onnxruntime", "1.32.0", ANDROID).how
    monkeypatch.delenv(VARIABLE)
    assert library_status("onnxruntime", "1.32.0", ANDROID).state == "fetched when needed"


def test_a_file_of_the_user_s_that_changed_under_its_name_is_used_and_noted_once(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    place = tmp_path / place_in_a_folder("onnxruntime", "1.32.0", ARMV7)
    put(place, library("armeabi-v7a", b"first"))
    assert native_library("onnxruntime", "1.32.0", ARMV7).note == ""
    assert native_library("onnxruntime", "1.32.0", ARMV7).note == ""
    put(place, library("armeabi-v7a", b"second"))
    note = native_library("onnxruntime", "1.32.0", ARMV7).note
    assert "another file than the one used since" in note
    assert hashlib.sha256(library("armeabi-v7a", b"first")).hexdigest()[:16] in note
    assert native_library("onnxruntime", "1.32.0", ARMV7).note == ""


def test_a_release_that_changed_in_its_repository_is_refused(tmp_path, monkeypatch):
    with MavenServer(tmp_path / "repository") as server:
        monkeypatch.setenv(maven_download.VARIABLE, server.url)
        server.put(ARCHIVE, onnxruntime_archive(b"first"))
        native_library("onnxruntime", "1.32.0", ANDROID)
        for path in (tmp_path / "cache" / "maven").rglob("*.aar"):
            path.unlink()
        server.put(ARCHIVE, onnxruntime_archive(b"second"))
        with pytest.raises(RuntimeNotAvailableError, match="is not the file it was") as caught:
            native_library("onnxruntime", "1.32.0", ANDROID)
        known = tmp_path / "cache" / "known" / "onnxruntime-1.32.0-android-arm64-v8a-maven.json"
        assert str(known) in caught.value.remedy
        known.unlink()
        assert native_library("onnxruntime", "1.32.0", ANDROID).path.read_bytes() == library("arm64-v8a", b"second")

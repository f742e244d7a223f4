"""Android's libraries: brought by the user, found where Maven and Gradle keep theirs, or fetched; a missing one is said
with where it goes.
"""

import hashlib

import pytest

from devices.build.native_build import TARGETS
from devices.errors import RuntimeNotAvailableError
from devices.libraries import brought_library, maven_download
from devices.libraries.android_library import android_library
from devices.libraries.maven_archive import Coordinates
from tests.devices.library_files import archive, library, onnxruntime_archive
from tests.rig.maven_server import MavenServer

ARM64, X86_64 = TARGETS["android-arm64-v8a"], TARGETS["android-x86_64"]
ORT = Coordinates("com.microsoft.onnxruntime", "onnxruntime-android", "1.32.0")


@pytest.fixture(autouse=True)
def bare_host(tmp_path, monkeypatch):
    """Nothing of the user's own is in the way."""
    for name in (brought_library.VARIABLE, "GRADLE_USER_HOME", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(maven_download.VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def in_gradle(home, content, digest=None):
    sha1 = digest or hashlib.sha1(content).hexdigest().lstrip("0")
    path = home / "caches/modules-2/files-2.1" / ORT.group / ORT.artifact / ORT.version / sha1 / ORT.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def in_maven(home, content, sha1=None):
    path = home / ".m2" / "repository" / ORT.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    if sha1 is not None:
        path.with_name(f"{path.name}.sha1").write_text(f"{sha1}  {path.name}\n")


def test_a_library_is_taken_out_of_the_makers_archive_for_the_phone_s_abi(tmp_path, monkeypatch):
    monkeypatch.setenv(brought_library.VARIABLE, str(tmp_path))
    (tmp_path / ORT.file_name).write_bytes(onnxruntime_archive())
    for target, abi in ((ARM64, "arm64-v8a"), (X86_64, "x86_64")):
        found = android_library("onnxruntime", "1.32.0", target)
        assert found.path.read_bytes() == library(abi)
        assert found.sha256 == hashlib.sha256(library(abi)).hexdigest()
        assert hashlib.sha256(onnxruntime_archive()).hexdigest() in found.source
        assert str(tmp_path / ORT.file_name) in found.source


def test_gradle_s_cache_will_do(tmp_path, monkeypatch):
    content = onnxruntime_archive()
    in_gradle(tmp_path / "home" / ".gradle", content)
    found = android_library("onnxruntime", "1.32.0", ARM64)
    assert found.path.read_bytes() == library("arm64-v8a")
    assert found.source == f"{ORT} from Gradle's cache, sha256 {hashlib.sha256(content).hexdigest()}"
    monkeypatch.setenv("GRADLE_USER_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(RuntimeNotAvailableError):
        android_library("onnxruntime", "1.32.0", ARM64)


def test_maven_s_local_repository_will_do(tmp_path):
    content = onnxruntime_archive()
    in_maven(tmp_path / "home", content, hashlib.sha1(content).hexdigest())
    assert "Maven's local repository" in android_library("onnxruntime", "1.32.0", ARM64).source


def test_a_damaged_one_of_theirs_is_passed_over(tmp_path):
    content = onnxruntime_archive()
    in_maven(tmp_path / "home", content[:-1], hashlib.sha1(content).hexdigest())
    in_gradle(tmp_path / "home" / ".gradle", content[:-1], hashlib.sha1(content).hexdigest())
    with pytest.raises(RuntimeNotAvailableError, match="is not on this host"):
        android_library("onnxruntime", "1.32.0", ARM64)


def test_another_version_in_the_user_s_folder_is_named(tmp_path, monkeypatch):
    (tmp_path / "onnxruntime-android-1.31.0.aar").write_bytes(onnxruntime_archive())
    monkeypatch.setenv("BAKEOFF_RUNTIME_LIBRARIES", str(tmp_path))
    with pytest.raises(RuntimeNotAvailableError, match=r"has onnxruntime-android-1\.31\.0\.aar"):
        android_library("onnxruntime", "1.32.0", ARM64)


def test_what_no_place_has_is_fetched_from_the_repository_that_the_user_names(tmp_path, monkeypatch):
    with MavenServer(tmp_path / "repository") as server:
        server.put(ORT.path, onnxruntime_archive())
        monkeypatch.setenv(maven_download.VARIABLE, server.url)
        with pytest.raises(RuntimeNotAvailableError, match="is not on this host"):
            android_library("onnxruntime", "1.32.0", ARM64, offline=True)
        assert server.requests == []
        found = android_library("onnxruntime", "1.32.0", ARM64)
    assert found.path.read_bytes() == library("arm64-v8a")
    assert server.url in found.source
    assert android_library("onnxruntime", "1.32.0", ARM64, offline=True) == found


def test_what_is_missing_is_named_with_the_file_and_the_variables():
    with pytest.raises(RuntimeNotAvailableError, match=r"onnxruntime 1\.32\.0 for Android \(arm64-v8a\)") as caught:
        android_library("onnxruntime", "1.32.0", ARM64)
    assert f"the .aar of {ORT}" in caught.value.remedy
    assert f"export {brought_library.VARIABLE}=FOLDER" in caught.value.remedy
    assert f"export {maven_download.VARIABLE}=URL" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive({"jni/x86/libonnxruntime.so": library("x86")}), "for x86, and none for arm64-v8a"),
        (archive({"classes.jar": b""}), "has no libonnxruntime.so"),
        (archive({"jni/arm64-v8a/libonnxruntime.so": library("x86_64")}), "is for x86-64; the device needs .* arm64"),
        (archive({"jni/arm64-v8a/libonnxruntime.so": b"no library"}), "no shared library that is known here"),
        (b"not a zip", "no archive that can be read"),
    ],
)
def test_an_archive_that_cannot_be_the_right_one_is_said(tmp_path, content, words):
    in_maven(tmp_path / "home", content)
    with pytest.raises(RuntimeNotAvailableError, match=words):
        android_library("onnxruntime", "1.32.0", ARM64)


def test_a_runtime_without_a_library_for_phones_is_refused():
    with pytest.raises(RuntimeNotAvailableError, match="tflite-runtime has no library for phones"):
        android_library("tflite-runtime", "2.14.0", ARM64)

"""Android's libraries come from files the user brings, and a missing one is said with where it goes."""

import zipfile

import pytest

from devices.android_library import VARIABLE, android_library
from devices.errors import RuntimeNotAvailableError


def archive(folder, name, members):
    with zipfile.ZipFile(folder / name, "w") as made:
        for member, content in members.items():
            made.writestr(member, content)


def test_a_library_is_taken_out_of_the_makers_archive_for_the_phone_s_abi(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    archive(
        tmp_path,
        "onnxruntime-android-1.32.0.aar",
        {"jni/arm64-v8a/libonnxruntime.so": b"arm", "jni/x86_64/libonnxruntime.so": b"intel"},
    )
    assert android_library("onnxruntime", "1.32.0", "arm64-v8a").read_bytes() == b"arm"
    assert android_library("onnxruntime", "1.32.0", "x86_64").read_bytes() == b"intel"


def test_a_library_that_lies_there_as_a_file_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    path = tmp_path / "ai-edge-litert-2.3.0" / "arm64-v8a" / "libLiteRt.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"library")
    assert android_library("ai-edge-litert", "2.3.0", "arm64-v8a") == path


@pytest.mark.parametrize("aar", [None, "onnxruntime-android-1.31.0.aar", "broken-1.32.0.aar", "other-1.32.0.aar"])
def test_what_is_missing_is_named_with_the_folder_to_put_it_into(tmp_path, monkeypatch, aar):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    if aar is not None and aar.startswith("broken"):
        (tmp_path / aar).write_bytes(b"not a zip")
    elif aar is not None:
        archive(tmp_path, aar, {"jni/x86/libonnxruntime.so": b"another machine"})
    with pytest.raises(RuntimeNotAvailableError, match=r"onnxruntime 1\.32\.0 for Android") as caught:
        android_library("onnxruntime", "1.32.0", "arm64-v8a")
    assert f"export {VARIABLE}=" in caught.value.remedy


def test_a_runtime_without_a_library_for_phones_is_refused():
    with pytest.raises(RuntimeNotAvailableError, match="tflite-runtime has no library for phones"):
        android_library("tflite-runtime", "2.14.0", "arm64-v8a")

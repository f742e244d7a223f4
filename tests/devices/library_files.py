"""Shared libraries and archives that are right as far as their first bytes go."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

_MACHINES = {"x86_64": (2, 62), "arm64-v8a": (2, 183), "armeabi-v7a": (1, 40), "x86": (1, 3)}


def library(abi: str, content: bytes = b"") -> bytes:
    """An ELF header for an Android ABI, and then anything."""
    bits, machine = _MACHINES[abi]
    return b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9) + struct.pack("<HH", 3, machine) + content


def archive(members: Mapping[str, bytes]) -> bytes:
    """A .aar with these members: the same bytes at any time of day (a ZipInfo of its own keeps the clock out)."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def onnxruntime_archive(content: bytes = b"") -> bytes:
    """As its makers publish it, for two ABIs."""
    return archive(
        {f"jni/{abi}/libonnxruntime.so": library(abi, content) for abi in ("arm64-v8a", "x86_64")}
        | {"classes.jar": b"java", "AndroidManifest.xml": b"<manifest/>"}
    )

"""A runtime's shared library for Android with bionic, from files that the user brings.

They are looked for in the folder that $BAKEOFF_ANDROID_LIBRARIES names: `RUNTIME-VERSION/ABI/libNAME.so`, or an Android
archive (.aar) whose name holds the version, such as `onnxruntime-android-1.32.0.aar`.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Final

from devices.errors import RuntimeNotAvailableError

VARIABLE: Final = "BAKEOFF_ANDROID_LIBRARIES"
_FILES: Final = {"onnxruntime": "libonnxruntime.so", "ai-edge-litert": "libLiteRt.so"}
_COORDINATES: Final = {
    "onnxruntime": "com.microsoft.onnxruntime:onnxruntime-android",
    "ai-edge-litert": "com.google.ai.edge.litert:litert",
}


def android_library(runtime: str, version: str, abi: str) -> Path:
    """The library's path on this host; one found in an archive is unpacked beside it.

    Raises `RuntimeNotAvailableError` that says which file to put where.
    """
    if runtime not in _FILES:
        raise RuntimeNotAvailableError(f"{runtime} has no library for phones", f"There are: {', '.join(_FILES)}.")
    name = _FILES[runtime]
    folder = os.environ.get(VARIABLE)
    wanted = f"{runtime}-{version}/{abi}/{name}"
    if folder is not None:
        path = Path(folder).expanduser() / wanted
        if path.is_file() or _unpack(Path(folder).expanduser(), version, f"jni/{abi}/{name}", path):
            return path
    raise RuntimeNotAvailableError(
        f"{runtime} {version} for Android ({abi}) is not on this host",
        f"Put the .aar of {_COORDINATES[runtime]}:{version} into a folder and name it: export {VARIABLE}=FOLDER",
    )


def _unpack(folder: Path, version: str, member: str, to: Path) -> bool:
    for archive in sorted(folder.glob(f"*{version}*.aar")):
        try:
            with zipfile.ZipFile(archive) as opened:
                content = opened.read(member)
        except (KeyError, zipfile.BadZipFile):
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_suffix(".part")
        part.write_bytes(content)
        part.replace(to)
        return True
    return False

"""A wheel of a few hundred bytes, so that provisioning can be tested with the real pip and without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make_tiny_wheel(
    folder: Path, *, version: str = "1.0", code: str = "", requires_python: str = ">=3.8", name: str = "tinyruntime"
) -> Path:
    """Write `<name>-<version>-py3-none-any.whl`, whose one module holds `code`."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {requires_python}\n"
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(zipfile.ZipInfo(member), content)
    return path

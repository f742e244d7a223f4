"""The engines' packages, got once by npm's own client, and which of their files an arm is served."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

PACKAGES = {"onnxruntime-web": "1.30.0", "@litertjs/core": "2.5.3", "@litertjs/wasm-utils": "2.5.3"}
_CACHE = Path(tempfile.gettempdir()) / "bakeoff-tests-npm"
_ORT = {
    "wasm": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
    "webgl": ("ort.webgl.min.mjs",),
}


@functools.cache
def package(name: str) -> Path:
    """A package's folder; skips the test where npm cannot get it."""
    version = PACKAGES[name]
    folder = _CACHE / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if not folder.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm to get the engines with")
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
            got = subprocess.run(
                [npm, "pack", f"{name}@{version}", "--silent"], cwd=scratch, capture_output=True, text=True, check=False
            )
            if got.returncode:
                pytest.skip(f"npm cannot get {name} {version}: {got.stderr.strip()[-200:]}")
            archive = Path(scratch) / got.stdout.split()[-1]
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            (Path(scratch) / "package").rename(folder)
    return folder


def engine_files(runtime: str, accelerator: str) -> tuple[dict[str, str], str]:
    """`WebArm.engine_files` and `WebArm.engine_script`."""
    if runtime == "onnxruntime-web":
        folder = package("onnxruntime-web")
        names = [f"onnxruntime-web/dist/{name}" for name in _ORT[accelerator]]
        return {name: str(folder / name.partition("/")[2]) for name in names}, names[0]
    core, utils = package("@litertjs/core"), package("@litertjs/wasm-utils")
    files = {f"@litertjs/core/wasm/{path.name}": str(path) for path in sorted((core / "wasm").iterdir())}
    files["@litertjs/core/dist/index.js"] = str(core / "dist/index.js")
    files["@litertjs/core/package.json"] = str(core / "package.json")
    files["@litertjs/wasm-utils/dist/index.js"] = str(utils / "dist/index.js")
    return files, "@litertjs/core/dist/index.js"

"""Engines of web pages come by npm's own client, checked and cached; what cannot be had is said in words."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from devices.cache import CACHE_VARIABLE
from devices.errors import RuntimeNotAvailableError
from devices.runtimes.registry import RUNTIMES
from devices.runtimes.spec import RuntimeSpec
from devices.runtimes.web_engine import NpmPackage, WebEngine
from devices.web_engines.engine_files import engine_files, engine_is_here
from devices.web_engines.npm_fetch import VARIABLE, NpmError, agrees, archive_name
from tests.rig.web_engines import with_npm

TINY = RuntimeSpec(
    name="tiny-web",
    default_version="1.0.0",
    formats=("onnx",),
    accelerators=("wasm", "webgpu"),
    web=WebEngine(
        packages=(NpmPackage("@tiny/engine"),),
        scripts={"wasm": "@tiny/engine/dist/tiny.mjs", "webgpu": "@tiny/engine/dist/gpu.mjs"},
        files={"wasm": ("@tiny/engine/dist/tiny.wasm",), "webgpu": ()},
    ),
)
CONTENT = {
    "package.json": json.dumps({"name": "@tiny/engine", "version": "1.0.0"}).encode(),
    "dist/tiny.mjs": b"export const tiny = 1;\n",
    "dist/tiny.wasm": b"\0asm\1\0\0\0",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)


def _archive(path: Path, content: dict[str, bytes], top: str = "package") -> Path:
    with tarfile.open(path, "w:gz") as whole:
        for name, data in content.items():
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(data)
            whole.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of archives that the user names."""
    folder = tmp_path / "brought"
    folder.mkdir()
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@pytest.mark.parametrize("name", [name for name, spec in RUNTIMES.items() if spec.web is not None])
def test_every_engine_is_fetched_by_npm_with_all_that_each_accelerator_needs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = RUNTIMES[name]
    assert not engine_is_here(spec, spec.default_version)
    fetched = with_npm(lambda: engine_files(spec, spec.default_version, "wasm"))
    assert engine_is_here(spec, spec.default_version)
    monkeypatch.setenv("PATH", "/nowhere")  # from here on nothing is asked of npm
    for accelerator in spec.accelerators:
        found = engine_files(spec, spec.default_version, accelerator)
        assert found.script in found.files
        for blob in found.files.values():
            assert hashlib.sha256(blob.path.read_bytes()).hexdigest() == blob.sha256
            assert blob.path.stat().st_size == blob.bytes > 0
    assert spec.web is not None
    for origin, package in zip(fetched.origins, spec.web.packages, strict=True):
        assert (origin.name, origin.source) == (package.name, "npm")
        assert origin.archive_sha256 == package.pinned[spec.default_version]
        assert str(origin.integrity).startswith("sha512-")


def test_a_version_that_npm_lacks_is_told_in_two_lines() -> None:
    with_npm(lambda: engine_files(RUNTIMES["litert-js"], RUNTIMES["litert-js"].default_version, "wasm"))
    with pytest.raises(NpmError) as refused:
        engine_files(RUNTIMES["litert-js"], "99.1.0", "wasm")
    assert refused.value.what == "npm has no version 99.1.0 of @litertjs/core"
    assert "npm view @litertjs/core versions" in refused.value.remedy


def test_without_npm_it_says_where_an_archive_may_be_put(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NpmError) as refused:
        engine_files(RUNTIMES["onnxruntime-web"], "1.30.0", "wasm")
    assert refused.value.what == "onnxruntime-web@1.30.0 cannot be fetched: there is no npm on this computer"
    assert f"export {VARIABLE}=FOLDER" in refused.value.remedy
    assert "onnxruntime-web-1.30.0.tgz" in refused.value.remedy


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: install Node.js")
def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(NpmError) as refused:
        engine_files(RUNTIMES["onnxruntime-web"], "1.30.0", "wasm")
    assert refused.value.what.startswith("onnxruntime-web@1.30.0 cannot be fetched: ")
    assert "network" in refused.value.remedy


def test_an_archive_or_an_unpacked_package_of_the_users_comes_first(
    brought: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    archive = _archive(brought / archive_name("@tiny/engine", "1.0.0"), CONTENT)
    found = engine_files(TINY, "1.0.0", "wasm")
    assert {name: blob.path.read_bytes() for name, blob in found.files.items()} == {
        f"@tiny/engine/{name}": data for name, data in CONTENT.items() if name != "package.json"
    }
    assert found.origins[0].source == str(archive)
    assert found.origins[0].archive_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    # Another file under the same name is another engine.
    _archive(archive, CONTENT | {"dist/tiny.mjs": b"export const tiny = 2;\n"})
    assert engine_files(TINY, "1.0.0", "wasm").files["@tiny/engine/dist/tiny.mjs"].path.read_bytes().endswith(b"2;\n")
    archive.unlink()
    for name, data in CONTENT.items():
        path = brought / "@tiny/engine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    unpacked = engine_files(TINY, "1.0.0", "wasm")
    assert unpacked.origins[0].archive_sha256 is None
    assert unpacked.files["@tiny/engine/dist/tiny.wasm"].path == brought / "@tiny/engine/dist/tiny.wasm"


def test_a_version_without_one_accelerator_serves_the_others(brought: Path) -> None:
    _archive(brought / archive_name("@tiny/engine", "1.0.0"), CONTENT)
    assert engine_files(TINY, "1.0.0", "wasm").files
    with pytest.raises(NpmError, match=r"@tiny/engine@1\.0\.0 has no dist/gpu\.mjs"):
        engine_files(TINY, "1.0.0", "webgpu")


def test_what_an_archive_calls_its_files_is_nowhere_a_place_here(brought: Path, tmp_path: Path) -> None:
    archive = brought / archive_name("@tiny/engine", "1.0.0")
    with tarfile.open(archive, "w:gz") as whole:
        for name, data in CONTENT.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            whole.addfile(member, io.BytesIO(data))
        for name in ("../../escaped", "/tmp/escaped-by-bakeoff-test", "package/../../escaped", "package/dist/../../up"):
            member = tarfile.TarInfo(name)
            member.size = 4
            whole.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("package/dist/gpu.mjs")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        whole.addfile(link)
    found = engine_files(TINY, "1.0.0", "wasm")
    assert len(found.files) == 2
    assert not [path for path in tmp_path.rglob("*") if path.name in {"escaped", "up"}]
    assert not Path("/tmp/escaped-by-bakeoff-test").exists()
    with pytest.raises(NpmError, match=r"has no dist/gpu\.mjs"):  # a link is no file of its own
        engine_files(TINY, "1.0.0", "webgpu")


@pytest.mark.parametrize("damage", ["cut", "no archive", "another package", "no package.json"])
def test_a_damaged_archive_is_named(brought: Path, damage: str) -> None:
    archive = _archive(brought / archive_name("@tiny/engine", "1.0.0"), CONTENT)
    if damage == "cut":
        whole = gzip.decompress(archive.read_bytes())
        archive.write_bytes(gzip.compress(os.urandom(4096) + whole)[:2000])
    elif damage == "no archive":
        archive.write_bytes(b"<html>404</html>")
    elif damage == "another package":
        _archive(archive, CONTENT | {"package.json": json.dumps({"name": "other", "version": "1.0.0"}).encode()})
    else:
        _archive(archive, {name: data for name, data in CONTENT.items() if name != "package.json"})
    with pytest.raises(NpmError) as refused:
        engine_files(TINY, "1.0.0", "wasm")
    assert str(archive) in refused.value.what


def test_an_archive_of_another_hash_than_the_tested_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a registry that has another file under the name: a stand-in for npm gives it."""
    archive = _archive(tmp_path / "tiny-engine-1.0.0.tgz", CONTENT)
    digest = hashlib.sha512(archive.read_bytes()).digest()
    import base64

    said = json.dumps([{"integrity": f"sha512-{base64.b64encode(digest).decode()}"}])
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\ncp {archive} .\nprintf '%s' '{said}'\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    assert TINY.web is not None
    pinned = replace(TINY, web=replace(TINY.web, packages=(NpmPackage("@tiny/engine", {"1.0.0": "ab" * 32}),)))
    with pytest.raises(NpmError, match="the one that was tested has abab"):
        engine_files(pinned, "1.0.0", "wasm")
    assert not engine_is_here(pinned, "1.0.0")
    assert engine_files(TINY, "1.0.0", "wasm").origins[0].source == "npm"
    npm.write_text(npm.read_text().replace("sha512-", "sha512-AAAA"))
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(NpmError, match="is not the one that npm says it is"):
        engine_files(TINY, "1.0.0", "wasm")


def test_two_at_once_fetch_once(brought: Path) -> None:
    _archive(brought / archive_name("@tiny/engine", "1.0.0"), CONTENT)
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(engine_files(TINY, "1.0.0", "wasm").files[TINY_SCRIPT].path))
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(results) == 4
    assert len(set(results)) == 1


TINY_SCRIPT = "@tiny/engine/dist/tiny.mjs"


def test_an_integrity_that_is_none_agrees_with_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"x")
    for text in ("", "sha512-", "md5-9dd4e461268c8034f5c8564e155c67a6", "sha512-%%%", "sha512"):
        assert not agrees(file, text)


def test_a_runtime_of_no_page_has_no_such_files() -> None:
    with pytest.raises(RuntimeNotAvailableError, match="does not live in a web page"):
        engine_files(RUNTIMES["onnxruntime"], "1.32.0", "cpu")

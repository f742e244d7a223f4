"""Web arms for a runner's bench, and the browsers that this machine has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import pytest

from devices.browsers.page_files import page_files
from devices.runtimes.registry import RUNTIMES
from devices.web_engines.engine_files import engine_files, engine_is_here
from harness.documents.plan import WebArm
from tests.devices.runner_contract.bench import Bench

BROWSERS: dict[str, Literal["chromium", "firefox"]] = {"chromium": "chromium", "firefox-esr": "firefox"}
"""Program → family."""


def web(runtime: str, accelerator: str, program: str = "chromium") -> WebArm:
    """What a tab is given; skips the test where this machine lacks the browser, or npm to get the engine with."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"this machine has no {program}")
    spec = RUNTIMES[runtime]
    if shutil.which("npm") is None and not engine_is_here(spec, spec.default_version):
        pytest.skip("there is no npm to get the engine with")
    engine = engine_files(spec, spec.default_version, accelerator)
    return WebArm(
        browser=[path],
        family=BROWSERS[program],
        page_files={name: str(blob.path) for name, blob in page_files().items()},
        engine_files={name: str(blob.path) for name, blob in engine.files.items()},
        engine_script=engine.script,
    )


def changed_page(given: WebArm, folder: Path, name: str, *changes: tuple[str, str]) -> WebArm:
    """With one file of the page changed: each text is there once, and another stands for it."""
    source = Path(given.page_files[name]).read_text()
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    path = folder / f"changed_{name}"
    path.write_text(source)
    return given.model_copy(update={"page_files": {**given.page_files, name: str(path)}})


def add_web_arm(
    bench: Bench,
    model: Path,
    runtime: str = "onnxruntime-web",
    accelerator: str = "wasm",
    program: str = "chromium",
    **fields: Any,
) -> str:
    """An arm that works in a tab of that browser."""
    return bench.add_arm(
        model,
        runtime,
        accelerator=accelerator,
        runtime_version=RUNTIMES[runtime].default_version,
        web=fields.pop("web", None) or web(runtime, accelerator, program),
        **fields,
    )

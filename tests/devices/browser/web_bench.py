"""Web arms for a runner's bench, and the browsers that this machine has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import pytest

from devices import browser
from harness.documents.plan import WebArm
from tests.devices.browser.engines import PACKAGES, engine_files
from tests.devices.runner_contract.bench import Bench

PAGE = Path(browser.__file__).parent / "page"
BROWSERS: dict[str, Literal["chromium", "firefox"]] = {"chromium": "chromium", "firefox-esr": "firefox"}
"""Program → family."""
_PACKAGE_OF = {"onnxruntime-web": "onnxruntime-web", "litert-js": "@litertjs/core"}


def web(runtime: str, accelerator: str, program: str = "chromium") -> WebArm:
    """What a tab is given; skips the test where this machine lacks the browser."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"this machine has no {program}")
    files, script = engine_files(runtime, accelerator)
    pages = {each.name: str(each) for each in sorted(PAGE.iterdir()) if each.suffix in (".html", ".js")}
    return WebArm(browser=[path], family=BROWSERS[program], page_files=pages, engine_files=files, engine_script=script)


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
        runtime_version=PACKAGES[_PACKAGE_OF[runtime]],
        web=fields.pop("web", None) or web(runtime, accelerator, program),
        **fields,
    )

"""A browser that runs as an ordinary user has its sandbox, and measures as one without does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.browsers import settings_names as names
from devices.python_runner.bundle import bundle
from harness.documents.plan import WebArm
from harness.documents.records import ArmFailed, ArmLoaded, LatencyBlock
from tests.devices.browser.web_bench import add_web_arm, web
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind
from tests.devices.runner_contract.native import native_runner

PYTHON = "/usr/bin/python3"
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where somebody who is not root comes to; pytest's own folders are root's alone."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    if shutil.which("setpriv") is None or not Path(PYTHON).exists():
        pytest.skip(f"it takes setpriv and {PYTHON}: root's own Python lies where nobody else may read")
    if subprocess.run([*AS_NOBODY, "unshare", "--user", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this kernel gives an ordinary user no namespace, of which Chromium's sandbox is made")
    with tempfile.TemporaryDirectory(prefix="bakeoff-nobody-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def copied(folder: Path, given: WebArm) -> WebArm:
    """Its files where everybody may read them."""

    def copy(of: str, files: dict[str, str]) -> dict[str, str]:
        places = {}
        for k, (name, path) in enumerate(files.items()):
            places[name] = str(folder / f"{of}{k}")
            shutil.copyfile(path, places[name])
        return places

    return given.model_copy(
        update={"page_files": copy("page", given.page_files), "engine_files": copy("engine", given.engine_files)}
    )


@pytest.mark.parametrize("runner", ["python", "native"])
def test_an_ordinary_user_s_browser_has_its_sandbox(folder: Path, runner: str) -> None:
    program = folder / ("runner.zip" if runner == "python" else "runner")
    shutil.copy(bundle() if runner == "python" else native_runner(), program)
    home = folder / "home"
    home.mkdir()
    bench = Bench(folder, [*AS_NOBODY, "env", f"HOME={home}", *([PYTHON] if runner == "python" else []), str(program)])
    given = copied(folder, web("onnxruntime-web", "wasm"))
    arm = add_web_arm(
        bench,
        models.conv_onnx(folder / "conv.onnx", static=(8, 8)),
        web=given,
        worker=[PYTHON] if runner == "python" else [],
        library=None,
    )
    item = bench.add_item(models.image(8, 8))
    bench.quality(arm, item)
    bench.warm_up([arm], item)
    bench.pair(0, [arm], item)
    bench.write_plan()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)], check=True)
    records = bench.run()
    assert of_kind(records, ArmFailed) == []
    loads = of_kind(records, ArmLoaded)
    assert loads
    for loaded in loads:
        assert names.SANDBOX not in loaded.settings  # it is there only where the sandbox is off
        assert "--no-sandbox" not in loaded.settings[names.BROWSER_FLAGS]
        assert loaded.settings[names.SITE_ISOLATED] == "yes"
    [block] = of_kind(records, LatencyBlock)
    assert min(block.latency_ns) > 0
    assert np.abs(np.load(folder / "outputs" / arm / f"{item}.0.npy")).max() > 0.1

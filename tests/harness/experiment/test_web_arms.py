"""Arms that run in a browser: what they are given where nothing is said, what is refused, and the copy with fixed sizes
that some engines need.
"""

import hashlib
import json

import numpy as np
import pytest

from devices.cache import CACHE_VARIABLE
from devices.posix.local import LocalDevice
from harness.documents.plan import WebArm
from harness.documents.runner_record import RunnerRecord
from harness.errors import UserError
from harness.experiment.file import read_experiment
from harness.experiment.resolve import differences, resolve
from harness.models.model_file import read_model
from harness.runs.planning.make_manifest import make_manifest
from harness.runs.planning.make_plan import Placement, make_plan
from harness.runs.preparing.prepare import PreparedDevice
from harness.runs.preparing.prepare_all import refuse_unusable
from harness.runs.preparing.web_setup import set_up_web, web_needs
from harness.runs.session.progress import SilentProgress
from harness.tasks.image_file import write_image
from tests.rig.web_engines import with_npm


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def looked_up(tiny):
    return resolve(read_experiment(tiny.write()), lambda done, total: None)


def refused(tiny):
    with pytest.raises(UserError) as caught:
        looked_up(tiny)
    return caught.value


def test_an_arm_in_a_page_runs_on_webassembly_where_nothing_is_said(tiny):
    tiny.candidate_runtime = "onnxruntime-web"
    found = looked_up(tiny)
    assert [arm.arm.accelerator for arm in found.arms] == ["cpu", "wasm"]
    assert differences(*found.arms) == ["model", "runtime", "accelerator"]
    assert found.arms[1].static is None  # its WebAssembly takes any size
    manifest = make_manifest(found, ["local"], quick=False)
    assert (manifest.arms[1].accelerator, manifest.arms[1].browser) == ("wasm", None)


@pytest.mark.parametrize(
    ("runtime", "settings", "what", "remedy"),
    [
        ("onnxruntime-web", ['accelerator = "cpu"'], "the processor is WebAssembly: write wasm", "wasm, webgl, webgpu"),
        ("onnxruntime-web", ['accelerator = "xnnpack"'], "cannot be asked for accelerator 'xnnpack'", "webgpu"),
        ("onnxruntime-web", ["cores = [0]"], "runs in a browser, which chooses its own: leave cores out", ""),
        ("onnxruntime", ['browser = "firefox"'], "a browser is given, and onnxruntime does not run in one", ""),
        ("onnxruntime-web", ['browser = "-rf"'], "browser", ""),
        ("onnxruntime-web", ['browser = "a\\u0000b"'], "browser", ""),
        ("onnxruntime-web", ['browser = "chromum"'], "no browser is called 'chromum': did you mean chromium?", ""),
        ("onnxruntime-web", ['browser = "Chrome"'], "did you mean chrome?", ""),
        ("onnxruntime-web", ['browser = "lynx"'], "there are chrome, chromium, edge, firefox, samsung, and paths", ""),
        ("litert-js", [], "litert-js cannot run blur.onnx (onnx)", "tflite"),
        ("litertjs", [], "no runtime is called 'litertjs'", "Did you mean litert-js?"),
        ("onnxruntime", ['accelerator = "wasm"'], "cannot be asked for accelerator 'wasm'", "cpu"),
    ],
)
def test_what_no_page_can_do_is_refused_in_words(tiny, runtime, settings, what, remedy):
    tiny.candidate_runtime, tiny.candidate_settings = runtime, settings
    error = refused(tiny)
    assert what in error.what
    assert remedy in error.remedy


@pytest.mark.parametrize("name", ["samsung", "google-chrome-beta", "/opt/my browser/it", "org.chromium.webview_shell"])
def test_names_programs_paths_and_packages_are_left_to_the_device(tiny, name):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", [f"browser = {json.dumps(name)}"]
    assert looked_up(tiny).arms[1].arm.browser == name


def test_browsers_of_two_arms_are_a_difference(tiny):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", ['browser = "firefox"']
    found = looked_up(tiny)
    other = found.arms[1].arm.model_copy(update={"browser": "chromium"})
    from dataclasses import replace

    assert differences(found.arms[1], replace(found.arms[1], arm=other)) == ["browser"]
    assert "browser" not in differences(*found.arms)


def test_a_model_with_free_sizes_gets_a_copy_with_those_of_the_pictures_and_it_is_said(tiny):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", ['accelerator = "webgl"']
    found = looked_up(tiny)
    arm = found.arms[1]
    assert arm.static is not None
    assert arm.static.shapes == {"lr": [1, 3, 24, 24]}
    assert arm.device_model.sha256 != arm.model.sha256
    assert hashlib.sha256(arm.device_model.path.read_bytes()).hexdigest() == arm.device_model.sha256
    assert read_model(arm.device_model.path).inputs[0].shape == [1, 3, 24, 24]
    assert read_model(arm.device_model.path).outputs[0].shape == [1, 3, 48, 48]
    told = [note for note in found.notes if "takes no free sizes" in note]
    assert len(told) == 1
    assert "fixed at 1×3×24×24" in told[0]
    assert arm.device_model.sha256[:12] in told[0]
    manifest = make_manifest(found, ["local"], quick=False)
    kept = manifest.arms[1]
    assert kept.model_sha256 == arm.model.sha256
    assert (kept.static_copy.sha256, kept.static_copy.shapes) == (arm.device_model.sha256, {"lr": [1, 3, 24, 24]})
    # The same again is the same file: a run that is taken up finds its copy.
    assert looked_up(tiny).arms[1].static.model.sha256 == arm.device_model.sha256


def test_pictures_of_several_sizes_are_refused_for_an_engine_that_takes_one(tiny):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", ['accelerator = "webgl"']
    path = tiny.write()
    large = np.zeros((72, 60, 3), np.uint8)
    write_image(tiny.folder / "hr" / "odd.png", large)
    write_image(tiny.folder / "lr" / "odd.png", large[::2, ::2].copy())
    with pytest.raises(UserError) as caught:
        resolve(read_experiment(path), lambda done, total: None)
    assert "onnxruntime-web on webgl takes one size only, and the pictures have 2" in caught.value.what
    assert "1×3×36×30 (odd)" in caught.value.what


@pytest.mark.parametrize("accelerator", ["wasm", "webgl"])
def test_the_plan_gives_the_tab_its_browser_its_page_and_its_engine(tiny, tmp_path, monkeypatch, accelerator):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", [f'accelerator = "{accelerator}"']
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho Chromium 150.0\n")
    program.chmod(0o755)
    tiny.candidate_settings.append(f"browser = {json.dumps(str(program))}")
    found = looked_up(tiny)
    with LocalDevice(str(tmp_path / "device")) as device:
        made = with_npm(
            lambda: set_up_web(
                device, device.identify(), web_needs(found.arms), SilentProgress(), lambda operation: operation()
            )
        )
    web, records = made.arms, made.engines
    assert (list(web), list(records), made.refused) == (["a1"], ["a1"], {})
    arm = web["a1"]
    assert (arm.browser, arm.family) == ([str(program)], "chromium")
    assert arm.engine_script in arm.engine_files
    assert f"ort.{accelerator}.min.mjs" in arm.engine_script
    for path in (*arm.engine_files.values(), *arm.page_files.values()):
        assert path.startswith(f"{tmp_path}/device/blobs/")
    record = records["a1"]
    assert record.browser_product == "Chromium 150.0"
    assert set(record.files) == set(arm.engine_files)
    assert record.packages[0].source == "npm"
    manifest = make_manifest(found, ["local"], quick=False)
    plan = make_plan(manifest, _placement(found, web), 0)
    assert plan.arms[0].web is None
    assert plan.arms[1].web == arm
    assert plan.arms[1].model_sha256 == found.arms[1].device_model.sha256
    assert plan.arms[1].accelerator == accelerator


def test_an_arm_whose_browser_is_not_there_is_refused_alone(tiny, tmp_path):
    tiny.candidate_runtime, tiny.candidate_settings = "onnxruntime-web", ['browser = "/nowhere/firefox"']
    found = looked_up(tiny)
    with LocalDevice(str(tmp_path / "device")) as device:
        made = with_npm(
            lambda: set_up_web(
                device, device.identify(), web_needs(found.arms), SilentProgress(), lambda operation: operation()
            )
        )
        # What a tab is given is there all the same: the runner finds no browser either, and its other arms go on.
        assert made.arms["a1"].browser == ["/nowhere/firefox"]
        assert made.engines == {}
        refusal = made.refused["a1"]
        assert refusal.reason == "local: /nowhere/firefox is not there, or is no browser that is known"
        lacking, has_it = (
            PreparedDevice(
                device=device,
                identity=device.identify(),
                conductor=[],
                placement=_placement(found, made.arms),
                refused=refused,
                runner=RunnerRecord(runner="python", reason="asked for"),
            )
            for refused in (made.refused, {})
        )
        refuse_unusable([lacking, has_it], found)
        with pytest.raises(UserError) as caught:
            refuse_unusable([lacking, lacking], found)
    assert caught.value.what == f"candidate: {refusal.reason}"
    assert caught.value.remedy == refusal.remedy


def _placement(found, web: dict[str, WebArm]) -> Placement:
    ids = [arm.id for arm in found.arms]
    items = [f"i{index}" for index in range(len(found.items))]
    return Placement(
        models={arm: f"/blobs/{arm}" for arm in ids},
        workers={arm: ["/python"] for arm in ids},
        libraries={},
        inputs={item: {arm: [f"/blobs/{item}"] for arm in ids} for item in items},
        input_shapes={arm: {} for arm in ids},
        web=web,
    )

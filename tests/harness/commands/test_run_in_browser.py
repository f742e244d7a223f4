"""Whole runs with arms in a real Chromium beside the app's own runtime, here and over ssh: measured in pairs, scored
alike, and the report says what they ran in.
"""

import json
import platform
import shlex
import shutil

import numpy as np
import pytest

from devices.build.native_build import target_for_machine
from devices.runtimes.registry import RUNTIMES
from devices.web_engines.engine_files import engine_files
from harness.cli.main import main
from tests.reports.parsed_page import by_id, parse
from tests.rig.command import bakeoff
from tests.rig.run_watch import comparison
from tests.rig.sshd import LoopbackSshd, missing_parts
from tests.rig.tiny_experiment import TinyExperiment
from tests.rig.tiny_web_model import write_shuffler
from tests.rig.web_engines import with_npm

SHUFFLE = "shuffle.onnx"
GPU_ARM = [
    "[[arms]]",
    'name = "gpu"',
    'role = "candidate"',
    f'model = "{SHUFFLE}"',
    'runtime = "onnxruntime-web"',
    'accelerator = "webgl"',
    'browser = "chromium"',
]


def experiment(folder, *, gpu: bool) -> TinyExperiment:
    """The baseline's model in a page too."""
    folder.mkdir(parents=True)
    write_shuffler(folder / SHUFFLE)
    tiny = TinyExperiment(folder, baseline=SHUFFLE, candidate=SHUFFLE, candidate_runtime="onnxruntime-web")
    tiny.candidate_settings = ['browser = "chromium"', *(GPU_ARM if gpu else [])]
    tiny.measure |= {"pairs": 4, "launches": 2, "memory_repeats": 3, "block_min_inferences": 5, "warm_up_max_blocks": 3}
    tiny.measure |= {"page.repeats": 3 if gpu else 0, "page.work_s": 0.2}
    tiny.rules = [
        {"quantity": "psnr_y", "no_worse_than": "0.01 dB"},
        {"quantity": "latency_p50", "at_most": "60 s"},
    ]
    return tiny


@pytest.fixture(scope="module", autouse=True)
def _parts() -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine: apt install chromium")
    with_npm(lambda: engine_files(RUNTIMES["onnxruntime-web"], "1.30.0", "webgl"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory, workdir):
    """A finished run of a native arm, one on WebAssembly and one on WebGL."""
    home = tmp_path_factory.mktemp("browser")
    tiny = experiment(home / "experiment", gpu=True)
    done = bakeoff("run", tiny.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return home / "run", done


def test_native_and_web_arms_are_measured_in_the_same_pairs_and_scored_alike(ran):
    folder, _ = ran
    result = comparison(folder).devices[0]
    assert [arm.status for arm in result.arms] == ["ok", "ok", "ok"]
    contrasts = {(each.candidate, each.quantity): each for each in result.contrasts}
    for candidate in ("candidate", "gpu"):
        assert contrasts[candidate, "latency_p50"].candidate_value.kind == "available"
        assert contrasts[candidate, "first_inference"].candidate_value.kind == "available"
        # One model: what the page puts out is what the app's runtime does, within 1e-5.
        outputs = [
            np.load(path)
            for arm in ("a0", {"candidate": "a1", "gpu": "a2"}[candidate])
            for path in sorted((folder / "devices" / "0-local" / "outputs" / arm).glob("i0.*.npy"))
        ]
        assert np.abs(outputs[0] - outputs[1]).max() <= 1e-5
        assert contrasts[candidate, "psnr_y"].effect.estimate == pytest.approx(0.0, abs=1e-3)


def test_the_report_says_what_the_arms_ran_in(ran):
    folder, done = ran
    native, page, gpu = comparison(folder).devices[0].arms
    assert native.browser == {}
    assert page.browser["Browser"].startswith("Chromium ")
    assert "HeadlessChrome" in page.browser["Browser"] or "Chrome/" in page.browser["Browser"]
    assert "cross-origin isolated" in page.browser["Page"]
    assert "its clock steps by" in page.browser["Page"]
    assert "GPU" not in page.browser
    assert "software renderer" in gpu.browser["GPU"]
    assert "its input fixed at 1×3×24×24" in gpu.browser["Model given"]
    assert "from npm, archive SHA-256 d2228df7" in page.browser["Engine"]
    assert "gzipped" in page.browser["To download"]
    assert "user_agent" not in page.settings
    method = by_id(parse((folder / "report.html").read_text(encoding="utf-8")), "method")
    text = " ".join("".join(method.itertext()).split())
    for said in (*page.browser.values(), *gpu.browser.values()):
        assert " ".join(said.split()) in text
    assert "takes no free sizes" in done.stderr


def test_what_a_page_alone_has_is_told_of_pages_alone(ran):
    folder, _ = ran
    result = comparison(folder)
    contrasts = {(each.candidate, each.quantity): each for each in result.devices[0].contrasts}
    for candidate in ("candidate", "gpu"):
        for quantity in ("session_creation", "engine_start", "frames_dropped", "longest_frame"):
            of_page = contrasts[candidate, quantity]
            assert of_page.candidate_value.kind == "available", (quantity, of_page.candidate_value)
            assert of_page.baseline_value.reason == "baseline runs in no web page"
            assert of_page.effect.reason == "baseline runs in no web page"
        unread = contrasts[candidate, "unread_latency"].candidate_value
        assert unread.reason == "this backend reads the outputs of every inference back"
        assert 0 <= contrasts[candidate, "frames_dropped"].candidate_value.value < 100
        load, session = (contrasts[candidate, name].candidate_value.value for name in ("load_time", "session_creation"))
        assert session < load  # which fetches the model too
    assert any("fresh tabs of each arm that runs in a web page" in sentence for sentence in result.method)
    assert "Frames dropped" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_copy_with_fixed_sizes_is_in_the_plan_and_in_run_json(ran):
    folder, _ = ran
    manifest = json.loads((folder / "run.json").read_text())
    plan = json.loads((folder / "devices" / "0-local" / "plan.json").read_text())
    kept = manifest["arms"][2]["static_copy"]
    assert manifest["arms"][1]["static_copy"] is None
    assert plan["arms"][2]["model_sha256"] == kept["sha256"] != manifest["arms"][2]["model_sha256"]
    assert plan["arms"][2]["model"].endswith(kept["sha256"])
    assert plan["arms"][0]["web"] is None
    assert plan["arms"][1]["web"]["engine_script"].endswith("ort.wasm.min.mjs")


def test_a_software_renderer_decides_no_rule_on_times_unless_it_is_allowed(ran):
    folder, _ = ran
    result = comparison(folder)
    rules = {(rule.candidate, rule.quantity): rule for rule in result.devices[0].rules}
    assert rules["candidate", "latency_p50"].outcome == "met"
    assert rules["gpu", "latency_p50"].outcome == "open"
    assert "gpu ran on a software renderer" in str(rules["gpu", "latency_p50"].doubted)
    warnings = " ".join(each.text for each in result.devices[0].warnings)
    assert "gpu ran on a software renderer" in warnings
    assert "candidate ran on a software renderer" not in warnings


def test_the_same_run_analysed_where_software_renderers_may_decide(ran, tmp_path):
    folder, _ = ran
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "run.json").read_text())
    manifest["experiment"]["measure"]["allow_software_renderer"] = True
    (copy / "run.json").write_text(json.dumps(manifest))
    assert main(["analyze", str(copy)]) == 0
    rules = {(rule.candidate, rule.quantity): rule for rule in comparison(copy).devices[0].rules}
    assert rules["gpu", "latency_p50"].outcome == "met"


def test_what_is_downloaded_and_started_is_told_of_the_arms_in_a_page(ran):
    folder, _ = ran
    native, page, gpu = comparison(folder).devices[0].arms
    assert native.values["download_size"].reason == "baseline runs in no web page"
    assert native.values["engine_start"].reason == "baseline runs in no web page"
    assert 3e6 < page.values["download_size"].value < 5e6  # 14.3 MB as they are
    assert gpu.values["download_size"].value < 1e6  # WebGL has no WebAssembly
    assert page.values["engine_start"].value > 1e6
    assert page.values["browser_memory"].value > page.values["pss_memory"].value / 2


@pytest.mark.parametrize(
    "drift", ["by up to 0.25 of the largest value", "by what is no number", "by up to 3e-07 of the largest value"]
)
def test_outputs_that_change_from_one_inference_to_the_next_doubt_the_verdict(ran, tmp_path, drift):
    """As of a GPU that is right once only; no machine here has one, so the page's word is written into the records."""
    folder, _ = ran
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    records = copy / "devices" / "0-local" / "records.jsonl"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    note = f"output_drift: the last inference's outputs differ from the first one's {drift}"
    for line in lines:
        if line["record"] == "latency_block" and line["arm"] == "a1":
            line["notes"] = [note]
    records.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert main(["analyze", str(copy)]) == 0
    result = comparison(copy)
    rules = {rule.quantity: rule for rule in result.devices[0].rules if rule.candidate == "candidate"}
    if "e-07" in drift:
        assert rules["psnr_y"].outcome == "met"
        return
    assert {rule.outcome for rule in rules.values()} == {"open"}
    assert f"first inference's {drift}" in str(rules["psnr_y"].doubted)
    assert next(each.decision for each in result.verdicts if each.candidate == "candidate") == "undecided"


def test_over_ssh_too(tmp_path, workdir):
    missing = missing_parts()
    if missing:
        pytest.skip(missing)
    tiny = experiment(tmp_path / "experiment", gpu=False)
    tiny.measure |= {"pairs": 2, "launches": 1, "memory_repeats": 0}
    path = tiny.write()
    server = LoopbackSshd(tmp_path / "sshd", environment={})
    server.start()
    try:
        address = server.address(workdir)
        over_ssh = {"BAKEOFF_SSH": shlex.join(server.ssh_command())}
        done = bakeoff("run", path, "-d", address, "--out", tmp_path / "run", "--runner", "python", **over_ssh)
    finally:
        server.stop()
    assert done.exit_code == 0, done.stderr
    result = comparison(tmp_path / "run").devices[0]
    assert [arm.status for arm in result.arms] == ["ok", "ok"]
    assert result.arms[1].browser["Browser"].startswith("Chromium ")


@pytest.mark.skipif(target_for_machine(platform.machine()) is None, reason="no native runner for this machine")
def test_by_the_native_runner_too(tmp_path, workdir):
    tiny = experiment(tmp_path / "experiment", gpu=False)
    tiny.measure |= {"pairs": 2, "launches": 1, "memory_repeats": 3}
    done = bakeoff(
        "run", tiny.write(), "--runner", "native", "--out", tmp_path / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir)
    )
    assert done.exit_code == 0, done.stderr
    result = comparison(tmp_path / "run").devices[0]
    assert result.runner == "native runner"
    native, page = result.arms
    assert [native.status, page.status] == ["ok", "ok"]
    assert page.browser["Browser"].startswith("Chromium ")
    assert "gzipped" in page.browser["To download"]
    assert page.values["engine_start"].kind == "available"
    assert page.values["psnr_y"].value == pytest.approx(native.values["psnr_y"].value, abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (['browser = "edge"'], "there is no edge there"),
        (['browser = "/bin/true"'], "/bin/true is not there, or is no browser that is known"),
    ],
)
def test_a_device_without_the_browser_is_told_in_two_lines(tmp_path, workdir, settings, said):
    tiny = experiment(tmp_path / "experiment", gpu=False)
    tiny.candidate_settings = settings
    done = bakeoff("run", tiny.write(), "--out", tmp_path / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "chromium: Chromium" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_engine_version_that_npm_lacks_is_told_in_two_lines(tmp_path, workdir):
    tiny = experiment(tmp_path / "experiment", gpu=False)
    tiny.candidate_runtime = "onnxruntime-web==0.0.1"
    done = bakeoff("run", tiny.write(), "--out", tmp_path / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert "npm has no version 0.0.1 of onnxruntime-web" in done.stderr


def test_check_says_what_it_did_not_open(tmp_path, workdir):
    tiny = experiment(tmp_path / "experiment", gpu=False)
    done = bakeoff("check", tiny.write(), "-d", "local", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    assert "local: every model opens that runs in no page" in done.stdout
    assert "candidate: in Chromium " in done.stdout
    assert f"not opened; bakeoff web-check {SHUFFLE} does that" in done.stdout

"""`bakeoff web-check`: a real Chromium on this machine says which backends open a model, run it, and are right."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from devices.runtimes.registry import RUNTIMES
from devices.web_engines.engine_files import engine_files
from harness.analysis.tables.device_records import DeviceRecords
from harness.commands.web_check.compared import TOLERANCE, compare, says_nothing
from harness.commands.web_check.found import backend_check
from harness.commands.web_check.made_inputs import FREE_SIDE, input_shapes, made_inputs
from harness.commands.web_check.op_in_message import op_in, what_to_do
from harness.documents.records import ArmLoaded
from harness.documents.web_check import BackendCheck, WebCheck
from harness.errors import UserError
from harness.models.model_file import read_model
from harness.models.operators import operators_of
from tests.rig.command import bakeoff
from tests.rig.tiny_experiment import write_upscaler
from tests.rig.tiny_web_model import write_shuffler
from tests.rig.web_engines import with_npm

MODELS = Path(__file__).parents[3] / "examples" / "models"


@pytest.fixture
def engines():
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine: apt install chromium")
    with_npm(lambda: [engine_files(RUNTIMES[name], RUNTIMES[name].default_version, "wasm") for name in ENGINES])


ENGINES = ("onnxruntime-web", "litert-js")


def check(model, tmp_path, workdir, *more):
    done = bakeoff("web-check", model, "--json", tmp_path / "found.json", *more, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert "Traceback" not in done.stderr, done.stderr
    return WebCheck.model_validate_json((tmp_path / "found.json").read_bytes()), done


def assert_gone(folders):
    """Each goes in time: the work directory is that of all test processes, and what another one checks goes too."""
    for folder in list(folders):
        for _ in range(1200):
            if not folder.exists():
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"{folder} was left")


def test_a_model_that_every_backend_has_is_right_in_all_of_them(engines, tmp_path, workdir):
    found, done = check(write_shuffler(tmp_path / "s.onnx", 0.25), tmp_path, workdir, "--shape", "lr=1x3x16x12")
    assert done.exit_code == 0, done.stderr
    assert [(each.backend, each.outcome) for each in found.backends] == [
        ("wasm", "right"), ("webgl", "right"), ("webgpu", "right"),
    ]  # fmt: skip
    assert all(each.largest_difference <= 1e-5 for each in found.backends)
    wasm, webgl, webgpu = found.backends
    assert (wasm.gpu, wasm.is_software_renderer, wasm.fixed_sizes) == (None, None, {})
    assert webgl.fixed_sizes == {"lr": [1, 3, 16, 12]}
    assert webgl.is_software_renderer
    assert webgpu.is_software_renderer
    assert found.reference.startswith("onnxruntime ")
    assert found.line in done.stdout.replace("\n", " ")
    assert "software renderer" in done.stdout
    assert_gone(workdir.glob("runs/web-check-*"))


def test_a_backend_that_lacks_an_operator_names_it_and_the_rest_goes_on(engines, tmp_path, workdir):
    found, done = check(MODELS / "sr_x2_int8.onnx", tmp_path, workdir)
    assert done.exit_code == 1
    wasm, webgl, webgpu = found.backends
    assert wasm.outcome == "right"
    assert (webgl.outcome, webgl.stopped_by) == ("does not open", "DequantizeLinear")
    assert "cannot resolve operator" in str(webgl.message)
    assert "use wasm" in webgl.what_to_do
    assert webgpu.outcome in {"right", "wrong"}  # a step of its quantised output is no fault; more would be a finding
    assert "webgl does not open (stopped by DequantizeLinear)" in found.line


def test_a_tflite_model_gets_a_copy_with_fixed_sizes_and_is_right(engines, tmp_path, workdir):
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    found, done = check(MODELS / "sr_x2_fp32.tflite", tmp_path, workdir, "--shape", "lr=1x16x16x3")
    assert done.exit_code == 0, done.stdout
    assert [each.outcome for each in found.backends] == ["right", "right"]
    assert all(each.fixed_sizes == {"lr": [1, 16, 16, 3]} for each in found.backends)


def test_what_an_engine_takes_no_element_of_says_so(engines, tmp_path, workdir):
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    found, done = check(MODELS / "sr_x2_int8.tflite", tmp_path, workdir)
    assert done.exit_code == 1
    assert {each.outcome for each in found.backends} == {"does not open"}
    assert "Export the model with inputs and outputs of floats" in found.backends[0].what_to_do


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--browser", "edge"], "there is no edge there"),
        (["--browser", "firefoxx"], "no browser is called 'firefoxx': did you mean firefox?"),
        (["--shape", "hr=1x3x8x8"], "there is no input 'hr'"),
        (["--shape", "lr=1x4x8x8"], "its input 'lr' is 1×3×?×?, and [1, 4, 8, 8] was asked for"),
        (["--shape", "lr=99999999"], "is not a shape"),
        (["--shape", "lr=1x3x9000x9000"], "is too large to be tried in a page"),
    ],
)
def test_what_cannot_be_tried_is_told_in_two_lines(tmp_path, workdir, arguments, said):
    model = write_shuffler(tmp_path / "s.onnx")
    done = bakeoff("web-check", model, *arguments, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_message_names_an_operator_only_where_the_model_has_it(tmp_path):
    ops = operators_of(read_model(write_upscaler(tmp_path / "u.onnx")))
    assert ops == {"Conv", "Resize"}
    for message, op in {
        "cannot resolve operator 'Resize' with opsets: ai.onnx v13": "Resize",
        "resize (packed) does not support mode: 'nearest'": "Resize",
        "Could not find an implementation for Resize(13) node with name 'r'": "Resize",
        "Non-zero status code returned while running Conv node. Name:'c' Status Message: x": "Conv",
        "cannot resolve operator 'Gelu' with opsets": None,
        "[object Object]": None,
        "": None,
    }.items():
        assert op_in(message, ops) == op, message
    assert op_in("Node number 3 (CONV_2D) failed to prepare.", frozenset()) == "CONV_2D"
    assert op_in("operator: <b>x</b>", frozenset()) is None
    assert op_in("'" * 100_000, ops) is None


def test_the_advice_fits_how_it_ended():
    assert what_to_do("right", "webgpu", None, "") == ""
    assert "--browser" in what_to_do("does not open", "webgpu", None, "this browser has no WebGPU here: x")
    assert "use wasm" not in what_to_do("fails", "wasm", "Conv", "x")
    assert "use wasm" in what_to_do("fails", "webgl", "Conv", "x")
    for outcome in ("wrong", "runs", "fails", "does not open"):
        assert what_to_do(outcome, "webgpu", None, "x")


def test_outputs_are_right_within_a_share_of_the_largest_value():
    reference = np.linspace(-2.0, 4.0, 48, dtype=np.float32).reshape(1, 3, 16)
    one = [[reference]]
    assert compare(one, one).is_right
    assert compare([[reference + np.float32(0.9 * 4.0 * TOLERANCE)]], one).is_right
    off = compare([[reference + np.float32(1.1 * 4.0 * TOLERANCE)]], one)
    assert not off.is_right
    assert off.relative == pytest.approx(1.1 * TOLERANCE, rel=1e-3)
    assert "no finite numbers" in str(compare([[np.full_like(reference, np.nan)]], one).why)
    assert "shape" in str(compare([[reference[:, :2]]], one).why)
    assert not compare([[reference, reference]], one).is_right
    assert not compare([[reference * 0]], one).is_right
    assert compare([[reference * 0]], [[reference * 0]]).is_right
    # The second try of the same input is held against the reference too.
    assert "try 2" in str(compare([[reference], [reference * 2]], [[reference], [reference]]).why)


def test_a_reference_that_tells_nothing_makes_no_output_right():
    reference = np.linspace(-2.0, 4.0, 48, dtype=np.float32).reshape(1, 3, 16)
    flat = np.zeros_like(reference)
    odd = reference.copy()
    odd[0, 0, 0] = np.nan
    assert says_nothing([[reference], [flat]]) is None
    assert "one number" in says_nothing([[flat], [flat]])
    assert "no finite numbers" in says_nothing([[reference], [odd]])
    model = read_model(MODELS / "sr_x2_fp32.onnx")
    loaded = ArmLoaded(
        n=0, session=0, monotonic_ns=1, arm="a0", pid=1, runtime="onnxruntime-web", runtime_version="1.30.0", load_ns=1,
        inputs=[], outputs=[], threads=1, accelerator="wasm",
    )  # fmt: skip
    for same, right in ((reference, True), (flat, None), (odd, None)):
        found = backend_check(
            RUNTIMES["onnxruntime-web"], "wasm", None, DeviceRecords(loaded=[loaded]), "a0", [[same]], [[same]], model
        )
        assert (found.runs, found.is_right) == (True, right)


def test_one_step_of_a_quantised_output_passes_and_two_do_not():
    grid = (np.random.default_rng(1).integers(0, 256, (1, 3, 40, 40)) / 255).astype(np.float32)
    step = np.zeros_like(grid)
    step[0, 0, 0, 0] = 1 / 255
    assert compare([[grid + step]], [[grid]]).is_right
    assert not compare([[grid + 2 * step]], [[grid]]).is_right
    whole = np.arange(-128, 127).astype(np.int8)
    assert compare([[whole + 1]], [[whole]]).is_right
    assert not compare([[whole // 2]], [[whole]]).is_right


def test_free_sizes_get_a_number_and_inputs_are_the_same_each_time(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "at"], ["z"], axis=0)],
        "gather",
        [
            helper.make_tensor_value_info("table", TensorProto.FLOAT, ["n", 8, "m"]),
            helper.make_tensor_value_info("at", TensorProto.INT64, [4]),
        ],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )
    path = tmp_path / "gather.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    model = read_model(path)
    shapes = input_shapes(model, {})
    assert shapes == {"table": [1, 8, FREE_SIDE], "at": [4]}
    one, other = made_inputs(model, shapes, 0), made_inputs(model, shapes, 0)
    assert [each.dtype.name for each in one] == ["float32", "int64"]
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    assert not np.array_equal(one[0], made_inputs(model, shapes, 1)[0])
    assert one[1].min() >= 0
    with pytest.raises(UserError, match="there is no input"):
        input_shapes(model, {"x": [1]})


def test_the_words_of_each_outcome():
    def outcome(opens, runs, is_right):
        return BackendCheck(
            runtime="r", runtime_version="1", backend="wasm", opens=opens, runs=runs, is_right=is_right
        ).outcome

    assert outcome(None, None, None) == "not tried"
    assert outcome(False, None, None) == "does not open"
    assert outcome(True, False, None) == "fails"
    assert outcome(True, True, None) == "runs"
    assert outcome(True, True, True) == "right"
    assert outcome(True, True, False) == "wrong"


def test_the_schema_of_what_is_written_is_printed():
    done = bakeoff("schema", "web-check")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["properties"]["backends"]

"""`bakeoff parity` as its users type it, and what it says of wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from harness.cli.main import main
from harness.cli.schema import schema_of
from tests.devices.runner_contract.models import add_onnx, conv_onnx, truncated, unknown_operator_onnx
from tests.harness.experiments import experiments
from tests.harness.parity.onnx_faults import FAULTS, Sites
from tests.harness.parity.onnx_graphs import renamed, upscaler

SUBPIXEL = Path(__file__).parents[4] / "shared" / "models" / "subpixel_cnn_x3.onnx"
SHARED = [SUBPIXEL, Path(__file__).parents[3] / "shared" / "models" / "subpixel_cnn_x3.onnx"]


def test_a_fault_is_told_on_80_columns_in_a_document_and_on_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    original = upscaler(0)
    sites = Sites(renamed(original))
    planted = FAULTS["padding"](sites, 3)
    onnx.save(original, tmp_path / "a.onnx")
    onnx.save(sites.model, tmp_path / "b.onnx")
    arguments = ["parity", str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    shown = capsys.readouterr().out
    assert f"Conv {planted} is to blame" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    document = json.loads((tmp_path / "out" / "parity.json").read_text())
    jsonschema.validate(document, schema_of("parity"))
    assert document["culprit"]["returned"]["mean"] > 0.9
    page = (tmp_path / "out" / "parity.html").read_text()
    assert planted in page
    assert "<script" not in page


def test_a_network_of_somebody_else_agrees_with_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = next((path for path in SHARED if path.exists()), None)
    if not experiments(0):
        pytest.skip("eight pictures of 224×224 take a minute on a busy machine; BAKEOFF_EXPERIMENTS=1 runs it")
    if found is None:
        pytest.skip("no subpixel_cnn_x3.onnx in ../shared/models; it is a published model that no test may fetch")
    onnx.save(renamed(onnx.load(found)), tmp_path / "b.onnx")
    code = main(["parity", str(found), str(tmp_path / "b.onnx"), "--out", str(tmp_path / "out"), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (code, document["outcome"]) == (0, "agree")
    assert document["coverage"]["aligned"] == document["coverage"]["of"] > 4


def another(tmp_path: Path) -> Path:
    path = tmp_path / "another.onnx"
    onnx.save(upscaler(5), path)
    return path


def flat(tmp_path: Path) -> Path:
    path = tmp_path / "flat.onnx"
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 7]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "flat", info[:1], info[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.onnx"
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2**40]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "endless", info[:1], info[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_an_input_beyond_all_memory_is_not_made_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(endless(tmp_path))
    assert main(["parity", model, model, "--out", str(tmp_path / "out")]) == 2
    assert "'x' takes 1×1099511627776 numbers, and at most 67,108,864 are made up" in capsys.readouterr().err


def garbage(tmp_path: Path) -> Path:
    path = tmp_path / "garbage.onnx"
    path.write_bytes(np.random.default_rng(0).bytes(4000))
    return path


def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("no model")
    return path


@pytest.mark.parametrize(
    ("converted", "words"),
    [
        (lambda folder: folder / "missing.onnx", "no such model file"),
        (notes, "is neither .onnx nor .tflite"),
        (garbage, "it is not an ONNX model"),
        (lambda folder: truncated(folder / "cut.onnx", folder / "a.onnx"), "truncated"),
        (lambda folder: add_onnx(folder / "two.onnx"), "the original has 1 output, and the converted build 2"),
        (flat, "does not fit 'x' of the converted build, 1×7"),
        (lambda folder: conv_onnx(folder / "conv.onnx"), "does not fit 'image'"),
        (lambda folder: unknown_operator_onnx(folder / "custom.onnx"), "FrobnicateTensor"),
        (another, "the two models cannot be aligned"),
    ],
)
def test_a_build_that_cannot_be_compared_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], converted: object, words: str
) -> None:
    onnx.save(upscaler(0), tmp_path / "a.onnx")
    path = converted(tmp_path)  # type: ignore[operator]
    assert main(["parity", str(tmp_path / "a.onnx"), str(path), "--out", str(tmp_path / "out")]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("bakeoff: running")]
    assert words in " ".join(said)
    assert len([line for line in said if not line.startswith("bakeoff: aligning")]) <= 2
    assert not (tmp_path / "out").exists()


def few(folder: Path) -> None:
    for place in range(3):
        np.save(folder / f"{place}.npy", np.zeros((1, 3, 16, 16), np.float32))


def wrong_shape(folder: Path) -> None:
    for place in range(8):
        np.save(folder / f"{place}.npy", np.zeros((1, 3, 8, 16), np.float32))


def pickled(folder: Path) -> None:
    for place in range(8):
        np.save(folder / f"{place}.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda folder: None, "holds nothing that a model is given here"),
        (few, "holds 3 inputs, and 8 are needed"),
        (wrong_shape, "has the shape 1×3×8×16, and 'x' of"),
        (pickled, "which no model takes"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fill: object, words: str
) -> None:
    onnx.save(upscaler(0), tmp_path / "a.onnx")
    folder = tmp_path / "given"
    folder.mkdir()
    fill(folder)  # type: ignore[operator]
    model = str(tmp_path / "a.onnx")
    assert main(["parity", model, model, "--inputs", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def ending_in(path: Path, kind: str) -> Path:
    """The upscaler with its output made not-a-number, or zero, behind its last operator."""
    model = upscaler(0)
    output = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = ["before" if name == output else name for name in node.output]
    model.graph.node.append(helper.make_node("Sub", ["before", "before"], ["nothing"], "minus itself"))
    last = ("Div", ["nothing", "nothing"]) if kind == "nan" else ("Identity", ["nothing"])
    model.graph.node.append(helper.make_node(*last, [output], "the end"))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(("kind", "words"), [("nan", "are not finite"), ("zero", "one and the same value")])
@pytest.mark.parametrize("beside", ["itself", "a sound build"])
def test_an_original_without_a_signal_is_no_original_also_beside_one_that_is_wrong_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, words: str, beside: str
) -> None:
    original = ending_in(tmp_path / "a.onnx", kind)
    onnx.save(upscaler(0), tmp_path / "b.onnx")
    other = original if beside == "itself" else tmp_path / "b.onnx"
    assert main(["parity", str(original), str(other), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_build_that_puts_out_no_numbers_is_never_called_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(upscaler(0), tmp_path / "a.onnx")
    converted = ending_in(tmp_path / "b.onnx", "nan")
    arguments = ["parity", str(tmp_path / "a.onnx"), str(converted), "--out", str(tmp_path / "out"), "--json"]
    assert main(arguments) == 1
    assert json.loads(capsys.readouterr().out)["outcome"] in {"culprit", "unproven"}


def test_of_one_file_twice_it_is_said_that_only_its_running_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(upscaler(0), tmp_path / "a.onnx")
    model = str(tmp_path / "a.onnx")
    assert main(["parity", model, model, "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "agree"
    assert any("Both are the same file" in note for note in document["notes"])


def test_a_page_to_be_mailed_tells_no_folder_of_this_computer(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for place in range(8):
        np.save(given / f"{place}.npy", np.random.default_rng(place).random((1, 3, 16, 16), np.float32))
    onnx.save(upscaler(0), tmp_path / "a.onnx")
    onnx.save(renamed(upscaler(0)), tmp_path / "b.onnx")
    arguments = ["parity", str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx"), "--inputs", str(given)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "parity.html").read_text().replace("\u00a0", " ")
    assert "8 inputs of given" in page
    assert str(tmp_path) not in page

"""PyTorch originals: exported programs and TorchScript, and what of such files is refused before it can run."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from harness.cli.main import main
from tests.harness.experiments import experiments
from tests.harness.parity.compared import saved as model_saved
from tests.harness.parity.onnx_graphs import GRAPHS, renamed
from tests.harness.parity.planted import built, planted

pytestmark = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: pip install 'bakeoff[torch]'"
)

FEW = [("upscaler", "export", "QDQ"), ("residual", "script", "tflite int8"), ("upscaler", "trace", "renamed")]
MANY = [
    (graph, form, build)
    for graph in ("upscaler", "residual")
    for form in ("export", "script", "trace")
    for build in ("renamed", "QDQ", "tflite int8")
]


def saved(graph: str, model: Any, folder: Path, form: str) -> Path:
    """`torch_nets.saved`; imported here, so that only a worker that comes to these tests imports PyTorch."""
    from tests.harness.parity import torch_nets

    return torch_nets.saved(graph, model, folder, form)


def told(original: Path, converted: Path, items: list[dict[str, Any]], folder: Path, capsys: Any) -> tuple[int, Any]:
    given = folder / "inputs"
    given.mkdir(exist_ok=True)
    for place, item in enumerate(items):
        np.save(given / f"{place}.npy", item["x"])
    capsys.readouterr()
    code = main(
        ["parity", str(original), str(converted), "--inputs", str(given), "--out", str(folder / "out"), "--json"]
    )
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("graph", "form", "build"), MANY if experiments(0) else FEW)
def test_the_layer_is_named_with_the_line_of_the_module_that_it_is_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], graph: str, form: str, build: str
) -> None:
    pair = built(graph, build, tmp_path)
    original = saved(graph, pair.original, tmp_path, form)
    code, sound = told(original, model_saved(pair.sound, tmp_path, "sound"), pair.items, tmp_path, capsys)
    assert (code, sound["culprit"]) == (0 if sound["outcome"] != "unproven" else 1, None)
    assert sound["outcome"] == "agree" if build == "renamed" else sound["output_error"]["mean"] < 0.1
    faulty, names = planted(pair, "swapped channels", 4)
    code, document = told(original, model_saved(faulty, tmp_path, "faulty"), pair.items, tmp_path, capsys)
    assert (code, document["outcome"]) == (1, "culprit")
    layer = document["layers"][document["culprit"]["layers"][0]]
    assert names & {each["name"].removesuffix("_quant") for each in layer["ops"]}
    assert document["culprit"]["returned"]["mean"] > 0.5
    lines = {each["source"].split(":")[0] for each in layer["original_ops"] if each["source"]}
    # What was traced keeps no lines, and what was scripted those of the innermost function.
    assert "torch_nets.py" in lines if form == "export" else bool(lines) == (form == "script")


def test_without_inputs_torchscript_is_given_what_the_build_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = built("upscaler", "tflite", tmp_path)
    original = saved("upscaler", pair.original, tmp_path, "script")
    converted = model_saved(pair.sound, tmp_path, "sound")
    assert main(["parity", str(original), str(converted), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["original"]["format"]) == ("agree", "torch")


class Marker:
    """What a pickle of it writes, its reader has run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.path, "run")


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The same archive with other contents."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(made, "w") as archive:
        for entry in given.infolist():
            archive.writestr(entry.filename, change(entry.filename, given.read(entry)))
    path.write_bytes(made.getvalue())
    return path


def exported(folder: Path) -> Path:
    return saved("upscaler", GRAPHS["upscaler"](0), folder, "export")


def whole_pickle(folder: Path) -> Path:
    import torch

    torch.save(Marker(folder / "ran"), folder / "a.pt")
    return folder / "a.pt"


def old_pickle(folder: Path) -> Path:
    (folder / "a.pt").write_bytes(pickle.dumps(Marker(folder / "ran")))
    return folder / "a.pt"


def called_elsewhere(target: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return rewritten(
            exported(folder),
            lambda name, held: (
                held.replace(b"torch.ops.aten.pixel_shuffle.default", target.encode())
                if name.endswith("model.json")
                else held
            ),
        )

    return make


def pickled_weights(folder: Path) -> Path:
    trap = pickle.dumps(Marker(folder / "ran"))
    return rewritten(
        exported(folder),
        lambda name, held: (
            held.replace(b'"use_pickle": false', b'"use_pickle": true').replace(
                b'"use_pickle":false', b'"use_pickle":true'
            )
            if name.endswith("weights_config.json")
            else trap
            if "weight_0" in name
            else held
        ),
    )


def weights_beyond_the_file(folder: Path) -> Path:
    return rewritten(exported(folder), lambda name, held: held[:8] if name.endswith("weight_0") else held)


def graph_of_nonsense(folder: Path) -> Path:
    return rewritten(
        exported(folder), lambda name, held: b'{"graph_module": []}' if name.endswith("model.json") else held
    )


def reads_a_file(folder: Path) -> Path:
    import torch

    from tests.harness.parity.torch_strangers import ReadsFile

    torch.jit.script(ReadsFile()).save(str(folder / "a.pt"))
    return folder / "a.pt"


def sets_state(folder: Path) -> Path:
    import torch

    from tests.harness.parity.torch_strangers import SetsState

    torch.jit.script(SetsState()).save(str(folder / "a.pt"))
    return folder / "a.pt"


def tells_a_dict(folder: Path) -> Path:
    import torch

    from tests.harness.parity.torch_strangers import TellsADict

    torch.jit.script(TellsADict()).save(str(folder / "a.pt"))
    return folder / "a.pt"


def no_archive(folder: Path) -> Path:
    (folder / "a.pt2").write_bytes(b"PK\x03\x04" + bytes(2000))
    return folder / "a.pt2"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (whole_pickle, "it is a pickle, which runs code where it is read"),
        (old_pickle, "it is no exported program"),
        (no_archive, "it is no exported program"),
        (lambda folder: folder / "missing.pt2", "no such model file"),
        (called_elsewhere("torch.hub.download_url_to_file"), "it calls 'torch.hub.download_url_to_file'"),
        (called_elsewhere("torch.ops.aten.from_file.default"), "it calls 'from_file'"),
        (called_elsewhere("torch.ops.quantized.add.default"), "it calls 'torch.ops.quantized.add.default'"),
        (called_elsewhere("_operator.attrgetter"), "it calls '_operator.attrgetter'"),
        (pickled_weights, "is pickled in it"),
        (weights_beyond_the_file, "the model cannot be used"),
        (graph_of_nonsense, "its graph cannot be read"),
        (reads_a_file, "it reaches for files"),
        (sets_state, "__setstate__"),
        (tells_a_dict, "it puts out a Dict"),
    ],
)
def test_a_file_that_would_run_code_or_is_no_model_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], Path], words: str
) -> None:
    onnx.save(renamed(GRAPHS["upscaler"](0)), tmp_path / "b.onnx")
    path = make(tmp_path)
    assert main(["parity", str(path), str(tmp_path / "b.onnx"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) <= 2
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()

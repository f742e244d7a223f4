"""A picture through each model before anything is measured, on models as people have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.resolve import Resolved, resolve
from harness.experiment.template import Draft, write_and_say
from harness.models.model_file import read_model
from harness.tasks.image_to_image.codec import make_codec
from harness.tasks.image_to_image.dataset import Item, read_items
from harness.tasks.image_to_image.first_look import first_look
from harness.tasks.image_to_image.options import Tensor


def texture(seed: int, side: int = 96) -> np.ndarray:
    """Waves in three colours with a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    waves = [127 + 70 * np.sin(x / (7 + c) + seed) + 40 * np.cos(y / (5 + 2 * c)) for c in range(3)]
    return np.clip(np.stack(waves, -1) + random.normal(0, 6, (side, side, 3)), 0, 255).astype(np.uint8)


def upscaler(
    path: Path, after: list[onnx.NodeProto] | None = None, constants: dict[str, Any] | None = None, **more: Any
) -> Path:
    """×2 by doubling pixels, from `x` to `large`; then `after`, whose last result is called `y`."""
    nodes = [
        helper.make_node(
            "Resize", ["x", "", "scales"], ["large"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
        *(after or [helper.make_node("Identity", ["large"], ["y"])]),
    ]  # fmt: skip
    outputs = more.get("outputs", {"y": [1, 3, "h2", "w2"]})
    values = {"scales": [1.0, 1.0, 2.0, 2.0], **(constants or {})}
    graph = helper.make_graph(
        nodes,
        "upscaler",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def to_minus_one(path: Path) -> Path:
    after = [helper.make_node("Mul", ["large", "two"], ["twice"]), helper.make_node("Sub", ["twice", "one"], ["y"])]
    return upscaler(path, after, {"two": 2.0, "one": 1.0})


def blue_first(path: Path) -> Path:
    """Puts back what the inputs lost of their blue, into the channel that is blue to it."""
    kernel = np.diag([1.25, 1.0, 1.0]).reshape(3, 3, 1, 1)
    return upscaler(path, [helper.make_node("Conv", ["large", "kernel"], ["y"])], {"kernel": kernel})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pairs(tmp_path)
    return tmp_path


def write_pairs(folder: Path, blue: float = 1.0) -> list[Item]:
    for name in ("lr", "hr"):
        (folder / name).mkdir(exist_ok=True)
    for seed in range(2):
        large = texture(seed)
        small = np.rint(large[::2, ::2] * [1.0, 1.0, blue]).astype(np.uint8)
        Image.fromarray(large).save(folder / "hr" / f"p{seed}.png")
        Image.fromarray(small).save(folder / "lr" / f"p{seed}.png")
    return read_items(folder / "lr", folder / "hr", 2, None, None)


def psnr_of(seed: int, made: np.ndarray) -> float:
    error = np.mean((made.astype(float) - texture(seed)) ** 2)
    return float(10 * np.log10(255**2 / error))


def doubled(folder: Path) -> float:
    small = [np.asarray(Image.open(folder / "lr" / f"p{seed}.png")) for seed in range(2)]
    return float(np.mean([psnr_of(seed, each.repeat(2, 0).repeat(2, 1)) for seed, each in enumerate(small)]))


def looked(path: Path, items: list[Item], **tensor: Any) -> Any:
    model = read_model(path)
    return first_look(path.name, model, make_codec(model, Tensor(**tensor), 2), items, 2)


def written(folder: Path, baseline: Path, candidate: Path) -> tuple[Resolved, list[str]]:
    draft = Draft(None, baseline, candidate, folder / "lr", folder / "hr", folder / "experiment.toml")
    made = write_and_say(draft)
    return resolve(parse_experiment(made.text.encode(), draft.out), lambda done, total: None), made.said


def test_a_sound_model_is_told_with_its_floor_and_without_doubt(folder: Path) -> None:
    look = looked(upscaler(folder / "m.onnx"), write_pairs(folder))
    assert (look.doubts, look.reads_better, look.not_run) == ([], {}, None)
    assert look.psnr_db == pytest.approx(doubled(folder), abs=1e-9)
    assert look.floor_db == pytest.approx(look.psnr_db, abs=4)


def test_zero_to_one_in_and_minus_one_to_one_out_is_found_and_written_down(folder: Path) -> None:
    model = to_minus_one(folder / "m.onnx")
    look = looked(model, write_pairs(folder))
    assert look.reads_better == {"output_range": (-1.0, 1.0)}
    assert look.gain_db > 10
    found, said = written(folder, model, upscaler(folder / "b.onnx"))
    assert [arm.codec.output_range for arm in found.arms] == [(-1.0, 1.0), (0.0, 1.0)]
    assert any("output_range = [-1, 1]" in line for line in said)
    declared = looked(model, write_pairs(folder), output_range=(-1.0, 1.0))
    assert declared.psnr_db == pytest.approx(doubled(folder), abs=0.01)
    assert declared.suspicion is None


def test_blue_first_is_found_and_turns_the_result_round(folder: Path) -> None:
    items = write_pairs(folder, blue=0.8)
    candidate = blue_first(folder / "b.onnx")
    as_rgb = looked(candidate, items)
    assert as_rgb.reads_better == {"color": "bgr"}
    assert 'color = "bgr"' in as_rgb.suspicion
    right = looked(candidate, items, color="bgr")
    baseline = looked(upscaler(folder / "a.onnx"), items, color="bgr")
    assert baseline.psnr_db == pytest.approx(doubled(folder), abs=1e-9)
    assert right.psnr_db > baseline.psnr_db + 5 > as_rgb.psnr_db + 5
    found, _ = written(folder, folder / "a.onnx", candidate)
    assert found.arms[1].codec.order == "bgr"


def test_mean_and_std_can_be_said_of_input_and_output(folder: Path) -> None:
    items, same = write_pairs(folder), {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    model = upscaler(folder / "m.onnx")
    both = looked(model, items, **same, output_mean=same["mean"], output_std=same["std"])
    assert both.psnr_db == pytest.approx(doubled(folder), abs=0.01)


@pytest.mark.parametrize(
    ("more", "shape"),
    [
        (helper.make_node("ReduceMean", ["large"], ["aux"], axes=[1, 2, 3], keepdims=0), [1]),
        (helper.make_node("ReduceMean", ["large"], ["aux"], axes=[1], keepdims=1), [1, 1, "h2", "w2"]),
        (helper.make_node("Identity", ["x"], ["aux"]), [1, 3, "h", "w"]),
    ],
    ids=["score", "mask", "small stage"],
)
def test_the_output_that_is_a_picture_of_the_right_size_is_scored(folder: Path, more, shape) -> None:
    nodes = [more, helper.make_node("Identity", ["large"], ["y"])]
    model = upscaler(folder / "m.onnx", nodes, outputs={"aux": shape, "y": [1, 3, "h2", "w2"]})
    found, _ = written(folder, upscaler(folder / "a.onnx"), model)
    codec = found.arms[1].codec
    assert (codec.output.name, codec.output_index) == ("y", 1)
    assert list(found.task.outputs_needed(codec)) == [1]
    assert looked(model, write_pairs(folder)).psnr_db == pytest.approx(doubled(folder), abs=1e-9)


def test_of_outputs_whose_sizes_are_open_the_one_that_fits_is_named(folder: Path) -> None:
    nodes = [helper.make_node("Identity", ["x"], ["aux"]), helper.make_node("Identity", ["large"], ["y"])]
    model = upscaler(folder / "m.onnx", nodes, outputs={"aux": [1, 3, None, None], "y": [1, 3, None, None]})
    with pytest.raises(UserError, match=r"m\.onnx: makes 48×48 from p0\.png") as caught:
        looked(model, write_pairs(folder))
    assert '[data.tensor] output = "y"' in caught.value.remedy
    assert looked(model, write_pairs(folder), output="y").psnr_db == pytest.approx(doubled(folder), abs=1e-9)
    with pytest.raises(UserError, match="has no output 'z'"):
        looked(model, write_pairs(folder), output="z")


def test_a_model_that_cannot_be_run_here_is_told_and_no_error(folder: Path) -> None:
    broken = upscaler(folder / "m.onnx", [helper.make_node("Frobnicate", ["large"], ["y"])])
    look = looked(broken, write_pairs(folder))
    assert "Frobnicate" in look.not_run
    assert look.doubts == []


def test_check_says_what_a_picture_showed_before_anything_is_measured(folder: Path, capsys) -> None:
    model = to_minus_one(folder / "m.onnx")
    found, _ = written(folder, upscaler(folder / "a.onnx"), upscaler(folder / "b.onnx"))
    path = folder / "experiment.toml"
    path.write_bytes(found.file.content.replace(b"b.onnx", model.name.encode()))
    assert main(["check", str(path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "output_range = [-1, 1] gives" in said
    assert "its rules on quality would be doubted" in said


def test_init_writes_the_file_where_a_line_is_left_to_fill_in(folder: Path, capsys) -> None:
    model = onnx.load(upscaler(folder / "m.onnx"))
    for value, sizes in ((model.graph.input[0], (1, 3, 48, 3)), (model.graph.output[0], (1, 3, 96, 3))):
        for dimension, size in zip(value.type.tensor_type.shape.dim, sizes, strict=True):
            dimension.dim_value = size
    onnx.save(model, folder / "m.onnx")
    out = folder / "experiment.toml"
    given = ["--baseline", folder / "m.onnx", "--candidate", folder / "m.onnx", "--inputs", folder / "lr"]
    assert main(["init", *map(str, given), "--references", str(folder / "hr"), "--out", str(out)]) == 0
    assert "A line is left to be filled in" in capsys.readouterr().out
    assert "# TO BE FILLED IN" in out.read_text()
    assert main(["check", str(out)]) == 2
    assert "[data.tensor] layout" in capsys.readouterr().err

"""Clips for tests, and models of clips: one that sees a frame at a time, and one that remembers the frame before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from harness.tasks.image_file import write_image


def moving(frames: int, height: int = 32, width: int = 40, seed: int = 0, step: int = 2) -> NDArray[np.uint8]:
    """A textured scene that the camera passes by, `step` pixels a frame: uint8 (frames, height, width, 3)."""
    import cv2

    source = np.random.default_rng(seed)
    scene = source.integers(0, 256, (height, width + frames * step, 3)).astype(np.uint8)
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 2.0), dtype=np.float64)
    scene = np.clip((scene - 128.0) * 4.0 + 128.0, 0, 255).astype(np.uint8)
    return np.stack([scene[:, place * step : place * step + width] for place in range(frames)])


def write_clip(folder: Path, clip: NDArray[np.uint8], first: int = 1) -> None:
    """Frames as PNG files named by their numbers, which are not filled up with zeros."""
    for number, frame in enumerate(clip, start=first):
        write_image(folder / f"frame{number}.png", np.ascontiguousarray(frame))


def write_clips(home: Path, names: list[str], frames: int, *, height: int = 32, width: int = 40) -> None:
    """`hr/` has the clips, `lr/` every second pixel of them."""
    for seed, name in enumerate(names):
        clip = moving(frames, height, width, seed)
        write_clip(home / "hr" / name, clip)
        write_clip(home / "lr" / name, clip[:, ::2, ::2])


def write_frame_model(path: Path, *, broken_at: int | None = None) -> Path:
    """(1, 3, h, w) float32 → twice as large, by pixels; a state counts the frames, and one can come out dark."""
    weights = {"scales": np.array([1, 1, 2, 2], np.float32), "one": np.ones((1,), np.float32)}
    nodes = [
        helper.make_node("Add", ["count_in", "one"], ["count_out"]),
        helper.make_node(
            "Resize", ["lr", "", "scales"], ["large"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
    ]  # fmt: skip
    if broken_at is None:
        nodes.append(helper.make_node("Identity", ["large"], ["sr"]))
    else:
        weights |= {"at": np.array([broken_at], np.float32), "dark": np.array([0.5], np.float32)}
        nodes += [
            helper.make_node("Equal", ["count_out", "at"], ["is_it"]),
            helper.make_node("Where", ["is_it", "dark", "one"], ["light"]),
            helper.make_node("Mul", ["large", "light"], ["sr"]),
        ]
    return _write(path, nodes, weights, ("count_in", "count_out"), [1])


def write_remembering_model(path: Path, share: float = 0.25) -> Path:
    """As above; of every frame `share` is the frame before, which the state holds."""
    weights = {
        "scales": np.array([1, 1, 2, 2], np.float32),
        "old": np.array([share], np.float32),
        "new": np.array([1.0 - share], np.float32),
    }
    nodes = [
        helper.make_node("Mul", ["h_in", "old"], ["before"]),
        helper.make_node("Mul", ["lr", "new"], ["now"]),
        helper.make_node("Add", ["before", "now"], ["mixed"]),
        helper.make_node("Identity", ["lr"], ["h_out"]),
        helper.make_node(
            "Resize", ["mixed", "", "scales"], ["sr"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
    ]  # fmt: skip
    return _write(path, nodes, weights, ("h_in", "h_out"), [1, 3, "h", "w"])


def write_mean_model(path: Path, *, stacked: bool) -> Path:
    """The mean of the frame before, this one and the one behind, twice as large. `stacked`: (1, 9, h, w); else in three
    inputs, of which `now` is the second.
    """
    names = ["lr"] if stacked else ["before", "now", "behind"]
    channels = 9 if stacked else 3
    weights = {"scales": np.array([1, 1, 2, 2], np.float32), "split": np.array([3, 3, 3], np.int64)}
    parts = ["p0", "p1", "p2"] if stacked else names
    nodes = [helper.make_node("Split", ["lr", "split"], parts, axis=1)] if stacked else []
    nodes += [
        helper.make_node("Mean", parts, ["mean"]),
        helper.make_node(
            "Resize", ["mean", "", "scales"], ["sr"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, "h", "w"]) for name in names],
        [helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def fix_sizes(path: Path, height: int, width: int) -> Path:
    """A model of open sizes as one that takes this one only."""
    import onnx

    model = onnx.load(path)
    sizes = {"h": height, "w": width, "h2": 2 * height, "w2": 2 * width}
    for value in [*model.graph.input, *model.graph.output]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param in sizes:
                size.dim_value = sizes[size.dim_param]
    onnx.save(model, path)
    return path


def _write(
    path: Path,
    nodes: list[object],
    weights: dict[str, NDArray[np.float32]],
    state: tuple[str, str],
    shape: list[int | str],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "clip",
        [
            helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 3, "h", "w"]),
            helper.make_tensor_value_info(state[0], TensorProto.FLOAT, shape),
        ],
        [
            helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"]),
            helper.make_tensor_value_info(state[1], TensorProto.FLOAT, shape),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path

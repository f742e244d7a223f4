"""An upscaler of a few weights whose operators every backend of a browser has, its sizes free."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def write_shuffler(path: Path, blur: float = 0.0) -> Path:
    """(1, 3, h, w) float32 in 0..1 → (1, 3, 2h, 2w): each pixel four times, some of it from its right neighbour."""
    weights = np.zeros((12, 3, 3, 3), np.float32)
    for out in range(12):
        weights[out, out % 3, 1, 1] = 1.0 - blur
        weights[out, out % 3, 1, 2] = blur
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["lr", "weights"], ["wide"], pads=[1, 1, 1, 1]),
            helper.make_node("DepthToSpace", ["wide"], ["sr"], blocksize=2),
        ],
        "shuffler",
        [helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path

"""What is brought to the size of an image agrees with ONNX's own Resize, half-pixel and linear."""

import numpy as np
import pytest

from metrics.lpips.lpips_map import distance_map, resized


@pytest.mark.parametrize(
    ("height", "width", "to"), [(5, 7, (40, 61)), (1, 1, (9, 4)), (3, 1, (31, 31)), (24, 30, (24, 30))]
)
def test_it_agrees_with_onnx_resize(height, width, to):
    import onnxruntime
    from onnx import TensorProto, helper

    values = np.random.default_rng(3).random((height, width), dtype=np.float32)
    node = helper.make_node(
        "Resize", ["x", "", "", "sizes"], ["y"], mode="linear", coordinate_transformation_mode="half_pixel"
    )
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, height, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, *to])],
        [helper.make_tensor("sizes", TensorProto.INT64, [4], [1, 1, *to])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": values[None, None]})[0][0, 0]
    np.testing.assert_allclose(resized(values, to), expected, atol=1e-5)


def test_taps_are_weighted_by_channel_and_summed():
    one = [np.zeros((1, 2, 4, 4), np.float32), np.zeros((1, 1, 2, 2), np.float32)]
    other = [one[0] + np.array([1.0, 2.0], np.float32).reshape(1, 2, 1, 1), one[1] + np.float32(3.0)]
    heads = [np.array([0.5, 0.25], np.float32), np.array([2.0], np.float32)]
    np.testing.assert_allclose(distance_map(one, other, heads, (8, 8)), np.full((8, 8), 0.5 + 1.0 + 18.0), rtol=1e-6)

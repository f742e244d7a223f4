"""Small networks in ONNX, of the kinds that people convert: seeded weights of a trained network's spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Nodes one after the other; every method returns the name of what it puts out."""

    def __init__(self, seed: int, shape: list[int]) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = shape
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any, name: str) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [f"{name}_out"], name=name, **attributes))
        return f"{name}_out"

    def conv(
        self, x: str, given: int, made: int, size: int = 3, *, group: int = 1, stride: int = 1, dilation: int = 1
    ) -> str:
        name = f"conv_{len(self.nodes)}"
        fan = given // group * size * size
        kernel = self.rng.normal(0, np.sqrt(2.0 / fan), (made, given // group, size, size)).astype(np.float32)
        bias = self.rng.normal(0, 0.1, made).astype(np.float32)
        pad = size // 2 * dilation
        return self.op(
            "Conv", x, self.constant(kernel, f"{name}.w"), self.constant(bias, f"{name}.b"), group=group,
            kernel_shape=[size, size], pads=[pad] * 4, strides=[stride] * 2, dilations=[dilation] * 2,
        )  # fmt: skip

    def upward(self, x: str, given: int, made: int) -> str:
        """A transposed convolution of 2×2 that doubles both sides."""
        name = f"convtranspose_{len(self.nodes)}"
        kernel = self.rng.normal(0, np.sqrt(2.0 / given), (given, made, 2, 2)).astype(np.float32)
        bias = self.rng.normal(0, 0.1, made).astype(np.float32)
        return self.op(
            "ConvTranspose", x, self.constant(kernel, f"{name}.w"), self.constant(bias, f"{name}.b"),
            kernel_shape=[2, 2], strides=[2, 2],
        )  # fmt: skip

    def gemm(self, x: str, given: int, made: int) -> str:
        name = f"gemm_{len(self.nodes)}"
        matrix = self.rng.normal(0, np.sqrt(2.0 / given), (given, made)).astype(np.float32)
        bias = self.rng.normal(0, 0.1, made).astype(np.float32)
        return self.op("Gemm", x, self.constant(matrix, f"{name}.w"), self.constant(bias, f"{name}.b"))

    def linear(self, x: str, given: int, made: int) -> str:
        name = f"matmul_{len(self.nodes)}"
        matrix = self.rng.normal(0, np.sqrt(1.0 / given), (given, made)).astype(np.float32)
        product = self.op("MatMul", x, self.constant(matrix, f"{name}.w"))
        bias = self.rng.normal(0, 0.1, made).astype(np.float32)
        return self.op("Add", product, self.constant(bias, f"{name}.b"))

    def norm(self, x: str, channels: int) -> str:
        name = f"bn_{len(self.nodes)}"
        parts = [
            (1 + 0.2 * self.rng.normal(size=channels), "gamma"),
            (0.1 * self.rng.normal(size=channels), "beta"),
            (0.1 * self.rng.normal(size=channels), "mean"),
            (1 + 0.3 * self.rng.random(channels), "var"),
        ]
        names = [self.constant(values.astype(np.float32), f"{name}.{part}") for values, part in parts]
        return self.op("BatchNormalization", x, *names)

    def model(self, output: str, opset: int = 17) -> Any:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def upscaler(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("Relu", net.conv("x", 3, 12, 5))
    for _ in range(4):
        x = net.op("Relu", net.conv(x, 12, 12))
    return net.model(net.op("DepthToSpace", net.conv(x, 12, 12), blocksize=2, mode="CRD"))


def residual(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("Relu", net.norm(net.conv("x", 3, 8), 8))
    for _ in range(3):
        inner = net.op("Relu", net.norm(net.conv(x, 8, 8), 8))
        x = net.op("Relu", net.op("Add", net.norm(net.conv(inner, 8, 8), 8), x))
    pooled = net.op("Flatten", net.op("GlobalAveragePool", x))
    return net.model(net.gemm(net.op("Relu", net.gemm(pooled, 8, 16)), 16, 10))


def depthwise(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    zero, six = net.constant(np.float32(0), "zero"), net.constant(np.float32(6), "six")
    x = net.op("Clip", net.conv("x", 3, 8, stride=2), zero, six)
    for _ in range(3):
        wide = net.op("Clip", net.conv(x, 8, 24, 1), zero, six)
        deep = net.op("Clip", net.conv(wide, 24, 24, 3, group=24), zero, six)
        x = net.op("Add", net.conv(deep, 24, 8, 1), x)
    return net.model(net.conv(x, 8, 6, 1))


def branches(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("Relu", net.conv("x", 3, 8))
    for _ in range(2):
        one = net.op("Relu", net.conv(x, 8, 8, 1))
        three = net.op("Relu", net.conv(net.op("Relu", net.conv(x, 8, 8, 1)), 8, 8))
        pool = net.op("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])
        joined = net.op("Concat", one, three, pool, axis=1)
        x = net.op("Relu", net.conv(joined, 24, 8, 1))
    return net.model(net.conv(x, 8, 4))


def unet(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    scales = net.constant(np.array([1, 1, 2, 2], np.float32), "scales")
    first = net.op("Relu", net.conv("x", 3, 8))
    down = net.op("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2])
    second = net.op("Relu", net.conv(down, 8, 16))
    bottom = net.op("Relu", net.conv(net.op("MaxPool", second, kernel_shape=[2, 2], strides=[2, 2]), 16, 16))
    up = net.op("Resize", bottom, "", scales, mode="nearest")
    third = net.op("Relu", net.conv(net.op("Concat", up, second, axis=1), 32, 8))
    last = net.op("Concat", net.op("Resize", third, "", scales, mode="nearest"), first, axis=1)
    return net.model(net.op("Sigmoid", net.conv(net.op("Relu", net.conv(last, 16, 8)), 8, 2)))


def transformer(seed: int) -> Any:
    net = Net(seed, [1, 12, 16])
    split = net.constant(np.array([1, 12, 2, 8], np.int64), "split")
    merge = net.constant(np.array([1, 12, 16], np.int64), "merge")
    eighth = net.constant(np.float32(1 / np.sqrt(8)), "eighth")
    x = "x"
    for _ in range(2):
        scale = net.constant(1 + 0.1 * net.rng.normal(size=16).astype(np.float32), f"ln_{len(net.nodes)}.g")
        shift = net.constant(0.1 * net.rng.normal(size=16).astype(np.float32), f"ln_{len(net.nodes)}.b")
        normal = net.op("LayerNormalization", x, scale, shift, axis=-1)
        query, key, value = (
            net.op("Transpose", net.op("Reshape", net.linear(normal, 16, 16), split), perm=perm)
            for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        )
        weights = net.op("Softmax", net.op("Mul", net.op("MatMul", query, key), eighth), axis=-1)
        mixed = net.op("Reshape", net.op("Transpose", net.op("MatMul", weights, value), perm=[0, 2, 1, 3]), merge)
        x = net.op("Add", x, net.linear(mixed, 16, 16))
        x = net.op("Add", x, net.linear(net.op("Relu", net.linear(x, 16, 32)), 32, 16))
    return net.model(net.linear(x, 16, 5))


def recogniser(seed: int) -> Any:
    """With squeeze and excitation, as in MobileNetV3."""
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("HardSwish", net.conv("x", 3, 8, stride=2))
    for _ in range(2):
        deep = net.op("HardSwish", net.conv(net.op("Relu", net.conv(x, 8, 16, 1)), 16, 16, group=16))
        gate = net.op("Relu", net.conv(net.op("GlobalAveragePool", deep), 16, 8, 1))
        gated = net.op("Mul", deep, net.op("Sigmoid", net.conv(gate, 8, 16, 1)))
        x = net.op("Add", net.conv(gated, 16, 8, 1), x)
    pooled = net.op("Flatten", net.op("GlobalAveragePool", net.op("HardSwish", net.conv(x, 8, 24, 1))))
    return net.model(net.gemm(pooled, 24, 10))


def autoencoder(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("Relu", net.conv("x", 3, 8, stride=2))
    x = net.op("Relu", net.conv(x, 8, 16, stride=2))
    x = net.op("Relu", net.conv(x, 16, 16))
    x = net.op("Relu", net.upward(x, 16, 8))
    x = net.op("Relu", net.conv(x, 8, 8))
    x = net.op("Relu", net.upward(x, 8, 8))
    return net.model(net.op("Sigmoid", net.conv(x, 8, 3)))


def dilated(seed: int) -> Any:
    net = Net(seed, [1, 3, 16, 16])
    x = net.op("LeakyRelu", net.conv("x", 3, 8), alpha=0.1)
    for dilation in (1, 2, 4):
        x = net.op("Add", net.op("LeakyRelu", net.conv(x, 8, 8, dilation=dilation), alpha=0.1), x)
    pooled = net.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    return net.model(net.conv(net.op("LeakyRelu", net.conv(pooled, 8, 12), alpha=0.1), 12, 4, 1))


def perceptron(seed: int) -> Any:
    net = Net(seed, [1, 24])
    x = net.op("Relu", net.gemm("x", 24, 32))
    one = net.op("Relu", net.gemm(x, 32, 24))
    two = net.op("Relu", net.gemm(net.op("Relu", net.gemm(one, 24, 24)), 24, 24))
    joined = net.op("Concat", two, one, axis=1)
    return net.model(net.gemm(net.op("Relu", net.gemm(joined, 48, 32)), 32, 6))


GRAPHS: dict[str, Callable[[int], Any]] = {
    "upscaler": upscaler,
    "residual": residual,
    "depthwise": depthwise,
    "branches": branches,
    "unet": unet,
    "transformer": transformer,
    "recogniser": recogniser,
    "autoencoder": autoencoder,
    "dilated": dilated,
    "perceptron": perceptron,
}


def some_inputs(model: Any, count: int, seed: int = 0) -> list[dict[str, np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(seed)
    shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    if len(shape) == 4:
        return [{"x": rng.random(shape, dtype=np.float32)} for _ in range(count)]
    return [{"x": rng.standard_normal(shape).astype(np.float32)} for _ in range(count)]


def renamed(model: Any) -> Any:
    """The same network as another exporter may write it: no name is kept, but those of nodes (for the tests)."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.value_info[:]
    names: dict[str, str] = {"": ""}

    def new(name: str) -> str:
        return names.setdefault(name, f"t{len(names)}")

    for each in [*made.graph.input, *made.graph.output, *made.graph.initializer]:
        each.name = new(each.name)
    for node in made.graph.node:
        node.input[:] = [new(name) for name in node.input]
        node.output[:] = [new(name) for name in node.output]
    return made


def halved(model: Any) -> Any:
    """In 16-bit floats between the first and the last operator, with nodes that have no names."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.value_info[:]
    for each in made.graph.initializer:
        if each.data_type == TensorProto.FLOAT and each.name != "scales":
            each.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(each).astype(np.float16), each.name))
    given, put_out = made.graph.input[0].name, made.graph.output[0].name
    for node in made.graph.node:
        node.input[:] = ["half_in" if name == given else name for name in node.input]
        node.output[:] = ["half_out" if name == put_out else name for name in node.output]
    made.graph.node.insert(0, helper.make_node("Cast", [given], ["half_in"], to=TensorProto.FLOAT16))
    made.graph.node.append(helper.make_node("Cast", ["half_out"], [put_out], to=TensorProto.FLOAT))
    return made


def quantized(model: Any, folder: Path, *, form: str = "QDQ", per_channel: bool = True, but: Sequence[str] = ()) -> Any:
    """By ONNX Runtime's own static quantisation, calibrated on inputs like those that it is given later. Weights are
    unsigned: with signed ones sums saturate at 16 bits on processors of x86 without VNNI, where the build is wrong in
    earnest and parity names the layer. The nodes in `but` stay in floats.
    """
    import logging

    from onnxruntime import quantization as q

    logging.getLogger().setLevel(logging.ERROR)
    plain, made = folder / "plain.onnx", folder / "quantised.onnx"
    onnx.save(model, plain)
    items = ({model.graph.input[0].name: each["x"]} for each in some_inputs(model, 16, seed=1))

    class Reader(q.CalibrationDataReader):
        def get_next(self) -> Any:
            return next(items, None)

    q.quantize_static(
        str(plain), str(made), Reader(), quant_format=q.QuantFormat[form], per_channel=per_channel,
        activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QUInt8,
        nodes_to_exclude=list(but), extra_options={"ForceQuantizeNoInputCheck": True, "WeightSymmetric": True},
    )  # fmt: skip
    return onnx.load(made)

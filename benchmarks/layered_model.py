"""A TFLite model of so many equal layers: one with 3 % more of them takes 3 % longer, whatever the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIZE_PIXELS = 48
CHANNELS = 8


def write_layered_model(path: Path, layers: int) -> Path:
    """(1, 48, 48, 3) float32 → the same shape: `layers` 3×3 convolutions of 8 channels between one in and one out."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    random = np.random.default_rng(0)
    buffers = [schema.BufferT()]
    tensors: list[Any] = []
    operators: list[Any] = []

    def tensor(name: str, shape: tuple[int, ...], values: np.ndarray[Any, Any] | None = None) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer, made.type = name.encode(), list(shape), 0, schema.TensorType.FLOAT32
        made.quantization = schema.QuantizationParametersT()
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), dtype=np.uint8)
            buffers.append(buffer)
            made.buffer = len(buffers) - 1
        tensors.append(made)
        return len(tensors) - 1

    def convolution(index: int, source: int, channels_in: int, channels_out: int) -> int:
        kernel = (random.normal(size=(channels_out, 3, 3, channels_in)) / (3 * channels_in**0.5)).astype(np.float32)
        options = schema.Conv2DOptionsT()
        options.padding, options.strideH, options.strideW = schema.Padding.SAME, 1, 1
        options.dilationHFactor = options.dilationWFactor = 1
        made = schema.OperatorT()
        made.opcodeIndex, made.builtinOptionsType = 0, schema.BuiltinOptions.Conv2DOptions
        made.builtinOptions = options
        made.inputs = [
            source,
            tensor(f"kernel{index}", kernel.shape, kernel),
            tensor(f"bias{index}", (channels_out,), np.zeros(channels_out, np.float32)),
        ]
        target = tensor(f"features{index}", (1, SIZE_PIXELS, SIZE_PIXELS, channels_out))
        made.outputs = [target]
        operators.append(made)
        return target

    last = image = tensor("image", (1, SIZE_PIXELS, SIZE_PIXELS, 3))
    for index in range(layers + 2):
        channels_in = 3 if index == 0 else CHANNELS
        last = convolution(index, last, channels_in, 3 if index == layers + 1 else CHANNELS)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 1
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = b"main", tensors, operators
    graph.inputs, graph.outputs = [image], [last]
    model = schema.ModelT()
    model.version, model.description = 3, f"{layers} layers".encode()
    model.operatorCodes, model.subgraphs, model.buffers = [code], [graph], buffers
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path

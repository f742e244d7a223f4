"""Runs a model file on an image in whichever runtime is installed, quantised or not."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Upscale = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def open_model(file: Path, threads: int = 1) -> tuple[str, Upscale]:
    """Open a .onnx or .tflite file.

    Args:
        file: the model.
        threads: the runtime's own, within one operation.

    Returns:
        The runtime's name, and a function from (H, W, 3) uint8 to (2H, 2W, 3) float32 in 0..1. A
        quantised output is returned as the real numbers that it stands for.

    Raises:
        ModuleNotFoundError: no runtime for this kind of file is installed.
        ValueError: the suffix is neither of the two.
    """
    if file.suffix == ".onnx":
        return _open_onnx(file, threads)
    if file.suffix == ".tflite":
        return _open_tflite(file, threads)
    raise ValueError(f"{file}: neither .onnx nor .tflite")


def _open_onnx(file: Path, threads: int) -> tuple[str, Upscale]:
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def upscale(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        low = image.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
        high: NDArray[np.float32] = session.run(["sr"], {"lr": low})[0]
        return np.asarray(high[0].transpose(1, 2, 0))

    return "onnxruntime", upscale


def _open_tflite(file: Path, threads: int) -> tuple[str, Upscale]:
    name, interpreter_class = _tflite_interpreter()
    interpreter = interpreter_class(model_path=str(file), num_threads=threads)
    entry = interpreter.get_input_details()[0]
    result = interpreter.get_output_details()[0]

    def upscale(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        interpreter.resize_tensor_input(entry["index"], [1, *image.shape])
        interpreter.allocate_tensors()
        low = image.astype(np.float32) / np.float32(255)
        interpreter.set_tensor(entry["index"], _quantised(low, entry)[None])
        interpreter.invoke()
        return _real(interpreter.get_tensor(result["index"])[0], result)

    return name, upscale


def _tflite_interpreter() -> tuple[str, Any]:
    for name in ("ai_edge_litert", "tflite_runtime"):
        try:
            return name, importlib.import_module(f"{name}.interpreter").Interpreter
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError("no TFLite runtime: pip install ai-edge-litert")


def _quantised(real: NDArray[np.float32], tensor: dict[str, Any]) -> NDArray[Any]:
    """What the tensor's dtype stores for `real`; float32 tensors have scale 0 and store it as is."""
    scale, zero_point = tensor["quantization"]
    if scale == 0.0:
        return real
    limits = np.iinfo(tensor["dtype"])
    stored = np.round(real / scale) + zero_point
    return np.asarray(np.clip(stored, limits.min, limits.max).astype(tensor["dtype"]))


def _real(stored: NDArray[Any], tensor: dict[str, Any]) -> NDArray[np.float32]:
    scale, zero_point = tensor["quantization"]
    if scale == 0.0:
        return stored
    return (stored.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)

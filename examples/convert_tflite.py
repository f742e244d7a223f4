"""Write the trained network as TFLite, in float32 and in full int8, from the weights in ONNX.

    python examples/convert_tflite.py

TensorFlow is needed at development time only. litert-torch was tried first: it writes height and
width into the reshapes of the pixel shuffle, so its graph runs at one size only. TensorFlow's own
depth_to_space becomes one operation, and the graph can be resized.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from superres import SCALE
from superres.calibration import calibration_images
from superres.network import ConvWeights
from superres.onnx_graph import read_weights
from superres.tiles import HIGH_SIDE
from tensorflow.lite.tools import flatbuffer_utils

EXAMPLES = Path(__file__).parent
# The size a model has before `resize_tensor_input`: that of the demo images.
SIDE = HIGH_SIDE // SCALE

OnTensor = Callable[[tf.Tensor], tf.Tensor]


def clip(packed: tf.Tensor) -> tf.Tensor:
    """To 0..1. In this order the maximum is fused into the addition as its RELU."""
    return tf.minimum(tf.maximum(packed, 0.0), 1.0)


def declare(tensor: tf.Tensor) -> tf.Tensor:
    """Tell the quantiser that the range is 0..1 instead of letting it calibrate one.

    The sum then saturates by itself: an int8 MINIMUM would do the same, but XNNPACK has none and
    would split the graph there. The input has to be declared as well: TensorFlow 2.20's calibration
    gives the first summand of an addition, whichever it is, the range of the sum.
    """
    return tf.quantization.fake_quant_with_min_max_args(tensor, 0.0, 1.0, num_bits=8)


class SuperResolutionModule(tf.Module):  # type: ignore[misc]
    """The network of `superres/network.py` on (1, H, W, 3) tensors.

    Args:
        layers: the convolutions in order.
        enter: what is done to the input.
        bound: what keeps the sum within 0..1.
    """

    def __init__(self, layers: list[ConvWeights], enter: OnTensor, bound: OnTensor) -> None:
        super().__init__(name="super_resolution_x2")
        # OIHW to TensorFlow's HWIO.
        self.kernels = [tf.constant(layer.kernel.transpose(2, 3, 1, 0)) for layer in layers]
        self.biases = [tf.constant(layer.bias) for layer in layers]
        self.enter = enter
        self.bound = bound

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32, name="lr")]
    )
    def __call__(self, lr: tf.Tensor) -> dict[str, tf.Tensor]:
        """(1, H, W, 3) float32 in 0..1 to (1, 2H, 2W, 3) float32 in 0..1."""
        anchor = features = self.enter(lr)
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            features = tf.nn.relu(_convolve(features, kernel, bias))
        detail = _convolve(features, self.kernels[-1], self.biases[-1])
        packed = self.bound(tf.concat([anchor] * SCALE**2, axis=-1) + detail)
        return {"sr": tf.nn.depth_to_space(packed, SCALE)}


def _convolve(features: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(tf.nn.conv2d(features, kernel, strides=1, padding="SAME"), bias)


def _converter(module: SuperResolutionModule) -> tf.lite.TFLiteConverter:
    traced = module.__call__.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([traced], module)


def float_model(layers: list[ConvWeights]) -> bytes:
    """The float32 model, a TFLite flatbuffer of built-in operations only."""
    converter = _converter(SuperResolutionModule(layers, tf.identity, clip))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return bytes(converter.convert())


def int8_model(layers: list[ConvWeights], images: list[NDArray[np.uint8]]) -> bytes:
    """The model with int8 weights, activations, input and output, a TFLite flatbuffer.

    Args:
        layers: the convolutions in order.
        images: (96, 96, 3) uint8, which set the activation ranges.
    """

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for image in images:
            yield [image[None].astype(np.float32) / np.float32(255)]

    converter = _converter(SuperResolutionModule(layers, declare, declare))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def for_any_size(flatbuffer: bytes) -> bytes:
    """The same model with H and W marked as dynamic, and its tensors called `lr` and `sr`.

    Converted with a fixed size and marked afterwards, it has a usable size before it is resized
    (converted as dynamic, it would begin at 1x1) and may be resized through strict interfaces too.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(flatbuffer))
    graph = model.subgraphs[0]
    for tensor in graph.tensors:
        if tensor.shape is not None and list(tensor.shape[1:3]) in ([SIDE] * 2, [HIGH_SIDE] * 2):
            tensor.shapeSignature = [tensor.shape[0], -1, -1, tensor.shape[3]]
    graph.tensors[graph.inputs[0]].name = "lr"
    graph.tensors[graph.outputs[0]].name = "sr"
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def main() -> None:
    """Parse the command line, convert, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=EXAMPLES / "models")
    folder = parser.parse_args().models
    layers = read_weights(folder / "sr_x2_fp32.onnx")
    (folder / "sr_x2_fp32.tflite").write_bytes(for_any_size(float_model(layers)))
    (folder / "sr_x2_int8.tflite").write_bytes(for_any_size(int8_model(layers, calibration_images())))


if __name__ == "__main__":
    main()

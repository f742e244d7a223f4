"""What operators of several formats have in common."""

from __future__ import annotations

from typing import Final

_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "conv": (
        "Conv", "FusedConv", "QLinearConv", "ConvInteger", "NhwcConv", "NhwcFusedConv", "CONV_2D", "DEPTHWISE_CONV_2D",
        "CONV_3D", "conv1d", "conv2d", "conv3d", "_convolution", "convolution",
    ),
    "deconv": (
        "ConvTranspose", "TRANSPOSE_CONV", "CONV_3D_TRANSPOSE", "conv_transpose1d", "conv_transpose2d",
        "conv_transpose3d",
    ),
    "matmul": (
        "MatMul", "Gemm", "FusedGemm", "FusedMatMul", "QGemm", "QLinearMatMul", "MatMulInteger",
        "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits", "FULLY_CONNECTED", "BATCH_MATMUL",
        "linear", "addmm", "matmul", "mm", "bmm", "baddbmm",
    ),
    "add": ("Add", "QLinearAdd", "ADD", "Sum", "ADD_N"),
    "sub": ("Sub", "SUB"),
    "mul": ("Mul", "QLinearMul", "MUL"),
    "div": ("Div", "DIV"),
    "relu": ("Relu", "RELU", "Clip", "RELU6", "RELU_N1_TO_1", "hardtanh", "clamp", "clamp_min", "relu6"),
    "leaky": ("LeakyRelu", "QLinearLeakyRelu", "LEAKY_RELU", "PRelu", "PRELU", "leaky_relu", "prelu"),
    "sigmoid": ("Sigmoid", "QLinearSigmoid", "LOGISTIC"),
    "tanh": ("Tanh", "TANH"),
    "gelu": ("Gelu", "FastGelu", "BiasGelu", "GELU"),
    "hardswish": ("HardSwish", "HARD_SWISH", "hardswish"),
    "softmax": ("Softmax", "QLinearSoftmax", "SOFTMAX", "LogSoftmax", "LOG_SOFTMAX", "log_softmax", "_softmax"),
    "maxpool": ("MaxPool", "MAX_POOL_2D", "max_pool1d", "max_pool2d", "max_pool2d_with_indices"),
    "avgpool": (
        "AveragePool", "QLinearAveragePool", "AVERAGE_POOL_2D", "GlobalAveragePool", "QLinearGlobalAveragePool",
        "ReduceMean", "QLinearReduceMean", "MEAN", "mean", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d",
    ),
    "concat": ("Concat", "QLinearConcat", "CONCATENATION", "cat", "concat"),
    "depth_to_space": ("DepthToSpace", "DEPTH_TO_SPACE", "pixel_shuffle"),
    "space_to_depth": ("SpaceToDepth", "SPACE_TO_DEPTH", "pixel_unshuffle"),
    "resize": (
        "Resize", "Upsample", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "upsample_nearest2d",
        "upsample_bilinear2d",
    ),
    "reshape": (
        "Reshape", "RESHAPE", "Flatten", "Squeeze", "Unsqueeze", "SQUEEZE", "EXPAND_DIMS", "view",
        "reshape", "flatten", "squeeze", "unsqueeze", "_unsafe_view", "view_as",
    ),
    "transpose": ("Transpose", "TRANSPOSE", "permute", "transpose", "t", "numpy_T", "movedim"),
    "pad": ("Pad", "PAD", "PADV2", "MIRROR_PAD", "pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d"),
    "normalise": (
        "LayerNormalization", "SkipLayerNormalization", "InstanceNormalization", "BatchNormalization", "layer_norm",
        "native_layer_norm", "batch_norm", "_native_batch_norm_legit_no_training", "instance_norm", "group_norm",
    ),
    "embedding": ("Gather", "GATHER", "EMBEDDING_LOOKUP", "embedding"),
}  # fmt: skip
_OF_KIND: Final = {kind: family for family, kinds in _FAMILIES.items() for kind in kinds}


def family_of(kind: str) -> str:
    """The family of an operator; its own name in lower case where it has none."""
    return _OF_KIND.get(kind, kind.lower())

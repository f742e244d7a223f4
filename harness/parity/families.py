"""What operators of several formats have in common."""

from __future__ import annotations

from typing import Final

_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "conv": (
        "Conv", "FusedConv", "QLinearConv", "ConvInteger", "NhwcConv", "NhwcFusedConv", "CONV_2D", "DEPTHWISE_CONV_2D",
        "CONV_3D",
    ),
    "deconv": ("ConvTranspose", "TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"),
    "matmul": (
        "MatMul", "Gemm", "FusedGemm", "FusedMatMul", "QGemm", "QLinearMatMul", "MatMulInteger",
        "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits", "FULLY_CONNECTED", "BATCH_MATMUL",
    ),
    "add": ("Add", "QLinearAdd", "ADD", "Sum", "ADD_N"),
    "sub": ("Sub", "SUB"),
    "mul": ("Mul", "QLinearMul", "MUL"),
    "div": ("Div", "DIV"),
    "relu": ("Relu", "RELU", "Clip", "RELU6", "RELU_N1_TO_1"),
    "leaky": ("LeakyRelu", "QLinearLeakyRelu", "LEAKY_RELU", "PRelu", "PRELU"),
    "sigmoid": ("Sigmoid", "QLinearSigmoid", "LOGISTIC"),
    "tanh": ("Tanh", "TANH"),
    "gelu": ("Gelu", "FastGelu", "BiasGelu", "GELU"),
    "hardswish": ("HardSwish", "HARD_SWISH"),
    "softmax": ("Softmax", "QLinearSoftmax", "SOFTMAX", "LogSoftmax", "LOG_SOFTMAX"),
    "maxpool": ("MaxPool", "MAX_POOL_2D"),
    "avgpool": (
        "AveragePool", "QLinearAveragePool", "AVERAGE_POOL_2D", "GlobalAveragePool", "QLinearGlobalAveragePool",
        "ReduceMean", "QLinearReduceMean", "MEAN",
    ),
    "concat": ("Concat", "QLinearConcat", "CONCATENATION"),
    "depth_to_space": ("DepthToSpace", "DEPTH_TO_SPACE"),
    "space_to_depth": ("SpaceToDepth", "SPACE_TO_DEPTH"),
    "resize": ("Resize", "Upsample", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
    "reshape": ("Reshape", "RESHAPE", "Flatten", "Squeeze", "Unsqueeze", "SQUEEZE", "EXPAND_DIMS"),
    "transpose": ("Transpose", "TRANSPOSE"),
    "pad": ("Pad", "PAD", "PADV2", "MIRROR_PAD"),
    "normalise": ("LayerNormalization", "SkipLayerNormalization", "InstanceNormalization", "BatchNormalization"),
    "embedding": ("Gather", "GATHER", "EMBEDDING_LOOKUP"),
}  # fmt: skip
_OF_KIND: Final = {kind: family for family, kinds in _FAMILIES.items() for kind in kinds}


def family_of(kind: str) -> str:
    """The family of an operator; its own name in lower case where it has none."""
    return _OF_KIND.get(kind, kind.lower())

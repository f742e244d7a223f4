"""The kinds of operators that a model has, as far as its format names them in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile


def operators_of(model: ModelFile) -> frozenset[str]:
    """Such as `Conv`, `Resize`; empty for a format that numbers its operators, as .tflite does."""
    if model.format != "onnx":
        return frozenset()
    import onnx

    graph = onnx.load(model.path, load_external_data=False).graph
    return frozenset(node.op_type for node in graph.node)

"""ONNX Runtime: https://onnxruntime.ai."""

from __future__ import annotations

from devices.runtimes.spec import RuntimeSpec

SPEC = RuntimeSpec(
    name="onnxruntime",
    distribution="onnxruntime",
    import_name="onnxruntime",
    default_version="1.32.0",
    formats=("onnx",),
    python_min=(3, 8),
    accelerators=("cpu", "nnapi", "qnn", "webgpu", "xnnpack"),
    accelerator_hints={"gpu": "its GPU is called webgpu; on phones there is nnapi too"},
)

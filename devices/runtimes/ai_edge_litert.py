"""LiteRT, the successor of TensorFlow Lite: https://ai.google.dev/edge/litert."""

from __future__ import annotations

from devices.runtimes.spec import RuntimeSpec

SPEC = RuntimeSpec(
    name="ai-edge-litert",
    distribution="ai-edge-litert",
    import_name="ai_edge_litert.interpreter",
    default_version="2.3.0",
    formats=("tflite",),
    python_min=(3, 9),
)

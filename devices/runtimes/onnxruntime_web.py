"""ONNX Runtime Web: https://onnxruntime.ai/docs/tutorials/web/."""

from __future__ import annotations

from devices.runtimes.spec import RuntimeSpec
from devices.runtimes.web_engine import NpmPackage, WebEngine

SPEC = RuntimeSpec(
    name="onnxruntime-web",
    # Its WebGL is announced to go (microsoft/onnxruntime#29716): another version may have none.
    default_version="1.30.0",
    formats=("onnx",),
    accelerators=("wasm", "webgl", "webgpu"),
    accelerator_hints={
        "cpu": "in a page the processor is WebAssembly: write wasm",
        "gpu": "in a page it is called webgpu",
        "webnn": "no browser that was tried has it",
    },
    also_called=("ort-web", "onnxruntime-node"),
    web=WebEngine(
        packages=(
            NpmPackage(
                "onnxruntime-web",
                pinned={"1.30.0": "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"},
            ),
        ),
        scripts={
            "wasm": "onnxruntime-web/dist/ort.wasm.min.mjs",
            "webgl": "onnxruntime-web/dist/ort.webgl.min.mjs",
            "webgpu": "onnxruntime-web/dist/ort.webgpu.min.mjs",
        },
        files={
            "wasm": (
                "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
                "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
            ),
            "webgl": (),
            "webgpu": (
                "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs",
                "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm",
            ),
        },
        needs_static_shapes=("webgl",),
    ),
)

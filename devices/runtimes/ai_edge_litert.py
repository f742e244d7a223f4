"""LiteRT, the successor of TensorFlow Lite: https://ai.google.dev/edge/litert."""

from __future__ import annotations

from typing import Literal

from devices.runtimes.spec import NativeLibrary, PinnedLibrary, PythonPackage, RuntimeSpec

_GPU_OPTIONS = {
    "true|false": (
        *("allow_src_quantized_fc_conv_ops", "benchmark_mode", "convert_weights_on_gpu"),
        *("disable_shader_optimization", "enable_constant_tensors_sharing", "enable_infinite_float_capping"),
        *("hint_fully_delegated_to_single_delegate", "hint_waiting_for_completion", "prefer_texture_weights"),
        "wait_for_weights_conversion_complete",
    ),
    "[0-9]{1,3}": (
        *("backend", "buffer_storage_type", "kernel_batch_size", "num_threads_to_compile", "num_threads_to_upload"),
        *("precision", "priority", "wait_type"),
    ),
    r"[^\"'#\\]*": ("preferred_device_substr",),
}
"""Those of its options of a GPU that are plain values, by what they may be. It ignores a name that it does not know,
and some that are left out here are addresses in memory.
"""

_GPU_FILES: dict[Literal["linux", "android"], tuple[str, ...]] = {
    "linux": ("libLiteRtGpuAccelerator.so", "libLiteRtWebGpuAccelerator.so", "libLiteRtOpenClAccelerator.so"),
    "android": (
        *("libLiteRtGpuAccelerator.so", "libLiteRtClGlAccelerator.so", "libLiteRtOpenClAccelerator.so"),
        "libLiteRtWebGpuAccelerator.so",
    ),
}
"""It looks for its GPU in a library with one of a few names, in a folder that it is told."""

SPEC = RuntimeSpec(
    name="ai-edge-litert",
    python=PythonPackage(distribution="ai-edge-litert", import_name="ai_edge_litert.interpreter", python_min=(3, 9)),
    default_version="2.3.0",
    formats=("tflite",),
    accelerators=("cpu", "gpu"),
    accelerator_hints={
        "xnnpack": "its cpu is XNNPACK already",
        "webgpu": "its gpu is WebGPU on Linux",
        "nnapi": "it has no NNAPI any more: write gpu",
    },
    option_patterns={name: pattern for pattern, names in _GPU_OPTIONS.items() for name in names},
    also_called=("litert", "tflite"),
    native=NativeLibrary(
        file="libLiteRt.so",
        wheel_folder="ai_edge_litert/",
        wheel_pattern="libLiteRt.so",
        pinned=(
            PinnedLibrary(
                "2.3.0",
                "manylinux_2_27_x86_64",
                "x86_64",
                "1f15078a6725d2357d9de9221664c29afa0545d807559c5f7199ce5e40b96b23",
            ),
            PinnedLibrary(
                "2.3.0",
                "manylinux_2_27_aarch64",
                "aarch64",
                "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae",
            ),
        ),
        archive=("com.google.ai.edge.litert", "litert"),
        accelerator_files={"gpu": _GPU_FILES},
    ),
)

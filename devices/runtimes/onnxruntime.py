"""ONNX Runtime: https://onnxruntime.ai."""

from __future__ import annotations

from devices.runtimes.spec import NativeLibrary, PinnedLibrary, PythonPackage, RuntimeSpec

SPEC = RuntimeSpec(
    name="onnxruntime",
    python=PythonPackage(distribution="onnxruntime", import_name="onnxruntime", python_min=(3, 8)),
    default_version="1.32.0",
    formats=("onnx",),
    accelerators=("cpu", "nnapi", "qnn", "webgpu", "xnnpack"),
    accelerator_hints={"gpu": "its GPU is called webgpu; on phones there is nnapi too"},
    native=NativeLibrary(
        file="libonnxruntime.so",
        wheel_folder="onnxruntime/capi/",
        wheel_pattern="libonnxruntime.so.[0-9]*",
        pinned=(
            PinnedLibrary(
                "1.32.0",
                "manylinux_2_28_x86_64",
                "x86_64",
                "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
            ),
            PinnedLibrary(
                "1.32.0",
                "manylinux_2_28_aarch64",
                "aarch64",
                "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
            ),
        ),
        archive=("com.microsoft.onnxruntime", "onnxruntime-android"),
    ),
)

"""TensorFlow Lite's own interpreter; 2.14.0 was its last release."""

from __future__ import annotations

from devices.runtimes.spec import PythonPackage, RuntimeSpec

SPEC = RuntimeSpec(
    name="tflite-runtime",
    python=PythonPackage(
        distribution="tflite-runtime",
        import_name="tflite_runtime.interpreter",
        python_min=(3, 7),
        python_max=(3, 11),
        # Compiled against numpy 1; with numpy 2 its import fails.
        extra_requirements=("numpy<2",),
    ),
    default_version="2.14.0",
    formats=("tflite",),
)

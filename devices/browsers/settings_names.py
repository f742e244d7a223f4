"""Names in `settings` of an arm that ran in a browser's tab (`harness.documents.records.ArmLoaded`). Values are text.

Python 3.8: the python runner carries this file.
"""

from __future__ import annotations

USER_AGENT = "user_agent"
GPU_VENDOR = "gpu_vendor"
GPU_ARCHITECTURE = "gpu_architecture"
GPU_DEVICE = "gpu_device"
GPU_DESCRIPTION = "gpu_description"
WEBGL_VERSION = "webgl_version"
SOFTWARE_RENDERER = "software_renderer"
"""`yes`, `no` or `unknown`; only of arms that use a GPU."""
SHADER_F16 = "shader_f16"
"""`yes` or `no`; of WebGPU."""
CROSS_ORIGIN_ISOLATED = "cross_origin_isolated"
"""`yes` or `no`."""
CLOCK_STEP_NS = "clock_step_ns"
"""The smallest step of the page's clock that was seen."""
SITE_ISOLATED = "site_isolated"
"""`yes`: the frame's process is its own; `no: …` names what shares it; `unknown: …`."""
FRAME_HOST = "frame_host"
"""The name that the frame was loaded from, and so its site."""
ENGINE_START_NS = "engine_start_ns"
"""From asking for the engine's script to its WebAssembly being compiled."""
SESSION_NS = "session_ns"
"""From having the model's bytes to being ready for inputs."""
MODEL_FETCH_NS = "model_fetch_ns"
"""From asking for the model's bytes to having them, over loopback."""
MODEL_BYTES = "model_bytes"
ENGINE_BYTES = "engine_bytes"
"""Size of all the engine's files that this frame was served, as they are (not compressed)."""
ENGINE_FILES = "engine_files"
"""Their names below `engine/`, with ", " between."""
PROVIDERS_ASKED = "providers_asked"
ACCELERATOR_GOT = "accelerator_got"
"""What LiteRT.js took in the end: `wasm` where a browser cannot run a graph on its GPU."""
OPS_ON_CPU = "ops_on_cpu"
"""Operators that ONNX Runtime Web's WebGPU left to its CPU, each with how many, as `Hardmax 1, Shape 2`."""
WASM_THREADS = "wasm_threads"
WEBGL_BACKEND = "webgl_backend"
JSPI = "jspi"
"""`yes` or `no`: whether WebAssembly can wait for a promise."""
BROWSER_FLAGS = "browser_flags"
HEADLESS = "headless"
SANDBOX = "sandbox"
"""There only where the browser's sandbox is off, with the reason."""
AFFINITY = "affinity"
"""There only where cores were asked for: a browser's processes are not held to them."""

OUTPUT_DRIFT_NOTE = "output_drift"
"""How a note begins that says how the last outputs of a block differ from the first inference's."""

ALL = frozenset(
    value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and name != "OUTPUT_DRIFT_NOTE"
)
"""Every name of a setting."""

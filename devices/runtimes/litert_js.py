"""LiteRT.js, LiteRT in web pages: https://ai.google.dev/edge/litert/web."""

from __future__ import annotations

from devices.runtimes.spec import RuntimeSpec
from devices.runtimes.web_engine import NpmPackage, WebEngine


def _builds(*kinds: str) -> tuple[str, ...]:
    """The builds that it chooses among, by what the browser has."""
    names = (f"@litertjs/core/wasm/litert_wasm_{kind}internal" for kind in kinds)
    return tuple(f"{name}.{suffix}" for name in names for suffix in ("js", "wasm"))


_OTHERS = ("@litertjs/core/package.json", "@litertjs/wasm-utils/dist/index.js")
"""Where its version stands, and the package that it imports by its name."""

SPEC = RuntimeSpec(
    name="litert-js",
    default_version="2.5.3",
    formats=("tflite",),
    accelerators=("wasm", "webgpu"),
    accelerator_hints={
        "cpu": "in a page the processor is WebAssembly: write wasm",
        "gpu": "in a page it is called webgpu",
        "webgl": "it has none; webgpu is its GPU",
        "webnn": "no browser that was tried has it",
    },
    also_called=("litertjs", "litert-web"),
    web=WebEngine(
        packages=(
            NpmPackage(
                "@litertjs/core", pinned={"2.5.3": "a97660833e9e7e1063c95e12016718881240b14f7438728a2f62785e912d30fd"}
            ),
            NpmPackage(
                "@litertjs/wasm-utils",
                pinned={"2.5.3": "ce2a1f8379c067be49e59752e5a7f40db6be09f6e497f0f11e59f17b515366a7"},
            ),
        ),
        scripts={"wasm": "@litertjs/core/dist/index.js", "webgpu": "@litertjs/core/dist/index.js"},
        files={
            "wasm": (*_builds("", "compat_", "threaded_"), *_OTHERS),
            "webgpu": (*_builds("", "compat_", "jspi_"), *_OTHERS),
        },
        # It reads a size of −1 in a shape_signature as an error.
        needs_static_shapes=("wasm", "webgpu"),
    ),
)

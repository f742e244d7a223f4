"""The library that drives an accelerator is found beside the runtime's own, or asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.errors import RuntimeNotAvailableError
from devices.libraries.accelerator_library import accelerator_library
from tests.devices.runner_contract.native import library_of


def test_litert_brings_its_gpu_for_linux_along() -> None:
    library = library_of("ai-edge-litert")
    assert library is not None
    path = accelerator_library("ai-edge-litert", "gpu", Path(library), "linux")
    assert path is not None
    assert path.name == "libLiteRtWebGpuAccelerator.so"
    assert path.read_bytes()[:4] == b"\x7fELF"


def test_the_first_name_that_litert_tries_is_taken(tmp_path: Path) -> None:
    for name in ("libLiteRtOpenClAccelerator.so", "libLiteRtClGlAccelerator.so"):
        (tmp_path / name).touch()
    path = accelerator_library("ai-edge-litert", "gpu", tmp_path / "libLiteRt.so", "android")
    assert path == tmp_path / "libLiteRtClGlAccelerator.so"


@pytest.mark.parametrize(("runtime", "accelerator"), [("ai-edge-litert", "cpu"), ("onnxruntime", "qnn")])
def test_others_need_none(tmp_path: Path, runtime: str, accelerator: str) -> None:
    assert accelerator_library(runtime, accelerator, tmp_path / "lib.so", "linux") is None


def test_where_there_is_none_its_names_are_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeNotAvailableError) as caught:
        accelerator_library("ai-edge-litert", "gpu", tmp_path / "libLiteRt.so", "android")
    assert str(tmp_path) in caught.value.what
    assert "libLiteRtClGlAccelerator.so" in caught.value.remedy

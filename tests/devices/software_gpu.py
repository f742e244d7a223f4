"""A GPU where there is none: the software Vulkan driver (SwiftShader) that comes with Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

_CHROMIUM = (Path("/usr/lib/chromium"), Path("/usr/lib/chromium-browser"), Path("/opt/google/chrome"))


def software_gpu(folder: Path) -> dict[str, str]:
    """Environment variables for a process that is to find it. Skips the test where there is no such driver."""
    for place in _CHROMIUM:
        driver, loader = place / "vk_swiftshader_icd.json", place / "libvulkan.so.1"
        if driver.is_file() and loader.is_file():
            # The loader alone: beside it lie Chromium's own builds of libraries that others need as they are.
            libraries = folder / "vulkan"
            libraries.mkdir(exist_ok=True)
            (libraries / loader.name).unlink(missing_ok=True)
            (libraries / loader.name).symlink_to(loader)
            return {"VK_ICD_FILENAMES": str(driver), "LD_LIBRARY_PATH": str(libraries)}
    pytest.skip("no software Vulkan driver on this machine: apt install chromium")

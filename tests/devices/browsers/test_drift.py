"""How a page tells that outputs of one input change from inference to inference: its own file, run by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import devices.browsers

NODE = shutil.which("node")
TENSORS = Path(devices.browsers.__file__).parent / "page" / "tensors.js"
PAIRS: dict[str, tuple[str, str, float | str | None]] = {
    "the same": ("Float32Array.of(1, 2)", "Float32Array.of(1, 2)", None),
    "levels of a picture": ("Float64Array.of(0, 200)", "Float64Array.of(1, 200)", 1 / 200),
    "small features": ("Float64Array.of(1e-3, 0)", "Float64Array.of(5e-4, 0)", 0.5),
    "the last are larger": ("Float64Array.of(0, 0)", "Float64Array.of(0, -4)", 1.0),
    "the sign of zero": ("Float32Array.of(0)", "Float32Array.of(-0)", 0.0),
    "whole numbers of 64 bits": ("BigInt64Array.of(8n)", "BigInt64Array.of(6n)", 0.25),
    "infinite in both": ("Float64Array.of(Infinity, 2)", "Float64Array.of(Infinity, 1)", 0.5),
    "no number": ("Float32Array.of(1)", "Float32Array.of(NaN)", "not finite"),
}


@pytest.mark.skipif(NODE is None, reason="no Node.js here")
def test_drift_is_a_share_of_the_largest_magnitude(tmp_path: Path) -> None:
    assert NODE is not None
    module = tmp_path / "tensors.mjs"
    shutil.copy(TENSORS, module)
    calls = ", ".join(f"drift([{{data: {one}}}], [{{data: {other}}}])" for one, other, _ in PAIRS.values())
    script = tmp_path / "ask.mjs"
    script.write_text(f'import {{ drift }} from "./tensors.mjs";\nconsole.log(JSON.stringify([{calls}]));\n')
    told = subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True, timeout=60).stdout
    assert dict(zip(PAIRS, json.loads(told), strict=True)) == {name: wanted for name, (_, _, wanted) in PAIRS.items()}

"""Outputs that a page gave away: checked against what the model declares, and written as .npy."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

from devices.python_runner.browser.frame import PageError
from devices.python_runner.browser.npy_file import item_bytes, npy_bytes
from devices.python_runner.output_file import write_whole

_MOST_OUTPUT_BYTES = 256 << 20
"""The most bytes of one output whose shape the engine does not tell."""


def most_bytes(info: dict[str, Any]) -> int:
    """How large an output that the model declares so may be."""
    size, sizes = item_bytes(info["dtype"]), info["shape"]
    if size is None or not all(_is_size(length) for length in sizes):
        return _MOST_OUTPUT_BYTES
    return int(size * math.prod(sizes))


def kept_outputs(
    declared: list[dict[str, Any]], told: list[dict[str, Any]], puts: dict[int, bytes], folder: Path, stem: str
) -> list[dict[str, Any]]:
    """Writes every output, once all are found to be what the page says of them and the model declares; returns
    `harness.documents.records.OutputFile` of each. Raises PageError, OutputNotWrittenError.
    """
    if len(told) != len(declared) or sorted(puts) != list(range(len(told))):
        found = f"the model has {len(declared)} outputs, the page told of {len(told)} and gave {len(puts)}"
        raise PageError("OutputMismatch", found)
    for k, (info, got) in enumerate(zip(declared, told)):  # noqa: B905 - equal lengths, and Python 3.8
        _check(info, got, len(puts[k]))
    outputs: list[dict[str, Any]] = []
    for k, got in enumerate(told):
        content = npy_bytes(got["dtype"], got["shape"], puts[k])
        relative = f"{stem}.{k}.npy"
        write_whole(folder / relative, memoryview(content))
        outputs.append(
            {
                "tensor": got["name"],
                "path": relative,
                "sha256": hashlib.sha256(content).hexdigest(),
                "dtype": got["dtype"],
                "shape": got["shape"],
                "bytes": len(content),
            }
        )
    return outputs


def _check(info: dict[str, Any], got: dict[str, Any], size: int) -> None:
    one, shape, declared = item_bytes(got["dtype"]), got["shape"], info["shape"]
    said = f"{got['name']!r}, {got['dtype']} {shape}"
    if one is None or not all(_is_size(length) for length in shape) or one * math.prod(shape) != size:
        raise PageError("OutputMismatch", f"the page gave {said} in {size} bytes, which it is not")
    fits = len(declared) == len(shape) and all(
        not _is_size(length) or length == given
        for length, given in zip(declared, shape)  # noqa: B905
    )
    if got["name"] != info["name"] or got["dtype"] != info["dtype"] or not fits:
        known = f"{info['name']!r}, {info['dtype']} {declared}"
        raise PageError("OutputMismatch", f"the page gave {said}, where the model has {known}")


def _is_size(length: Any) -> bool:
    return isinstance(length, int) and length >= 0

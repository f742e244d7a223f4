"""A .tflite file with the sizes of its inputs fixed, and those of every tensor within that follow from them.

An interpreter resizes a model in memory; an engine that reads the sizes from the file, as LiteRT.js does, needs them
there. They are what TensorFlow Lite's interpreter gives, and are written into the file's own lists: Tensor {shape 0,
shape_signature 7} of TensorFlow Lite's public schema. Weights and operators stay as they are, byte for byte.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from harness.bounded import BOUNDED
from harness.models.flat_table import FlatTable, TfliteFormatError, uint32
from harness.models.tflite_shapes_child import NO_RUNTIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHAPE: Final = 0
_SIGNATURE: Final = 7
_TIMEOUT_S: Final = 300.0
_MOST_SAID: Final = 32 << 20


class _Said(BaseModel):
    """What the child prints."""

    model_config = BOUNDED

    shapes: dict[str, list[Annotated[int, Field(ge=0, lt=2**31)]]]


def with_static_shapes(path: Path, shapes: dict[str, list[int]]) -> bytes:
    """The model with these sizes of its inputs, by their names. Raises `TfliteFormatError`."""
    content = path.read_bytes()
    try:
        model = FlatTable(content, uint32(content, 0))
        graphs = model.tables(2)
        if len(graphs) != 1:
            raise TfliteFormatError("it holds several graphs (branches or loops), whose sizes cannot be fixed here")
        tensors = graphs[0].tables(0)
        names = {tensors[int(index)].text(3) for index in graphs[0].numbers(1, "i")}
        unknown = sorted(set(shapes) - names)
        if unknown:
            raise TfliteFormatError(f"it has no input {unknown[0]!r}")
        found = _sizes(path, shapes)
        return _rewritten(content, tensors, {int(each): sizes for each, sizes in found.items()})
    except (struct.error, IndexError):
        raise TfliteFormatError("it ends in the middle: the file is truncated or damaged") from None


def _rewritten(content: bytes, tensors: Sequence[FlatTable], sizes: Mapping[int, list[int]]) -> bytes:
    made = bytearray(content)
    places = Counter(tensor.vector(field)[0] for tensor in tensors for field in (_SHAPE, _SIGNATURE))
    for index, tensor in enumerate(tensors):
        if index not in sizes:
            continue
        for field in (_SHAPE, _SIGNATURE):
            place = tensor.field(field)
            if place is None:
                if field == _SHAPE and sizes[index]:
                    raise TfliteFormatError(f"its tensor {tensor.text(3)[:80]!r} has no place for sizes in the file")
                continue
            start, length = tensor.vector(field)
            if struct.unpack_from(f"<{length}i", content, start) == tuple(sizes[index]):
                continue
            new = struct.pack(f"<{len(sizes[index])}i", *sizes[index])
            if length == len(sizes[index]) and places[start] == 1:
                made[start : start + len(new)] = new
                continue
            # A list of another length, or one that several tensors share: a new one at the end, which offsets reach.
            made += bytes(-len(made) % 4)
            struct.pack_into("<I", made, place, len(made) - place)
            made += struct.pack("<I", len(sizes[index])) + new
    return bytes(made)


def _sizes(path: Path, shapes: dict[str, list[int]]) -> dict[str, list[int]]:
    """Number of a tensor → its sizes, as the interpreter has them."""
    done = _asked(sys.executable, path, shapes)
    if done.returncode == NO_RUNTIME:
        done = _asked(_provisioned(path), path, shapes)
    if done.returncode != 0:
        lines = done.stderr[-4000:].decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1][:300] if lines else f"exit code {done.returncode}"
        raise TfliteFormatError(f"it cannot have the sizes {shapes}: {reason}")
    try:
        return _Said.model_validate_json(done.stdout[-_MOST_SAID:].strip().rsplit(b"\n", 1)[-1]).shapes
    except ValidationError:
        raise TfliteFormatError("the interpreter gives it sizes that no tensor has") from None


def _asked(python: str, path: Path, shapes: dict[str, list[int]]) -> subprocess.CompletedProcess[bytes]:
    child = Path(__file__).with_name("tflite_shapes_child.py")
    try:
        return subprocess.run(
            [python, "-P", str(child), str(path.resolve()), json.dumps(shapes)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TfliteFormatError(f"its sizes were not found within {_TIMEOUT_S:g} s") from None


def _provisioned(path: Path) -> str:
    """An interpreter with LiteRT, as a run on this machine would have it."""
    from devices.environments.provision import provision
    from devices.errors import DeviceError
    from devices.posix.local import LocalDevice
    from devices.runtimes.registry import RUNTIMES

    spec = RUNTIMES["ai-edge-litert"]
    try:
        with LocalDevice() as device:
            return provision(device, spec, spec.default_version).python
    except DeviceError as error:
        raise TfliteFormatError(
            f"{path.name}: its sizes can be fixed by TensorFlow Lite's interpreter alone, and that is not to be had"
            f" here: {error.what}"
        ) from None

"""Reads what `torch.export.save` writes: a graph as JSON and weights as plain bytes, in a zip archive.

`torch.export.load` unpickles parts of such a file, evaluates its texts and looks its operators up anywhere in torch.
This reads the JSON alone, takes operators of ATen alone, and refuses weights that are pickled. Runs beside
`torch_child`.
"""

from __future__ import annotations

import json
import math
import operator
import re
import zipfile
from collections.abc import Callable
from typing import Any, Final

from harness.parity.torch_node import (
    Name,
    Node,
    RefusedError,
    aten,
    changes_its_input,
    source_in,
    without_views_changed,
)

_MOST_JSON: Final = 256 << 20
_MOST_BYTES: Final = 16 << 30
_MOST_ENTRIES: Final = 200_000
_DTYPES: Final = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 12: "bool",
    13: "bfloat16", 28: "uint16", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""`ScalarType` of torch/_export/serde/schema.py."""
_MEMORY_FORMATS: Final = {1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format"}
_PLAIN: Final = {
    "as_int", "as_ints", "as_float", "as_floats", "as_string", "as_strings", "as_bool", "as_bools", "as_int_lists",
    "as_float_lists",
}  # fmt: skip
_STRIDED: Final = 7
_ONE: Final = {"as_optional_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"}
_SEVERAL: Final = {"as_optional_tensors", "as_sym_ints", "as_sym_floats", "as_sym_bools"}
_OPERATORS: Final = {
    "getitem", "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "eq", "ne", "lt", "le", "gt", "ge", "and_",
    "or_", "not_", "pow",
}  # fmt: skip
"""What may be computed with sizes."""
_MATH: Final = {"ceil", "floor", "trunc", "sqrt"}
_TARGET: Final = re.compile(r"torch\.ops\.aten\.(\w{1,100})\.(\w{1,100})")


class Read:
    """A model that was read."""

    nodes: list[Node]
    inputs: list[str]
    outputs: list[str]
    constants: dict[str, Any]
    shapes: list[dict[str, Any]]
    """Name, dtype and shape of each input, −1 for a size that is not fixed; None where the file does not say."""


def kind_of(path: str) -> str:
    """`export` or `script`. Raises `RefusedError` for what is neither."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {each.split("/", 1)[-1] for each in archive.namelist()[:_MOST_ENTRIES]}
    except (zipfile.BadZipFile, OSError, ValueError):
        names = set()
    if "models/model.json" in names:
        return "export"
    if "constants.pkl" in names and any(each.startswith("code/") for each in names):
        return "script"
    if any(each.endswith("serialized_exported_program.json") for each in names):
        raise RefusedError("it was written by a PyTorch whose exported programs are pickled: export it again")
    if "data.pkl" in names:
        raise RefusedError("it is a pickle, which runs code where it is read: use torch.export.save or torch.jit.save")
    raise RefusedError("it is no exported program (torch.export.save) and no TorchScript (torch.jit.save)")


def read(path: str) -> Read:
    """The model. Raises `RefusedError`."""
    with zipfile.ZipFile(path) as archive:
        sizes = {each.filename: each.file_size for each in archive.infolist()[:_MOST_ENTRIES]}
        if sum(sizes.values()) > _MOST_BYTES:
            raise RefusedError(f"it unpacks to more than {_MOST_BYTES >> 30} GiB")
        root = next(name for name in sizes if name.split("/", 1)[-1] == "models/model.json").split("/", 1)[0]
        try:
            return _Reader(archive, root, sizes).read()
        except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
            raise RefusedError(f"its graph cannot be read: {type(error).__name__} {error}"[:200]) from None


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, root: str, sizes: dict[str, int]) -> None:
        self._archive, self._root, self._sizes = archive, root, sizes

    def _json(self, name: str) -> Any:
        full = f"{self._root}/{name}"
        if self._sizes.get(full, 0) > _MOST_JSON:
            raise RefusedError(f"{name} is larger than {_MOST_JSON >> 20} MiB")
        return json.loads(self._archive.read(full))

    def read(self) -> Read:
        module = self._json("models/model.json")["graph_module"]
        graph, signature = module["graph"], module["signature"]
        made = Read()
        made.constants, made.inputs = {}, []
        stored = {**self._tensors("weights"), **self._tensors("constants")}
        for each in signature["input_specs"]:
            ((kind, held),) = each.items()
            if kind == "user_input":
                made.inputs.append(_named(held["arg"]))
            elif kind in {"parameter", "buffer", "tensor_constant"}:
                key = next(held[name] for name in ("parameter_name", "buffer_name", "tensor_constant_name")
                           if name in held)  # fmt: skip
                made.constants[held["arg"]["name"]] = stored[key]
            else:
                raise RefusedError(f"it is given a {kind}, which is not run here")
        made.outputs = [
            _named(held["arg"]) for each in signature["output_specs"] for kind, held in each.items()
            if kind in {"user_output", "loss_output"}
        ]  # fmt: skip
        made.nodes = without_views_changed([self._node(each, place) for place, each in enumerate(graph["nodes"])])
        _follow_outputs(made)
        values = graph["tensor_values"]
        made.shapes = [
            {
                "name": name,
                "dtype": _DTYPES.get(values[name]["dtype"], "unknown"),
                "shape": [size.get("as_int", -1) for size in values[name]["sizes"]],
            }
            for name in made.inputs
        ]
        return made

    def _tensors(self, what: str) -> dict[str, Any]:
        import torch

        name = f"data/{what}/model_{what}_config.json"
        if f"{self._root}/{name}" not in self._sizes:
            return {}
        found: dict[str, Any] = {}
        for key, held in self._json(name)["config"].items():
            if held["use_pickle"]:
                raise RefusedError(f"{key[:60]!r} is pickled in it, which runs code where it is read")
            meta = held["tensor_meta"]
            dtype = _DTYPES.get(meta["dtype"])
            if dtype is None or meta["layout"] != _STRIDED:
                raise RefusedError(f"{key[:60]!r} is of an element type or a layout that is not read here")
            raw = self._archive.read(f"{self._root}/data/{what}/{held['path_name']}")
            numbers = [[int(size["as_int"]) for size in meta[part]] for part in ("sizes", "strides")]
            kind = getattr(torch, dtype)
            flat = torch.frombuffer(bytearray(raw), dtype=kind) if raw else torch.empty(0, dtype=kind)
            found[key] = flat.as_strided(*numbers, int(meta["storage_offset"]["as_int"])).clone()
        return found

    def _node(self, held: dict[str, Any], place: int) -> Node:
        function = _function(held["target"])
        positional, keywords = [], {}
        for each in held["inputs"]:
            value = _argument(each["arg"])
            if each.get("kind") == 2:
                keywords[str(each["name"])] = value
            else:
                positional.append(value)
        outputs, spreads = [], len(held["outputs"]) != 1
        for each in held["outputs"]:
            ((kind, value),) = each.items()
            if kind == "as_tensors":
                outputs += [str(tensor["name"]) for tensor in value]
                spreads = True
            elif kind == "as_none":
                outputs.append(f"nothing/{place}/{len(outputs)}")
            else:
                outputs.append(_named(each))
        changes = changes_its_input(function)
        kind = held["target"].split(".")[-2] if held["target"].startswith("torch.") else held["target"].split(".")[-1]
        return Node(
            kind=kind[:-1] if changes and kind.endswith("_") else kind,
            name=str(held.get("name") or outputs[0])[:120],
            function=function,
            arguments=positional,
            keywords=keywords,
            outputs=outputs,
            source=source_in(str(held.get("metadata", {}).get("stack_trace", ""))),
            changes=changes,
            spreads=spreads,
        )


def _follow_outputs(made: Read) -> None:
    """An output that a later operator writes into is what that one puts out."""
    for node in made.nodes:
        first = node.arguments[0] if node.arguments else None
        if node.changes and isinstance(first, Name) and node.outputs:
            made.outputs = [node.outputs[0] if name == first.text else name for name in made.outputs]


def _function(target: str) -> Any:
    found = _TARGET.fullmatch(target)
    if found:
        return aten(found[1], found[2])
    if target.startswith("_operator.") and target.split(".", 1)[1] in _OPERATORS:
        return getattr(operator, target.split(".", 1)[1])
    if target.startswith("math.") and target.split(".", 1)[1] in _MATH:
        return getattr(math, target.split(".", 1)[1])
    raise RefusedError(f"it calls {target[:80]!r}, which is not run here")


def _named(argument: dict[str, Any]) -> str:
    ((kind, value),) = argument.items()
    if kind == "as_tensor":
        return str(value["name"])
    if kind in {"as_sym_int", "as_sym_float", "as_sym_bool"} and "as_name" in value:
        return str(value["as_name"])
    raise RefusedError(f"it has an input or output that is no tensor ({kind})")


def _argument(argument: dict[str, Any]) -> Any:
    import torch

    ((kind, value),) = argument.items()
    if kind in _PLAIN:
        return value
    read: dict[str, Callable[[], Any]] = {
        "as_none": lambda: None,
        "as_tensor": lambda: Name(str(value["name"])),
        "as_tensors": lambda: [Name(str(each["name"])) for each in value],
        "as_device": lambda: torch.device("cpu"),
    }
    read |= dict.fromkeys(_ONE, lambda: _one(value)) | dict.fromkeys(_SEVERAL, lambda: [_one(each) for each in value])
    if kind == "as_scalar_type" and value in _DTYPES:
        read[kind] = lambda: getattr(torch, _DTYPES[value])
    if kind == "as_memory_format" and value in _MEMORY_FORMATS:
        read[kind] = lambda: getattr(torch, _MEMORY_FORMATS[value])
    if kind == "as_layout" and value == _STRIDED:
        read[kind] = lambda: torch.strided
    if kind in read:
        return read[kind]()
    raise RefusedError(f"an operator is given a {kind.removeprefix('as_')}, which is not run here")


def _one(value: dict[str, Any]) -> Any:
    ((kind, held),) = value.items()
    if kind == "as_name":
        return Name(str(held))
    if kind == "as_tensor":
        return Name(str(held["name"]))
    if kind in {"as_int", "as_float", "as_bool"}:
        return held
    if kind == "as_none":
        return None
    raise RefusedError(f"an operator is given a {kind.removeprefix('as_')}, which is not run here")

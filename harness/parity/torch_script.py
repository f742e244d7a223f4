"""Reads TorchScript (`torch.jit.save`) and takes its graph apart into operators of ATen.

`torch.jit.load` unpickles by a reader of its own that knows no Python, but runs `__setstate__` methods of the file and
makes objects of C++ classes: both are refused before it is called. Runs beside `torch_child`.
"""

from __future__ import annotations

import math
import operator
import re
import zipfile
from collections.abc import Callable
from typing import Any, Final

from harness.parity.torch_archive import Read
from harness.parity.torch_node import (
    FORBIDDEN,
    Name,
    Node,
    RefusedError,
    aten,
    changes_its_input,
    without_views_changed,
)

_MOST_CODE: Final = 64 << 20
_MOST_BYTES: Final = 16 << 30
_CALLS: Final = re.compile(r"\bops\.(\w+)\.(\w+)")
_FILES: Final = re.compile(r"\btorch\.(" + "|".join(sorted(FORBIDDEN - {"set_", "warn", "manual_seed"})) + r")\(")
_SOURCE: Final = re.compile(r"([^\s\"']{1,400}\.py)\"?(?:, line |:)(\d{1,7})")


def read(path: str) -> Read:
    """The model. Raises `RefusedError`."""
    import torch

    _refuse_code(path)
    module = torch.jit.load(path, map_location="cpu").eval()
    try:
        module = torch.jit.freeze(module, optimize_numerics=False)
    except RuntimeError as error:
        raise RefusedError(f"its attributes do not stay what they are: {str(error).strip().splitlines()[-1]}") from None
    graph = module.graph
    torch._C._jit_pass_inline(graph)
    return _Reader(module, graph).read()


def _refuse_code(path: str) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(each.file_size for each in entries) > _MOST_BYTES:
            raise RefusedError(f"it unpacks to more than {_MOST_BYTES >> 30} GiB")
        for entry in entries:
            name = entry.filename.split("/", 1)[-1]
            is_code = name.startswith("code/") and name.endswith(".py")
            if not is_code and not name.endswith(".pkl"):
                continue
            if entry.file_size > _MOST_CODE:
                raise RefusedError(f"{name[:60]} is larger than {_MOST_CODE >> 20} MiB")
            content = archive.read(entry)
            if b"torch.classes" in content:
                raise RefusedError("it holds objects of C++ classes, which run code where they are read")
            if not is_code:
                continue
            text = content.decode("utf-8", "replace")
            if "__setstate__" in text:
                raise RefusedError("it has a __setstate__, which runs code where it is read")
            if _FILES.search(text):
                raise RefusedError("it reaches for files")
            for space, called in _CALLS.findall(text):
                if space not in {"prim", "aten"} or called in FORBIDDEN:
                    raise RefusedError(f"it calls {space}::{called}"[:80] + ", which is not run here")


class _Reader:
    def __init__(self, module: Any, graph: Any) -> None:
        self._module, self._graph = module, graph
        self._constants: dict[str, Any] = {}
        self._objects: dict[str, Any] = {}

    def read(self) -> Read:
        made = Read()
        inputs = list(self._graph.inputs())
        if inputs and str(inputs[0].type()).startswith("__torch__"):
            self._objects[inputs[0].debugName()] = self._module
            inputs = inputs[1:]
        for each in inputs:
            if str(each.type()) != "Tensor":
                raise RefusedError(f"its input {each.debugName()[:60]!r} is a {each.type()}, and no tensor"[:160])
        made.inputs = [each.debugName() for each in inputs]
        made.outputs = self._put_out(list(self._graph.outputs()))
        made.nodes = without_views_changed(self._nodes(self._graph.nodes()))
        made.constants = self._constants
        made.shapes = [{"name": name, "dtype": "float32", "shape": None} for name in made.inputs]
        return made

    def _put_out(self, outputs: list[Any]) -> list[str]:
        names: list[str] = []
        for each in outputs:
            if each.node().kind() in {"prim::TupleConstruct", "prim::ListConstruct"}:
                names += self._put_out(list(each.node().inputs()))
            elif str(each.type()) == "Tensor":
                names.append(each.debugName())
            else:
                raise RefusedError(f"it puts out a {each.type()}, and no tensor"[:160])
        return names

    def _nodes(self, listed: Any) -> list[Node]:
        found = []
        for node in listed:
            kind = node.kind()
            if kind == "prim::Constant":
                self._constants[node.output().debugName()] = node.output().toIValue()
            elif kind == "prim::GetAttr":
                held = getattr(self._objects[node.input().debugName()], node.s("name"))
                self._objects[node.output().debugName()] = self._constants[node.output().debugName()] = held
            else:
                found.append(self._node(node, kind))
        return found

    def _node(self, node: Any, kind: str) -> Node:
        space, _, name = kind.partition("::")
        outputs = [each.debugName() for each in node.outputs()]
        arguments: list[Any] = [Name(each.debugName()) for each in node.inputs()]
        also: list[str] = []
        keywords: dict[str, Any] = {}
        if space == "aten" and name in _OF_PYTHON and not any(_is_tensor(each) for each in node.inputs()):
            function, changes = _OF_PYTHON[name], False
        elif space == "aten":
            function, changes, own = _called(node, name)
            keywords = {key: value for key, value in zip(own, arguments, strict=False) if key}
            arguments = [value for key, value in zip(own, arguments, strict=False) if not key]
        elif kind == "prim::If":
            function, also = self._branches(node)
            arguments, changes = [arguments[0], *map(Name, also)], False
            return Node("if", outputs[0] if outputs else name, function, arguments, {}, outputs, spreads=True)
        elif kind in _PRIMS:
            function, changes = _PRIMS[kind], False
        else:
            raise RefusedError(f"it calls {kind[:60]}, which is not run here")
        return Node(
            kind=name[:-1] if changes and name.endswith("_") else name,
            name=_told(node, outputs[0] if outputs else name),
            function=function,
            arguments=arguments,
            keywords=keywords,
            outputs=outputs,
            source=_source(node),
            changes=changes,
            spreads=kind in {"prim::ListUnpack", "prim::TupleUnpack"},
            also_reads=also,
        )

    def _branches(self, node: Any) -> tuple[Callable[..., list[Any]], list[str]]:
        """(a function of the condition and outer values, the names of those)."""
        branches = []
        outer: dict[str, None] = {}
        for block in node.blocks():
            nodes = without_views_changed(self._nodes(block.nodes()))
            results = [each.debugName() for each in block.outputs()]
            made = {name for each in nodes for name in each.outputs}
            read = [name for each in nodes for name in each.reads] + results
            outer.update(dict.fromkeys(name for name in read if name not in made and name not in self._constants))
            branches.append((nodes, results))
        names = list(outer)

        def decide(condition: Any, *given: Any) -> list[Any]:
            nodes, results = branches[0 if condition else 1]
            values = {**self._constants, **dict(zip(names, given, strict=True))}
            for each in nodes:
                values.update(zip(each.outputs, each.evaluate(values), strict=True))
            return [values[name] for name in results]

        return decide, names


def _called(node: Any, name: str) -> tuple[Any, bool, list[str]]:
    """(the operator, whether it writes into its first argument, the names of those arguments that go by name: empty for
    the others), by the node's own schema: an operator's overloads differ in all of that.
    """
    import torch

    try:
        schema = torch._C.parse_schema(node.schema())
    except RuntimeError:
        function = aten(name)
        return function, changes_its_input(function), [""] * len(list(node.inputs()))
    writes = any(each.alias_info is not None and each.alias_info.is_write for each in schema.arguments)
    names = [each.name if each.kwarg_only else "" for each in schema.arguments]
    try:
        return aten(name, schema.overload_name or "default"), writes, names
    except (RefusedError, AttributeError):
        return aten(name), writes, names  # operators that TorchScript alone has


def _told(node: Any, otherwise: str) -> str:
    """The module whose weights it reads: names of values are numbers."""
    for each in node.inputs():
        path: str = each.debugName().removeprefix("self.")
        if path != each.debugName() and "." in path and _is_tensor(each):
            return path.rsplit(".", 1)[0][:120]
    return otherwise[:120]


def _source(node: Any) -> str:
    found = _SOURCE.findall(str(node.sourceRange())[-20_000:])
    # What was traced and saved has lines of the archive's own code alone.
    found = [each for each in found if "__torch__" not in each[0] and "___torch_mangle" not in each[0]]
    own = [each for each in found if "/torch/" not in each[0]] or found
    return f"{own[0][0].rsplit('/', 1)[-1]}:{own[0][1]}" if own else ""


def _is_tensor(value: Any) -> bool:
    return str(value.type()) == "Tensor"


def _raise(*said: Any) -> None:
    raise RefusedError(f"the model itself refuses what it is given: {said[0] if said else ''}"[:300])


def _listed(*values: Any) -> list[Any]:
    return list(values)


_OF_PYTHON: Final[dict[str, Callable[..., Any]]] = {
    "__getitem__": operator.getitem,
    "len": len,
    "__not__": operator.not_,
    "__is__": operator.is_,
    "__isnot__": operator.is_not,
    "__and__": operator.and_,
    "__or__": operator.or_,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "remainder": operator.mod,
    "neg": operator.neg,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "Int": int,
    "Float": float,
    "Bool": bool,
    "floor": math.floor,
    "ceil": math.ceil,
    "format": lambda text, *_: text,
    "warn": lambda *_: None,
}
"""What is computed with sizes, lists and texts."""
_PRIMS: Final[dict[str, Callable[..., Any]]] = {
    "prim::ListConstruct": _listed,
    "prim::TupleConstruct": lambda *values: tuple(values),
    "prim::ListUnpack": list,
    "prim::TupleUnpack": list,
    "prim::NumToTensor": lambda value: __import__("torch").tensor(value),
    "prim::dtype": lambda value: value.dtype,
    "prim::device": lambda value: value.device,
    "prim::layout": lambda value: value.layout,
    "prim::is_cuda": lambda value: value.is_cuda,
    "prim::unchecked_cast": lambda value: value,
    "prim::annotate": lambda value: value,
    "prim::Uninitialized": lambda: None,
    "prim::RaiseException": _raise,
    "prim::min": min,
    "prim::max": max,
}
"""Operators of TorchScript itself."""

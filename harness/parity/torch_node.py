"""One operator of a PyTorch model, evaluated by itself. It runs in `torch_child`, the only place that imports torch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

FORBIDDEN: Final = {"from_file", "save", "load", "_load_for_lite_interpreter", "warn", "manual_seed", "set_"}
"""Operators of ATen that reach files, or state beyond the model."""
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,100}")
_FRAME: Final = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
_LIBRARY: Final = ("/site-packages/", "/dist-packages/", "/torch/nn/")


class RefusedError(Exception):
    """A file holds what is not run here; the text says what."""


@dataclass(frozen=True)
class Name:
    """A value that another operator made, or that the model is given."""

    text: str


@dataclass
class Node:
    """An operator and what it is given: values, names of values, and lists of both."""

    kind: str
    """`conv2d`."""
    name: str
    function: Callable[..., Any]
    arguments: list[Any]
    keywords: dict[str, Any]
    outputs: list[str]
    source: str = ""
    changes: bool = False
    """Whether it writes into its first argument."""
    spreads: bool = False
    """Whether its result is a sequence whose members are the outputs."""
    also_reads: list[str] = field(default_factory=list)

    @property
    def reads(self) -> list[str]:
        """Names of all values that it is given."""
        found: dict[str, None] = {}
        for each in [*self.arguments, *self.keywords.values()]:
            found.update(dict.fromkeys(_names(each)))
        found.update(dict.fromkeys(self.also_reads))
        return list(found)

    def evaluate(self, values: dict[str, Any]) -> list[Any]:
        """Its outputs."""
        import torch

        arguments = [_with(each, values) for each in self.arguments]
        keywords = {key: _with(each, values) for key, each in self.keywords.items()}
        if self.changes and arguments and isinstance(arguments[0], torch.Tensor):
            # Whoever reads the name of what was given means what it was before.
            arguments[0] = arguments[0].clone()
        made = self.function(*arguments, **keywords)
        if not self.outputs:
            return []
        if not self.spreads and len(self.outputs) == 1:
            return [made]
        listed = list(made)
        if len(listed) != len(self.outputs):
            raise RefusedError(f"{self.kind} makes {len(listed)} values, and {len(self.outputs)} are named")
        return listed


def aten(name: str, overload: str = "") -> Any:
    """An operator of ATen. Raises `RefusedError` for one that is not there, and for those that reach files."""
    import torch

    if not _NAME.fullmatch(name) or name in FORBIDDEN or (overload and not _NAME.fullmatch(overload)):
        raise RefusedError(f"it calls {name[:60]!r}, which is not run here")
    packet = getattr(torch.ops.aten, name, None)
    found = getattr(packet, overload, None) if packet is not None and overload else packet
    if found is None:
        raise RefusedError(f"it calls aten::{name}, which this PyTorch has not")
    return found


def without_views_changed(nodes: list[Node]) -> list[Node]:
    """The same where operators that write into what they are given are told apart from what was there before: who
    reads on reads what they put out. Raises `RefusedError` where one writes into a part or another shape of a tensor.
    """
    now: dict[str, str] = {}
    viewed: dict[str, str] = {}
    for node in nodes:
        node.arguments = [_renamed(each, now) for each in node.arguments]
        node.keywords = {key: _renamed(each, now) for key, each in node.keywords.items()}
        node.also_reads = [now.get(each, each) for each in node.also_reads]
        first = node.arguments[0] if node.arguments else None
        if node.changes and isinstance(first, Name):
            if first.text in viewed or first.text in set(viewed.values()):
                raise RefusedError(f"{node.kind}_ writes into a part of a tensor, which is not followed here")
            if node.outputs:
                now = {**{old: node.outputs[0] if new == first.text else new for old, new in now.items()}}
                now[first.text] = node.outputs[0]
        elif _is_view(node.function) and isinstance(first, Name):
            viewed.update(dict.fromkeys(node.outputs, first.text))
    return nodes


def changes_its_input(function: Any) -> bool:
    """Whether an operator writes into one of its arguments."""
    return any(
        each.alias_info is not None and each.alias_info.is_write
        for schema in _schemas(function)
        for each in schema.arguments
    )


def _is_view(function: Any) -> bool:
    return any(
        each.alias_info is not None and not each.alias_info.is_write
        for schema in _schemas(function)
        for each in schema.returns
    )


def _schemas(function: Any) -> list[Any]:
    own = getattr(function, "_schema", None)
    if own is not None:
        return [own]
    overloads = getattr(function, "overloads", None)
    found = [getattr(function, each) for each in overloads()] if callable(overloads) else []
    return [each._schema for each in found[:1]]


def source_in(trace: str) -> str:
    """`net.py:12`: the innermost line of a trace that is not PyTorch's own."""
    found = _FRAME.findall(trace[-20_000:])
    own = [each for each in found if not any(part in each[0] for part in _LIBRARY)] or found
    return f"{own[-1][0].rsplit('/', 1)[-1]}:{own[-1][1]}" if own else ""


def _names(given: Any) -> list[str]:
    if isinstance(given, Name):
        return [given.text]
    if isinstance(given, list):
        return [name for each in given for name in _names(each)]
    return []


def _with(given: Any, values: dict[str, Any]) -> Any:
    if isinstance(given, Name):
        if given.text not in values:
            raise RefusedError(f"it reads {given.text[:60]!r}, which nothing makes")
        return values[given.text]
    return [_with(each, values) for each in given] if isinstance(given, list) else given


def _renamed(given: Any, now: dict[str, str]) -> Any:
    if isinstance(given, Name):
        return Name(now.get(given.text, given.text))
    return [_renamed(each, now) for each in given] if isinstance(given, list) else given

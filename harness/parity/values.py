"""Tensors that carry the same values in several types are one value: a float, its levels, and those read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.parity.graph import Graph, Op, Piece, piece_of


@dataclass(frozen=True)
class Value:
    """What an operator puts out, together with the quantisers and casts behind it."""

    key: str
    """The name of `entry`."""
    members: tuple[str, ...]
    """Tensors in topological order."""
    entry: str
    """The tensor that stands for it: its levels where it is quantised, else the first of its members."""
    maker: Op | None
    """The operator that computes it; None for an input of the graph that nothing quantises."""


@dataclass(frozen=True)
class Values:
    """All values of a graph that depend on its inputs, in topological order."""

    graph: Graph
    listed: tuple[Value, ...]
    of_tensor: Mapping[str, Value]

    def piece(self, value: Value, given: Iterable[Value]) -> Piece:
        """What makes `value` out of those `given`."""
        stops = {
            name for each in given for name in each.members[: each.members.index(each.entry) + 1] if each is not value
        }
        return piece_of(self.graph, value.key, value.entry, stops)


def values_of(graph: Graph, seen: Iterable[str]) -> Values:
    """The values of a graph, of the tensors in `seen` (those that a runtime could show as arrays of numbers)."""
    shown = set(seen)
    first: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for name in graph.activations:
        op = graph.producer.get(name)
        head = name
        if op is not None and op.carries and op.inputs[0] in first:
            head = first[op.inputs[0]]
        first[name] = head
        members.setdefault(head, []).append(name)
    listed, of_tensor = [], {}
    for head, names in members.items():
        quantized = [name for name in names if name in graph.written and name in shown]
        there = [name for name in names if name in shown]
        if not there:
            continue
        entry = (quantized or there)[0]
        maker = graph.producer.get(head) or graph.producer.get(entry)
        value = Value(entry, tuple(names), entry, maker)
        listed.append(value)
        of_tensor.update(dict.fromkeys(names, value))
    return Values(graph, tuple(listed), of_tensor)

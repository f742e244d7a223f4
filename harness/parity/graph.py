"""A model's graph in terms that all formats share: operators, the tensors between them, and how those are quantised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Quantizer:
    """Affine quantisation of one tensor: real = (level − zero_point) · scale."""

    scale: float
    zero_point: int
    dtype: str
    """numpy dtype name of the levels."""

    def quantize(self, real: NDArray[np.generic]) -> NDArray[np.generic]:
        """Real values → levels, rounded half to even and clipped to the dtype, as both formats specify."""
        import numpy as np

        limits = np.iinfo(self.dtype)
        levels = np.rint(real.astype(np.float64) / self.scale) + self.zero_point
        levels = np.nan_to_num(levels, nan=float(self.zero_point), posinf=limits.max, neginf=limits.min)
        clipped: NDArray[np.generic] = np.clip(levels, limits.min, limits.max).astype(self.dtype)
        return clipped

    def dequantize(self, levels: NDArray[np.generic]) -> NDArray[np.float32]:
        """Levels → real values."""
        import numpy as np

        return ((levels.astype(np.float64) - self.zero_point) * self.scale).astype(np.float32)


@dataclass(frozen=True)
class Op:
    """One operator as it stands in the file, or in what a runtime made of it."""

    index: int
    """Its place in the graph's topological order."""
    kind: str
    """What its format calls it: `Conv`, `CONV_2D`."""
    family: str
    """What all formats have in common: `conv`."""
    name: str
    source: str
    """The line of code that it came from, empty where the file does not say."""
    inputs: tuple[str, ...]
    """All tensors that it reads, constants too; empty ones are left out."""
    outputs: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]
    """Shapes of its constants of two or more dimensions, as they are stored."""
    carries: bool = False
    """Whether its output holds its input's values in another type: a quantiser, a cast, an identity."""


@dataclass(frozen=True)
class Graph:
    """Operators in topological order."""

    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: frozenset[str]
    """Tensors that lie in the file."""
    written: dict[str, Quantizer] = field(default_factory=dict)
    """Tensor → how it is quantised by the operator that writes it."""
    read: dict[str, Quantizer] = field(default_factory=dict)
    """Tensor → how it is taken by those that read it; the same in a sound file."""

    @cached_property
    def producer(self) -> dict[str, Op]:
        """Tensor → the operator that writes it."""
        return {name: op for op in self.ops for name in op.outputs}

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Tensors that no input reaches: constants, and what follows from them."""
        fixed = set(self.constants)
        for op in self.ops:
            if not any(name not in fixed for name in op.inputs):
                fixed.update(op.outputs)
        return frozenset(fixed)

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Tensors that depend on an input, in topological order, the inputs first."""
        made = (name for op in self.ops for name in op.outputs if name not in self.fixed)
        return (*self.inputs, *made)


@dataclass(frozen=True)
class Piece:
    """A part of a graph: the operators that make one tensor out of others."""

    key: str
    """A name that no other piece of the same cut has."""
    ops: tuple[Op, ...]
    """Topological order; those that compute constants are among them."""
    feeds: tuple[str, ...]
    """Tensors that are given."""
    target: str


def piece_of(graph: Graph, key: str, target: str, given: Iterable[str]) -> Piece:
    """The operators between `given` and `target`. A target that is itself given is still made from the others."""
    stops = set(given) | set(graph.inputs)
    needed: set[int] = set()
    feeds: dict[str, None] = {}
    waiting = [target]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if (name in stops and name != target) or (name in graph.inputs):
            feeds[name] = None
            continue
        op = graph.producer.get(name)
        if op is not None and op.index not in needed:
            needed.add(op.index)
            waiting += op.inputs
    return Piece(key, tuple(graph.ops[place] for place in sorted(needed)), tuple(feeds), target)

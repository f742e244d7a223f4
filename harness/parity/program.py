"""A model that can be looked into while it runs, and taken apart: what alignment and proof need of any format."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array
from harness.parity.graph import Graph, Op, Piece, Quantizer

Floats = NDArray[np.float32]
Arithmetic = Literal["float32", "float16", "int8"]


@dataclass(frozen=True)
class Seen:
    """What a run showed of a tensor: the same for every input."""

    shape: tuple[int, ...]
    dtype: str


class Runs(Protocol):
    """Something that is loaded and takes arrays by tensor."""

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Arrays by tensor → arrays by tensor (of a cut: by the key of the piece)."""
        ...

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """What it will be asked for, told beforehand; what is near does not look at it."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Program(Protocol):
    """One of the two models, ready to be run and taken apart. All methods raise `EngineError`."""

    format: str
    """The name that `harness.models` has for it."""
    inputs: list[TensorInfo]
    """Names are those of tensors in the graph."""
    graph: Graph
    """What is run: for a converted build, what the runtime makes of the file."""
    how: str
    """A clause that says how it is run."""
    arithmetic: Arithmetic
    """The file's, whatever the runtime computes with: `int8` for integers of any width, `float16` for halves."""
    quantizes_as_it_runs: bool
    """Whether operators quantise what they are given themselves, by its range."""
    takes_reals: bool
    """Whether `rest` takes real numbers for tensors of levels too: what reads them then computes in floats."""
    rest_graph: Graph
    """The graph that `rest` cuts; it may write out operators that `graph` has in one."""

    def watch(self, tensors: Collection[str]) -> Runs:
        """The whole model, with these tensors as outputs."""
        ...

    def cut(self, pieces: Sequence[Piece], seen: Mapping[str, Seen], changed: Mapping[str, Array]) -> Runs:
        """All pieces beside each other, with other arrays for the constants in `changed`."""
        ...

    def rest(self, overridden: Mapping[str, str], watched: Collection[str]) -> Runs:
        """The whole model with some tensors given as real numbers of a dtype, and others put out."""
        ...

    def constant(self, name: str) -> Array | None:
        """The array of a constant."""
        ...

    def told(self, op: Op) -> Op:
        """The same operator as the file of the user has it: with its own name and source."""
        ...


def same_order(one: Program, other: Program) -> bool:
    """Whether both formats have the dimensions of planes in one order: TensorFlow Lite has channels last."""
    return (one.format == "tflite") == (other.format == "tflite")


def real(array: Array, quantizer: Quantizer | None) -> Floats:
    """Real numbers of what a runtime put out."""
    return array.astype(np.float32) if quantizer is None else quantizer.dequantize(array)


def stored(values: Array, dtype: str, quantizer: Quantizer | None) -> Array:
    """Real numbers as a tensor takes them."""
    if quantizer is not None:
        return quantizer.quantize(values)
    if np.dtype(dtype).kind in "iub" and values.dtype.kind == "f":
        limits = None if dtype == "bool" else np.iinfo(dtype)
        rounded = np.rint(values)
        return (rounded if limits is None else np.clip(rounded, limits.min, limits.max)).astype(dtype)
    return values.astype(dtype)

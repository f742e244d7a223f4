"""One whole run of a model over all inputs: what is kept of every tensor, and its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.parity.chunks import chunks
from harness.parity.engine import Array, EngineError
from harness.parity.layout import Shape
from harness.parity.program import Floats, Program, Runs, Seen, real
from harness.parity.sketch import TurnedSketch
from harness.parity.values import Values, values_of

_AT_FIRST: Final = 64
"""Tensors that are fetched together as long as their sizes are not known."""


@dataclass(frozen=True)
class Survey:
    """What was seen of a model."""

    program: Program
    runs: Runs
    """The whole model, which can put out any tensor in `seen`."""
    seen: dict[str, Seen]
    values: Values
    inputs: Sequence[Mapping[str, Array]]
    outputs: list[list[Floats]]
    """All outputs of each input, as real numbers."""

    def bytes_of(self, tensor: str) -> int:
        """Size of a tensor as it is put out."""
        each = self.seen[tensor]
        return int(np.prod(each.shape, dtype=np.int64)) * np.dtype(each.dtype).itemsize

    def real(self, tensor: str, array: Array) -> Floats:
        """Real numbers of a tensor."""
        return real(array, self.program.graph.read.get(tensor))

    def sketches(self, wanted: frozenset[Shape] = frozenset(), *, same_format: bool = True) -> dict[str, TurnedSketch]:
        """Key of a value → what is kept of it over all inputs; in the layouts of the shapes in `wanted` too."""
        made = {each.key: TurnedSketch(wanted=wanted, same_format=same_format) for each in self.values.listed}
        for feeds in self.inputs:
            for names in chunks(made, lambda key: 2 * self.bytes_of(key)):
                for name, array in self.runs(feeds, names).items():
                    made[name].add(self.real(name, array), self.seen[name].dtype)
        return made


def survey(program: Program, inputs: Sequence[Mapping[str, Array]]) -> Survey:
    """Run a model. Raises `EngineError`."""
    wanted = [name for name in program.graph.activations if name not in program.graph.inputs]
    try:
        runs = program.watch(wanted)
    except EngineError:
        # Not every tensor can be put out (sequences, optionals): its outputs at least.
        runs = program.watch(program.graph.outputs)
        wanted = list(program.graph.outputs)
    runs.expect(inputs)
    seen = {name: Seen(tuple(array.shape), array.dtype.name) for name, array in inputs[0].items()}
    for at in range(0, len(wanted), _AT_FIRST):
        for name, array in runs(inputs[0], wanted[at : at + _AT_FIRST]).items():
            seen[name] = Seen(tuple(array.shape), array.dtype.name)
    given = set(program.graph.inputs)
    tried = runs
    runs = _WithInputs(tried, given)
    graph = program.graph
    outputs = []
    for feeds in inputs:
        made = runs(feeds, list(graph.outputs))
        outputs.append([real(made[name], graph.read.get(name)) for name in graph.outputs])
    return Survey(program, runs, seen, values_of(graph, seen), inputs, outputs)


class _WithInputs:
    """Runs that hand out the inputs as well."""

    def __init__(self, runs: Runs, given: set[str]) -> None:
        self._runs, self._given = runs, given

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """By the names of tensors."""
        asked = [name for name in fetch if name not in self._given]
        made = self._runs(feeds, asked) if asked else {}
        return {**{name: feeds[name] for name in fetch if name in self._given}, **made}

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Inputs of the model."""
        self._runs.expect(feeds)

    def close(self) -> None:
        """Let it go."""
        self._runs.close()

"""A TensorFlow Lite model under LiteRT."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array, EngineError, Loaded, Opens, Optimise
from harness.parity.graph import Graph, Op, Piece
from harness.parity.program import Arithmetic, Seen
from harness.parity.tflite_graph import DAMAGE, TfliteGraph
from harness.parity.tflite_parts import cut, rest, with_outputs


class TfliteProgram:
    """The original: by the runtime's own kernels, which keep all tensors. The converted build: as LiteRT runs it, with
    its default delegate (XNNPACK), and its tensors as outputs.
    """

    def __init__(self, engine: Opens, path: Path, inputs: list[TensorInfo], *, as_shipped: bool) -> None:
        """Raises `EngineError`, and `UserError` where this Python cannot read such files."""
        self._engine, self._path = engine, path
        self.format = "tflite"
        self.inputs = inputs
        try:
            self._file = TfliteGraph(path.read_bytes())
        except ValueError as error:
            raise EngineError(str(error)) from None
        with _whole():
            self.quantizes_as_it_runs = self._file.quantizes_as_it_runs
        self.graph: Graph = self._file.graph
        self.rest_graph: Graph = self.graph
        self.takes_reals = True
        self.arithmetic: Arithmetic = (
            "int8"
            if self.graph.written or self.quantizes_as_it_runs
            else "float16"
            if self._file.holds_halves
            else "float32"
        )
        self._optimise: Optimise = "extended" if as_shipped else "none"
        self.how = (
            f"{engine.where}, with its tensors as outputs"
            if engine.is_far
            else "as LiteRT runs it, its default delegate (XNNPACK) included"
            if as_shipped
            else "without delegates, with all of its tensors kept"
        )

    def watch(self, tensors: Collection[str]) -> Numbered:
        """The whole model. The original keeps its tensors; the converted build has them as outputs, as delegates keep
        none.
        """
        shown = [name for name in tensors if self._file.dtype_of(name) is not None]
        if self._optimise == "none":
            session = self._engine.open(self._path, optimise="none", preserve=True)
            return Numbered(session, self.graph.inputs, {name: f"t{self._file.place[name]}" for name in shown})
        with _whole():
            model, places = with_outputs(self._file, shown)
        session = self._engine.open(model, optimise=self._optimise)
        return Numbered(session, self.graph.inputs, {name: str(at) for name, at in places.items()})

    def cut(self, pieces: Sequence[Piece], seen: Mapping[str, Seen], changed: Mapping[str, Array]) -> Numbered:
        """Pieces of the graph."""
        with _whole():
            model, given = cut(self._file, pieces, seen, changed)
        outputs = {piece.key: str(at) for at, piece in enumerate(pieces)}
        return Numbered(self._engine.open(model, optimise=self._optimise), given, outputs)

    def rest(self, overridden: Mapping[str, str], watched: Collection[str]) -> Rest:
        """The graph from `overridden` on; operators that read levels which are given compute in floats."""
        wanted = list(dict.fromkeys([*(watched or self.graph.outputs)]))
        with _whole():
            model, given, made = rest(self._file, overridden, wanted)
        session = self._engine.open(model, optimise=self._optimise) if made else None
        outputs = {name: str(at) for at, name in enumerate(made)}
        return Rest(None if session is None else Numbered(session, given, outputs), given)

    def constant(self, name: str) -> Array | None:
        """The array of a constant as it lies in the file."""
        return self._file.stored_constant(self._file.place[name])

    def told(self, op: Op) -> Op:
        """The same: what is run is the file's graph."""
        return op


@contextmanager
def _whole() -> Iterator[None]:
    """What a damaged graph ends in, as an `EngineError`."""
    try:
        yield
    except DAMAGE as error:
        raise EngineError(f"its graph is damaged: {type(error).__name__}") from None


class Numbered:
    """A model whose inputs and outputs go by their places."""

    def __init__(self, session: Loaded, inputs: Sequence[str], outputs: Mapping[str, str]) -> None:
        self._session, self._inputs, self._outputs = session, list(inputs), dict(outputs)

    def _given(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        return {str(at): np.ascontiguousarray(feeds[name]) for at, name in enumerate(self._inputs)}

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """By the names that they have here."""
        self._session.expect(self._given(each) for each in feeds)

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """By the names that they have here."""
        known = [name for name in fetch if name in self._outputs]
        made = self._session.run(self._given(feeds), [self._outputs[name] for name in known])
        return {name: made[self._outputs[name]] for name in known if self._outputs[name] in made}

    def close(self) -> None:
        """Let it go."""
        self._session.close()


class Rest:
    """What is behind tensors that are given as real numbers. Those that are asked for and given are handed out."""

    def __init__(self, runs: Numbered | None, given: Sequence[str]) -> None:
        self._runs, self._given = runs, list(given)

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Inputs and overridden tensors."""
        if self._runs is not None:
            self._runs.expect(feeds)

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Inputs and overridden tensors → what is asked for."""
        computed = [name for name in fetch if name not in feeds]
        made = self._runs({name: feeds[name] for name in self._given}, computed) if self._runs and computed else {}
        return {name: feeds[name] if name in feeds else made[name] for name in fetch}

    def close(self) -> None:
        """Let it go."""
        if self._runs is not None:
            self._runs.close()

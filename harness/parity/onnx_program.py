"""An ONNX model under ONNX Runtime."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array, EngineError, Loaded, Opens, Optimise
from harness.parity.graph import Graph, Op, Piece
from harness.parity.onnx_graph import FED, OnnxGraph
from harness.parity.onnx_unfold import unfold
from harness.parity.program import Arithmetic, Seen
from harness.parity.values import values_of

_DYNAMIC: Final = {"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "DynamicQuantizeLSTM"}
"""Operators that quantise what they are given by its range."""


class OnnxProgram:
    """The original: as it is in its file, without graph optimisation, so that all of its tensors are there. The
    converted build: as ONNX Runtime optimises it, and taken apart after that.
    """

    def __init__(
        self, engine: Opens, path: Path, inputs: list[TensorInfo], *, as_shipped: bool, provider: str | None = None
    ) -> None:
        import onnx

        self._engine, self._provider = engine, provider
        self.format = "onnx"
        self.inputs = inputs
        self._file = OnnxGraph(onnx.load(path, load_external_data=False))
        self.how = "without graph optimisation, so that all of its tensors can be seen"
        self._run = self._file
        if as_shipped and engine.is_far:
            self.how = f"{engine.where}, with its tensors as outputs, which may keep the runtime from fusing operators"
        elif as_shipped:
            self._run, self.how = self._optimised(path)
        self.graph: Graph = self._run.graph
        # Levels cannot be given as real numbers in fused integer kernels; what is in floats goes on in what is run.
        self._rest = OnnxGraph(unfold(self._file.proto)) if self.graph.written else self._run
        self.rest_graph: Graph = self._rest.graph
        self.takes_reals = False
        self.quantizes_as_it_runs = any(op.kind in _DYNAMIC for op in self.graph.ops)
        self.arithmetic: Arithmetic = (
            "int8" if _has_integers(self.graph) else "float16" if self._file.holds_halves else "float32"
        )
        self._by_output = {name: op for op in self._file.graph.ops for name in op.outputs}
        self._by_name = {op.name: op for op in self._file.graph.ops if op.name}

    def _optimised(self, path: Path) -> tuple[OnnxGraph, str]:
        import onnx

        dump = self._engine.folder / "optimised.onnx"
        try:
            self._engine.open(path, optimise="extended", dump=dump, provider=self._provider).close()
            made = OnnxGraph(onnx.load(dump, load_external_data=False))
        except (EngineError, OSError) as error:
            if isinstance(error, EngineError) and not dump.exists():
                # Where it does not even load with optimisation off, that is said by the next step.
                self._engine.open(path, optimise="none", provider=self._provider).close()
            return self._file, "without graph optimisation: the optimised graph cannot be written down"
        finally:
            dump.unlink(missing_ok=True)
        if {each.name for each in made.proto.graph.output} != set(self._file.graph.outputs):
            return self._file, "without graph optimisation: the optimised graph has other outputs"
        return made, "as ONNX Runtime optimises it (level extended)"

    def watch(self, tensors: Collection[str]) -> Watched:
        """The graph that is run, with these tensors as outputs."""
        model = self._run.with_outputs(self._telling(tensors) if self._engine.is_far else tensors)
        return Watched(self._engine.open(model, optimise="none", provider=self._provider))

    def _telling(self, tensors: Collection[str]) -> list[str]:
        """Of tensors that hold the same, the one that stands for it, and those that are read beside it: a float that a
        quantiser alone reads would keep the runtime from computing in levels.
        """
        values = values_of(self.graph, self.graph.activations)
        readers = {name: [op for op in self.graph.ops if name in op.inputs] for name in tensors}
        return [
            name
            for name in tensors
            if name not in values.of_tensor
            or name == values.of_tensor[name].entry
            or (
                name
                in values.of_tensor[name].members[: values.of_tensor[name].members.index(values.of_tensor[name].entry)]
                and any(not op.carries for op in readers[name])
            )
        ]

    def cut(self, pieces: Sequence[Piece], seen: Mapping[str, Seen], changed: Mapping[str, Array]) -> Cut:
        """Pieces of the graph that is run."""
        dtypes = {name: each.dtype for name, each in seen.items()}
        model = self._run.cut(pieces, dtypes, changed)
        return Cut(self._engine.open(model, optimise="none", provider=self._provider), pieces)

    def rest(self, overridden: Mapping[str, str], watched: Collection[str]) -> Rest:
        """The graph that is run from `overridden` on; with levels, the file's, optimised as a whole."""
        model = self._rest.rest(overridden, overridden, watched)
        optimise: Optimise = "none" if self._rest is self._run else "extended"
        session = self._engine.open(model, optimise=optimise, provider=self._provider)
        return Rest(session, self.graph.outputs)

    def constant(self, name: str) -> Array | None:
        """The array of a constant of the graph that is run."""
        return self._run.constant(name)

    def told(self, op: Op) -> Op:
        """By the name, or what it puts out."""
        found = self._by_name.get(op.name)
        for name in op.outputs if found is None else ():
            found = found or self._by_output.get(name)
        return found or op


def _has_integers(graph: Graph) -> bool:
    return bool(graph.written) or any(
        (op.carries and op.kind.startswith("Deq")) or "Integer" in op.kind or op.kind in _DYNAMIC | {"MatMulNBits"}
        for op in graph.ops
    )


class Watched:
    """A whole model with more outputs."""

    def __init__(self, session: Loaded) -> None:
        self._session = session

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """By the names of tensors."""
        self._session.expect(feeds)

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """By the names of tensors."""
        return self._session.run(feeds, fetch)

    def close(self) -> None:
        """Let it go."""
        self._session.close()


class Cut:
    """Pieces beside each other."""

    def __init__(self, session: Loaded, pieces: Sequence[Piece]) -> None:
        self._session = session
        self._outputs = {piece.key: f"{piece.key}/{piece.target}" for piece in pieces}

    def _given(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        known = set(self._session.inputs)
        return {FED + name: array for name, array in feeds.items() if FED + name in known}

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Arrays by the tensors that are given."""
        self._session.expect(self._given(each) for each in feeds)

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Arrays by the tensors that are given → arrays by the pieces' keys."""
        made = self._session.run(
            self._given(feeds),
            [self._outputs[key] for key in fetch],
        )
        return {key: made[self._outputs[key]] for key in fetch if self._outputs[key] in made}

    def close(self) -> None:
        """Let it go."""
        self._session.close()


class Rest:
    """A whole model, some of whose tensors are given."""

    def __init__(self, session: Loaded, outputs: Sequence[str]) -> None:
        self._session = session
        self._handed = dict(zip(outputs, session.outputs, strict=False))

    def _given(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        known = set(self._session.inputs)
        given: dict[str, Any] = {}
        for name, array in feeds.items():
            if FED + name in known:
                given[FED + name] = array
            elif name in known:
                given[name] = array
        return given

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Its inputs and overridden tensors."""
        self._session.expect(self._given(each) for each in feeds)

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Its inputs and overridden tensors → outputs and watched tensors, by their names in the file."""
        names = [self._handed.get(name, name) for name in fetch]
        made = self._session.run(self._given(feeds), names) if names else {}
        return {name: made[handed] for name, handed in zip(fetch, names, strict=True) if handed in made}

    def close(self) -> None:
        """Let it go."""
        self._session.close()

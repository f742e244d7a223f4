"""A PyTorch model, run operator by operator in a process of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array, Engine, EngineError
from harness.parity.families import family_of
from harness.parity.graph import Graph, Op, Piece, piece_of
from harness.parity.program import Arithmetic, Seen

SUFFIXES: Final = (".pt2", ".pt", ".pth", ".ts")
_CARRIERS: Final = {
    "alias", "clone", "contiguous", "detach", "dropout", "feature_dropout", "lift_fresh_copy", "to", "_to_copy",
    "type_as", "float", "unchecked_cast", "annotate",
}  # fmt: skip
"""Operators that put out their input's values: dropout does where nothing is trained."""


class TorchProgram:
    """The original: each operator of its graph by ATen, one after the other."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Raises `EngineError`."""
        self._engine, self._key = engine, "model"
        told = engine.ask(do="open", key=self._key, path=str(path.resolve()))
        self.format = "torch"
        self.infos: list[dict[str, Any]] = told["infos"]
        """Name, dtype and shape of each input, as far as the file says."""
        self.inputs: list[TensorInfo] = []
        self.graph = _graph(told)
        self.rest_graph: Graph = self.graph
        self.how = "operator by operator in PyTorch"
        self.arithmetic: Arithmetic = "float16" if told["halves"] else "float32"
        self.quantizes_as_it_runs = False
        self.takes_reals = False

    def described(self, path: Path, wanted: Sequence[TensorInfo]) -> ModelFile:
        """What the file says of itself. TorchScript says nothing of shapes: those of `wanted` stand for them."""
        content = path.read_bytes()
        if len(self.infos) != len(wanted):
            raise EngineError(f"it takes {len(self.infos)} inputs, and the converted build {len(wanted)}")
        self.inputs = [
            other.model_copy(update={"name": held["name"], "scale": None, "zero_point": None})
            if held["shape"] is None
            else TensorInfo(name=held["name"], dtype=held["dtype"], shape=held["shape"])
            for held, other in zip(self.infos, wanted, strict=True)
        ]
        outputs = [TensorInfo(name=name, dtype="float32", shape=[]) for name in self.graph.outputs]
        digest = hashlib.sha256(content).hexdigest()
        return ModelFile(path, "torch", digest, len(content), self.inputs, outputs)

    def watch(self, tensors: Collection[str]) -> Evaluated:
        """All of it, with any of its values."""
        del tensors
        return Evaluated(self._engine, self._key, None)

    def cut(self, pieces: Sequence[Piece], seen: Mapping[str, Seen], changed: Mapping[str, Array]) -> Pieces:
        """Pieces, one after the other."""
        del seen
        return Pieces(self._engine, self._key, pieces, changed)

    def rest(self, overridden: Mapping[str, str], watched: Collection[str]) -> Evaluated:
        """What is behind tensors that are given."""
        wanted = [name for name in (watched or self.graph.outputs) if name not in overridden]
        needed = {op.index for name in wanted for op in piece_of(self.graph, name, name, overridden).ops}
        return Evaluated(self._engine, self._key, sorted(needed))

    def constant(self, name: str) -> Array | None:
        """The array of a constant."""
        answer = self._engine.ask(do="constant", key=self._key, name=name)
        return self._engine.made(answer["made"]).get(name)

    def told(self, op: Op) -> Op:
        """The same."""
        return op


class Evaluated:
    """Operators that are evaluated together."""

    def __init__(self, engine: Engine, key: str, ops: list[int] | None) -> None:
        self._engine, self._key, self._ops = engine, key, ops

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Values by name."""
        self._engine.give(feeds)
        answer = self._engine.ask(do="run", key=self._key, ops=self._ops, feeds=list(feeds), fetch=list(fetch))
        return self._engine.made(answer["made"])

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Nothing: it is asked when it is asked."""

    def close(self) -> None:
        """Nothing is held."""


class Pieces:
    """Parts that are evaluated each by itself, with other arrays for constants."""

    def __init__(self, engine: Engine, key: str, pieces: Sequence[Piece], changed: Mapping[str, Array]) -> None:
        self._pieces = {piece.key: piece for piece in pieces}
        self._changed = dict(changed)
        self._runs = {
            piece.key: Evaluated(engine, key, [op.index for op in piece.ops]) for piece in self._pieces.values()
        }

    def __call__(self, feeds: Mapping[str, Array], fetch: Sequence[str]) -> dict[str, Array]:
        """Arrays by the tensors that are given → arrays by the pieces' keys."""
        found: dict[str, Array] = {}
        for key in fetch:
            piece = self._pieces[key]
            given = {name: feeds[name] for name in piece.feeds if name != piece.target or not piece.ops}
            read = {name for op in piece.ops for name in op.inputs}
            changed = {name: array for name, array in self._changed.items() if name in read}
            made = self._runs[key]({**given, **changed}, [piece.target])
            if piece.target in made:
                found[key] = made[piece.target]
        return found

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Nothing: it is asked when it is asked."""

    def close(self) -> None:
        """Nothing is held."""


def _graph(told: dict[str, Any]) -> Graph:
    shapes = {name: tuple(shape) for name, shape in told["constants"].items()}
    ops = []
    behind = dict(shapes)
    for place, each in enumerate(told["ops"]):
        carries = each["kind"] in _CARRIERS and len(each["outputs"]) == 1
        if each["inputs"] and each["inputs"][0] in behind:
            # A matrix that is turned before it is used is still the layer's.
            behind.update(dict.fromkeys(each["outputs"], behind[each["inputs"][0]]))
        ops.append(
            Op(
                index=place,
                kind=each["kind"],
                family=family_of(each["kind"]),
                name=each["name"],
                source=each["source"],
                inputs=tuple(each["inputs"]),
                outputs=tuple(each["outputs"]),
                weights=tuple(behind[name] for name in each["inputs"] if len(behind.get(name, ())) >= 2),
                carries=carries,
            )
        )
    return Graph(tuple(ops), tuple(told["inputs"]), tuple(told["outputs"]), frozenset(shapes))

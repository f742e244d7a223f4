"""Parts of a TensorFlow Lite model as models of their own."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np

from harness.parity.graph import Op, Piece, piece_of
from harness.parity.program import Seen
from harness.parity.tflite_graph import TfliteGraph

_IDENTIFIER: Final = b"TFL3"
DEQUANTIZE: Final = 6
QUANTIZE: Final = 114
MOVING: Final = {"reshape", "transpose", "depth_to_space", "space_to_depth", "maxpool"}
"""Families of operators that put out their input's levels."""


class Part:
    """A model that is put together from tensors and operators of another one."""

    def __init__(self, of: TfliteGraph) -> None:
        self._of, self._schema = of, of.schema
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._made: dict[str, int] = {}
        self._codes: list[Any] = list(of.model.operatorCodes)
        # Bodies of loops and branches keep their places, and the constants that they read theirs.
        self._whole = len(of.model.subgraphs) > 1
        self._buffers: list[Any] = list(of.model.buffers) if self._whole else [self._schema.BufferT()]
        self._moved: dict[int, int] = {}
        self._added: dict[int, int] = {}

    def tensor(self, name: str, key: str, *, shape: Iterable[int] | None = None) -> int:
        """The place of a copy of a tensor; the same for the same key."""
        if key not in self._made:
            original = self._of.subgraph.tensors[self._of.place[name]]
            made = copy.copy(original)
            made.buffer = self._buffer(original.buffer)
            made.shapeSignature = None
            made.name = key.encode()
            if shape is not None:
                made.shape = [int(size) for size in shape]
            self._made[key] = self._add(made)
        return self._made[key]

    def reals(self, key: str, like: str, values: np.ndarray[Any, Any] | None = None) -> int:
        """The place of a tensor of 32-bit floats in the shape of another, with these values where it is a constant."""
        if key not in self._made:
            made = self._schema.TensorT()
            held = self._of.subgraph.tensors[self._of.place[like]].shape if values is None else values.shape
            made.shape = [] if held is None else [int(size) for size in held]
            made.hasRank = True
            made.type = self._schema.TensorType.FLOAT32
            made.name = key.encode()
            if values is not None:
                made.buffer = self._store(np.ascontiguousarray(values, np.float32))
            self._made[key] = self._add(made)
        return self._made[key]

    def constant(self, name: str, changed: Mapping[str, np.ndarray[Any, Any]]) -> int:
        """The place of a constant, with other values where there are any."""
        key, place = f"constant/{name}", len(self._tensors)
        if key in self._made:
            return self._made[key]
        place = self.tensor(name, key)
        if name in changed:
            self._tensors[place].buffer = self._store(np.ascontiguousarray(changed[name]))
        return place

    def operator(self, index: int, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """A copy of an operator that reads and writes other tensors."""
        original = self._of.operators[index]
        made = copy.copy(original)
        names = self._of.names
        made.inputs = [inputs[names[place]] if place >= 0 else -1 for place in map(int, original.inputs)]
        made.outputs = [outputs[names[place]] for place in map(int, original.outputs)]
        self._operators.append(made)

    def turn(self, number: int, given: int, made: int) -> None:
        """An operator from levels to real numbers (`DEQUANTIZE`) or back (`QUANTIZE`)."""
        if number not in self._added:
            code = self._schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = number
            self._added[number] = len(self._codes)
            self._codes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._added[number], [given], [made]
        self._operators.append(operator)

    def written(self, inputs: Iterable[int], outputs: Iterable[int]) -> bytes:
        """The file."""
        import flatbuffers

        graph = self._schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        graph.name = b"part"
        model = self._schema.ModelT()
        model.version = self._of.model.version
        model.operatorCodes = self._codes
        model.subgraphs = [graph, *self._of.model.subgraphs[1:]]
        model.buffers = self._buffers
        model.description = b"part"
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
        return bytes(builder.Output())

    def _add(self, tensor: Any) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _buffer(self, number: int) -> int:
        if self._whole or number == 0:
            return number
        if number not in self._moved:
            self._moved[number] = len(self._buffers)
            self._buffers.append(self._of.model.buffers[number])
        return self._moved[number]

    def _store(self, values: np.ndarray[Any, Any]) -> int:
        held = self._schema.BufferT()
        held.data = np.frombuffer(values.tobytes(), np.uint8)
        self._buffers.append(held)
        return len(self._buffers) - 1


def with_outputs(of: TfliteGraph, names: Iterable[str]) -> tuple[bytes, dict[str, int]]:
    """The whole model that puts out these tensors too, and at which place it puts out which."""
    part = Part(of)
    places = {name: _whole(part, of, name) for name in of.names}
    for op in of.graph.ops:
        part.operator(op.index, places, places)
    outputs = list(dict.fromkeys([*of.graph.outputs, *names]))
    file = part.written([places[name] for name in of.graph.inputs], [places[name] for name in outputs])
    return file, {name: at for at, name in enumerate(outputs)}


def _whole(part: Part, of: TfliteGraph, name: str) -> int:
    return part.constant(name, {}) if name in of.graph.constants else part.tensor(name, f"made/{name}")


def cut(
    of: TfliteGraph, pieces: Iterable[Piece], seen: Mapping[str, Seen], changed: Mapping[str, np.ndarray[Any, Any]]
) -> tuple[bytes, list[str]]:
    """One model of all pieces, and the tensors that it is given, in order. It puts out each piece's target, in order.
    `changed` holds other arrays for constants.
    """
    part, fed, outputs = Part(of), dict[str, int](), []
    for piece in pieces:
        for name in piece.feeds:
            fed[name] = part.tensor(name, f"fed/{name}", shape=seen[name].shape)
        made = {
            name: part.tensor(name, f"{piece.key}/{name}", shape=seen[name].shape if name in seen else None)
            for op in piece.ops
            for name in op.outputs
        }
        # A target that is also given (to a loop's other pieces) is made here from its inputs.
        reads = {**made, **{name: fed[name] for name in piece.feeds if name != piece.target}}
        for op in piece.ops:
            constants = {name: part.constant(name, changed) for name in op.inputs if name in of.graph.constants}
            part.operator(op.index, {**constants, **reads}, made)
        outputs.append(made[piece.target] if piece.target in made else fed[piece.target])
    return part.written(fed.values(), outputs), list(fed)


def rest(of: TfliteGraph, overridden: Collection[str], wanted: Collection[str]) -> tuple[bytes, list[str], list[str]]:
    """What makes `wanted` where some tensors are given as real numbers: the model, the tensors that it is given, and
    those of `wanted` that it makes, in order.

    Where levels are given as real numbers, the operators that read them compute in floats, with their weights' levels
    read back, and their outputs are quantised again as they are in the file. All others stay what they are.
    """
    made = _Rest(of, overridden)
    outputs = [name for name in wanted if name not in overridden and name not in of.graph.inputs]
    needed = {op.index: op for name in outputs for op in piece_of(of.graph, name, name, overridden).ops}
    for index in sorted(needed):
        made.add(needed[index])
    return made.part.written(made.given.values(), [made.place(name) for name in outputs]), list(made.given), outputs


class _Rest:
    """The operators behind tensors that are given, one after the other."""

    def __init__(self, of: TfliteGraph, overridden: Collection[str]) -> None:
        self.part, self._of, self._graph = Part(of), of, of.graph
        self.given: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        """Tensor → its place, in the element type that it has in the file."""
        self._reals: dict[str, int] = {}
        """Tensor of levels → the place of its real numbers."""
        self._read: dict[str, int] = {}
        """Tensor of levels → the place of the real numbers that were read back of them."""
        self._overridden = set(overridden)

    def place(self, name: str) -> int:
        """Where a tensor is that was made, as real numbers where it has only these."""
        return self._stored[name] if name in self._stored else self._reals[name]

    def add(self, op: Op) -> None:
        """One more operator."""
        for name in op.inputs:
            self._give(name)
        if op.kind == "DEQUANTIZE" and op.inputs[0] in self._reals:
            self._stored[op.outputs[0]] = self._reals[op.inputs[0]]
        elif set(op.inputs) & set(self._reals):
            self._in_floats(op)
        else:
            self._stored.update({name: self.part.tensor(name, f"made/{name}") for name in op.outputs})
            constants = {name: self.part.constant(name, {}) for name in op.inputs if name in self._graph.constants}
            self.part.operator(op.index, {**constants, **self._stored}, self._stored)

    def _give(self, name: str) -> None:
        if name in self.given or not (name in self._overridden or name in self._graph.inputs):
            return
        if name in self._overridden and name in self._graph.written:
            self.given[name] = self._reals[name] = self.part.reals(f"real/{name}", name)
        else:
            self.given[name] = self._stored[name] = self.part.tensor(name, f"given/{name}")

    def _in_floats(self, op: Op) -> None:
        inputs = {name: self._read_back(name) for name in op.inputs}
        if op.kind == "QUANTIZE":
            made = self._stored[op.outputs[0]] = self.part.tensor(op.outputs[0], f"made/{op.outputs[0]}")
            self.part.turn(QUANTIZE, inputs[op.inputs[0]], made)
            return
        outputs: dict[str, int] = {}
        for name in op.outputs:
            quantizer = self._graph.written.get(name)
            if quantizer is None:
                outputs[name] = self._stored[name] = self.part.tensor(name, f"made/{name}")
                continue
            outputs[name] = self.part.reals(f"computed/{name}", name)
            if op.family in MOVING and self._graph.written.get(op.inputs[0]) == quantizer:
                # The same levels in other places: a range that cuts would only cut again.
                self._reals[name] = outputs[name]
        self.part.operator(op.index, inputs, outputs)
        for name in op.outputs:
            if name in self._graph.written and name not in self._reals:
                self._stored[name] = self.part.tensor(name, f"made/{name}")
                self.part.turn(QUANTIZE, outputs[name], self._stored[name])

    def _read_back(self, name: str) -> int:
        """The place of a tensor's real numbers; of the tensor itself where it holds no levels."""
        if name in self._reals:
            return self._reals[name]
        if name in self._graph.constants:
            values = self._of.real_constant(self._of.place[name])
            is_of_levels = values is not None and self._of.dtype_of(name) not in {"float32", values.dtype.name}
            return self.part.reals(f"reals/{name}", name, values) if is_of_levels else self.part.constant(name, {})
        if name in self._graph.written:
            if name not in self._read:
                self._read[name] = self.part.reals(f"read/{name}", name)
                self.part.turn(DEQUANTIZE, self._stored[name], self._read[name])
            return self._read[name]
        return self._stored[name]

"""The own error of each layer beside what it inherits.

A layer is what lies between aligned tensors. The converted layer and the original's are both given the original's
values, as the converted build can hold them: what then differs is the layer's own. The original's layer, given what
the converted build had computed up to there, shows what is inherited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.parity.align import Pair
from harness.parity.chunks import chunks
from harness.parity.engine import Array
from harness.parity.graph import Op, Piece, Quantizer
from harness.parity.program import Floats, same_order, stored
from harness.parity.sketch import Sketch, TurnedSketch
from harness.parity.survey import Survey

_AT_ONCE: Final = 1 << 16
MOST: Final = 1e6
"""The largest relative error energy that is told: 60 dB more error than signal, or values that are not finite."""


@dataclass
class Layer:
    """One layer of the converted build and its errors: of each input, energy of the error over that of the signal."""

    pair: Pair
    ops: tuple[Op, ...]
    """The converted layer's operators, without those that compute constants."""
    original_ops: tuple[Op, ...]
    own: list[float] = field(default_factory=list)
    inherited: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    """The whole error, when both models run as a whole."""
    activations: list[float] = field(default_factory=list)
    """The part of the own error that quantising the output alone makes."""
    plain: list[float] = field(default_factory=list)
    """The own error that quantising weights and output to 8 bits from minimum to maximum would make."""

    @property
    def main(self) -> Op | None:
        """The operator that the layer is named after: the first with weights, else the one that computes."""
        found = next((op for op in self.ops if op.weights and not op.carries), None)
        found = found or next((op for op in self.ops if not op.carries), None)
        return found or (self.ops[0] if self.ops else None)


class Bench:
    """Both models cut at their aligned tensors."""

    def __init__(self, original: Survey, converted: Survey, pairs: Sequence[Pair]) -> None:
        self.original, self.converted, self.pairs = original, converted, list(pairs)
        self.same_format = same_order(original.program, converted.program)
        self._by_converted = {pair.converted.key: pair for pair in pairs}
        self._given = [pair.converted for pair in pairs]
        self._originals = list({pair.original.key: pair.original for pair in pairs}.values())

    def pair_of(self, tensor: str) -> Pair | None:
        """The pair that a converted tensor belongs to."""
        value = self.converted.values.of_tensor.get(tensor)
        return None if value is None else self._by_converted.get(value.key)

    def feed(self, tensor: str, references: Mapping[str, Floats], inputs: Mapping[str, Array]) -> Array:
        """What a converted tensor holds where the original's values stand in it."""
        if tensor in inputs:
            return inputs[tensor]
        pair, seen = self.pair_of(tensor), self.converted.seen[tensor]
        assert pair is not None
        values = pair.layout.to_converted(references[pair.original.key], seen.shape).astype(np.float32)
        return stored(values, seen.dtype, self.converted.program.graph.written.get(tensor))

    def hat(self, tensor: str, array: Array) -> Floats:
        """The same back in the original's layout."""
        pair = self.pair_of(tensor)
        assert pair is not None
        shape = self.original.seen[pair.original.key].shape
        return pair.layout.to_original(self.converted.real(tensor, array), shape).astype(np.float32)

    def outputs(self, made: Sequence[Floats], wanted: Sequence[Floats]) -> list[Floats]:
        """Outputs of the converted build in the layout that the original's have."""
        pairs = [self.pair_of(name) for name in self.converted.program.graph.outputs]
        return [
            ours.reshape(theirs.shape)
            if pair is None
            else pair.layout.to_original(ours, theirs.shape).astype(np.float32)
            for ours, theirs, pair in zip(made, wanted, pairs, strict=True)
        ]

    def piece(self, number: int, pair: Pair) -> tuple[Piece, Piece]:
        """(the converted layer, the original's)."""
        left = self.converted.values.piece(pair.converted, self._given)
        right = self.original.values.piece(pair.original, self._originals)
        return (
            Piece(f"p{number}", left.ops, left.feeds, left.target),
            Piece(f"p{number}", right.ops, right.feeds, right.target),
        )

    def forced(self, wanted: frozenset[tuple[int, ...]]) -> dict[str, TurnedSketch]:
        """Every value of the converted build, computed from the original's values at the aligned tensors before it."""
        made = {
            each.key: TurnedSketch(wanted=wanted, same_format=self.same_format) for each in self.converted.values.listed
        }
        values = [each for each in self.converted.values.listed if each.maker is not None]
        pieces = [
            Piece(f"p{number}", piece.ops, piece.feeds, piece.target)
            for number, piece in enumerate(self.converted.values.piece(each, self._given) for each in values)
        ]
        for chunk in chunks(pieces, self._bytes_of):
            runs = self.converted.program.cut(chunk, self.converted.seen, {})
            needed = list(dict.fromkeys(name for piece in chunk for name in piece.feeds))
            runs.expect(self._fed(needed))
            for feeds in self._fed(needed):
                for key, array in runs(feeds, [piece.key for piece in chunk]).items():
                    target = next(piece.target for piece in chunk if piece.key == key)
                    made[target].add(self.converted.real(target, array), self.converted.seen[target].dtype)
            runs.close()
        return {name: sketch for name, sketch in made.items() if sketch.drawn}

    def _fed(self, needed: Sequence[str]) -> Iterator[dict[str, Array]]:
        """For each input, what these converted tensors hold where the original's values stand in them."""
        for inputs, originals in zip(self.converted.inputs, self.original.inputs, strict=True):
            references = self._references(originals, needed)
            yield {name: self.feed(name, references, inputs) for name in needed}

    def _bytes_of(self, piece: Piece) -> int:
        """What a layer's tensors and constants take, in both models together, roughly."""
        return 4 * sum(self.converted.bytes_of(name) for name in [*piece.feeds, piece.target])

    def _references(
        self, originals: Mapping[str, Array], needed: Sequence[str], others: Sequence[str] = ()
    ) -> dict[str, Floats]:
        """What the original holds where these converted tensors are, and in `others` of its own."""
        pairs = [self.pair_of(name) for name in needed]
        keys = list(dict.fromkeys([*(pair.original.key for pair in pairs if pair is not None), *others]))
        made = self.original.runs(originals, keys)
        return {key: self.original.real(key, array) for key, array in made.items()}

    def layers(self, sketches: Mapping[str, Sketch], *, quantized: bool, dynamic: bool) -> list[Layer]:
        """All layers with their errors, in the converted build's order."""
        both = [(pair, *self.piece(number, pair)) for number, pair in enumerate(self.pairs)]
        both = [each for each in both if each[1].ops]
        layers = []
        for chunk in chunks(both, lambda each: self._bytes_of(each[1])):
            layers += self._measured(chunk, sketches, quantized=quantized, dynamic=dynamic)
        return layers

    def _measured(
        self,
        chunk: Sequence[tuple[Pair, Piece, Piece]],
        sketches: Mapping[str, Sketch],
        *,
        quantized: bool,
        dynamic: bool,
    ) -> list[Layer]:
        layers = [
            Layer(pair, _computing(left, self.converted), _computing(right, self.original))
            for pair, left, right in chunk
        ]
        rights = [right for pair, left, right in chunk if right.ops and not self._is_copy(pair, left)]
        converted = self.converted.program.cut([left for _, left, _ in chunk], self.converted.seen, {})
        original = self.original.program.cut(rights, self.original.seen, {}) if rights else None
        changed = self._plain_weights(rights) if quantized else {}
        coarse = self.original.program.cut(rights, self.original.seen, changed) if changed else None
        feeds_of = list(dict.fromkeys(name for _, left, _ in chunk for name in left.feeds))
        targets = [left.target for _, left, _ in chunk]
        reads = list(dict.fromkeys(name for right in rights for name in right.feeds))
        converted.expect(self._fed(feeds_of))
        for inputs, originals in zip(self.converted.inputs, self.original.inputs, strict=True):
            keys = list(dict.fromkeys([*(pair.original.key for pair, _, _ in chunk), *reads]))
            references = self._references(originals, feeds_of, keys)
            whole = self.converted.runs(inputs, list(dict.fromkeys([*feeds_of, *targets])))
            feeds = {name: self.feed(name, references, inputs) for name in feeds_of}
            hats = {name: self.hat(name, feeds[name]) for name in feeds_of}
            given = self._originals_of(reads, hats, references)
            arrived = self._originals_of(reads, {name: self.hat(name, whole[name]) for name in feeds_of}, references)
            made = converted(feeds, [left.key for _, left, _ in chunk])
            right_keys = [right.key for right in rights]
            true = original(given, right_keys) if original else {}
            passed = original(arrived, right_keys) if original else {}
            rough = coarse(self._rough(given, sketches) if dynamic else given, right_keys) if coarse else {}
            for layer, (pair, left, right) in zip(layers, chunk, strict=True):
                shape = self.original.seen[pair.original.key].shape
                reference = references[pair.original.key]
                if right.key in true:
                    wanted = self.original.real(right.target, true[right.key])
                    inherited = self.original.real(right.target, passed[right.key])
                else:
                    source = next(name for name in left.feeds if self.feeds_copy(pair, name))
                    wanted, inherited = hats[source], self.hat(source, whole[source])
                mine = pair.layout.to_original(self.converted.real(left.target, made[left.key]), shape)
                layer.own.append(relative(mine, wanted))
                layer.inherited.append(relative(inherited, reference))
                layer.arrived.append(relative(self.hat(left.target, whole[left.target]), reference))
                held = self.hat(left.target, self.feed(left.target, {pair.original.key: wanted}, {}))
                layer.activations.append(relative(held, wanted))
                plain = relative(self._plainly_held(wanted, left.target, sketches[pair.original.key]), wanted)
                if right.key in rough:
                    plain += relative(self.original.real(right.target, rough[right.key]), wanted)
                layer.plain.append(plain)
        for runs in (converted, original, coarse):
            if runs is not None:
                runs.close()
        return layers

    def feeds_copy(self, pair: Pair, name: str) -> bool:
        """Whether a tensor that a layer is given already stands for the original's that it makes."""
        fed = self.pair_of(name)
        return fed is not None and fed.original.key == pair.original.key

    def _is_copy(self, pair: Pair, left: Piece) -> bool:
        """Whether the layer only quantises or turns what it is given: the original has nothing in its place."""
        return any(self.feeds_copy(pair, name) for name in left.feeds)

    def _originals_of(
        self, reads: Sequence[str], hats: Mapping[str, Floats], references: Mapping[str, Floats]
    ) -> dict[str, Array]:
        """What the original's layers are given: the values that the converted ones hold, where those hold them."""
        held: dict[str, Floats] = {}
        written = self.converted.program.graph.written
        for name, values in hats.items():
            pair = self.pair_of(name)
            if pair is not None and (pair.original.key not in held or name in written):
                held[pair.original.key] = values
        found: dict[str, Array] = {}
        for name in reads:
            value = self.original.values.of_tensor[name]
            given = held.get(value.key, references.get(name))
            assert given is not None
            quantizer = self.original.program.graph.written.get(name)
            found[name] = stored(given, self.original.seen[name].dtype, quantizer)
        return found

    def _rough(self, given: Mapping[str, Array], sketches: Mapping[str, Sketch]) -> dict[str, Array]:
        """Layers that quantise what they are given themselves."""
        found: dict[str, Array] = {}
        for name, values in given.items():
            sketch = sketches.get(self.original.values.of_tensor[name].key)
            is_float = values.dtype.kind == "f" and sketch is not None
            found[name] = _plainly(values, "uint8", sketch).astype(values.dtype) if is_float and sketch else values
        return found

    def _plain_weights(self, pieces: Sequence[Piece]) -> dict[str, Array]:
        """Constants of two and more dimensions in 8 bits, symmetric, one scale each."""
        names = {name for piece in pieces for op in piece.ops for name in op.inputs}
        changed: dict[str, Array] = {}
        for name in names & self.original.program.graph.constants:
            weights = self.original.program.constant(name)
            if weights is not None and weights.ndim >= 2 and weights.dtype.kind == "f" and weights.size:
                most = float(np.abs(weights).max())
                step = most / 127.0 if most > 0.0 else 1.0
                changed[name] = (np.rint(weights / step) * step).astype(weights.dtype)
        return changed

    def _plainly_held(self, values: Floats, target: str, sketch: Sketch) -> Floats:
        quantizer = self.converted.program.graph.written.get(target)
        return values if quantizer is None else _plainly(values, quantizer.dtype, sketch)


def _plainly(values: NDArray[np.generic], dtype: str, sketch: Sketch) -> Floats:
    """Values in levels that reach from the minimum to the maximum of all inputs."""
    limits = np.iinfo(dtype)
    low, high = min(sketch.low, 0.0), max(sketch.high, 0.0)
    scale = (high - low) / (limits.max - limits.min) or 1.0
    plain = Quantizer(scale, round(limits.min - low / scale), dtype)
    return plain.dequantize(plain.quantize(values))


def relative(values: NDArray[np.generic], reference: NDArray[np.generic]) -> float:
    """Σ(values − reference)² / Σ reference², at most `MOST`; 0 where both are the same."""
    off = signal = 0.0
    ours, theirs = values.reshape(-1), reference.reshape(-1)
    for start in range(0, theirs.size, _AT_ONCE):
        wanted = theirs[start : start + _AT_ONCE].astype(np.float64)
        error = ours[start : start + _AT_ONCE].astype(np.float64) - wanted
        off += float(np.sum(error * error))
        signal += float(np.sum(wanted * wanted))
    if off == 0.0:
        return 0.0
    if not np.isfinite(off) or not np.isfinite(signal) or signal == 0.0:
        return MOST
    return min(off / signal, MOST)


def _computing(piece: Piece, of: Survey) -> tuple[Op, ...]:
    fixed = of.program.graph.fixed
    return tuple(of.program.told(op) for op in piece.ops if any(name not in fixed for name in op.outputs))

"""Putting layers back: the original's layer computes in the converted build's place, and the rest goes on from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.parity.engine import Array
from harness.parity.own_error import Layer, relative
from harness.parity.program import Floats, Seen, real, stored
from harness.parity.values import Value, Values, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.parity.own_error import Bench


_MOVING: Final = {"reshape", "transpose", "depth_to_space", "space_to_depth", "maxpool", "resize", "flatten"}
"""Families of operators that put out their input's levels."""


class NotRestorableError(Exception):
    """A layer cannot be put back here; the text is a clause that says why."""


@dataclass(frozen=True)
class Restored:
    """What is left of the error at the outputs, of each input, with layers put back."""

    before: list[float]
    after: list[float]

    @property
    def returned(self) -> list[float]:
        """The share of the error's energy that is gone, of each input; below 0 where it grew."""
        return [
            1.0 - after / before if before > 0.0 else 0.0 for before, after in zip(self.before, self.after, strict=True)
        ]


def output_error(made: Sequence[Floats], wanted: Sequence[Floats]) -> float:
    """The relative error energy of all outputs, in one layout: their mean, as each counts alike."""
    return float(np.mean([relative(ours, theirs) for ours, theirs in zip(made, wanted, strict=True)]))


class Restorer:
    """Puts layers back, one or several together."""

    def __init__(
        self, bench: Bench, layers: Sequence[Layer], wanted: Sequence[Sequence[Floats]], before: Sequence[float]
    ) -> None:
        self._bench, self._all = bench, layers
        self._wanted, self._before = wanted, list(before)
        program = bench.converted.program
        self._graph = program.rest_graph
        self._values: Values = values_of(self._graph, self._graph.activations)

    def restore(self, layers: Sequence[Layer]) -> Restored:
        """Run the converted build with these layers put back, the first ones first. Raises `NotRestorableError`, and
        `EngineError`.
        """
        bench = self._bench
        order = {each.key: place for place, each in enumerate(bench.converted.values.listed)}
        given: list[dict[str, Array]] = [dict(inputs) for inputs in bench.converted.inputs]
        overridden: dict[str, str] = {}
        for layer in sorted(self._with_followers(layers), key=lambda each: order[each.pair.converted.key]):
            targets = self._targets(layer)
            for feeds, values in zip(given, self._computed(layer, given, overridden), strict=True):
                feeds.update({name: self._shaped(name, values) for name in targets})
            overridden.update({name: self._dtype(name) for name in targets})
        runs = bench.converted.program.rest(overridden, ())
        runs.expect(given)
        after = []
        for feeds, wanted in zip(given, self._wanted, strict=True):
            made = runs(feeds, self._graph.outputs)
            after.append(output_error(bench.outputs(self._real(made), wanted), wanted))
        runs.close()
        return Restored(self._before, after)

    def _shaped(self, name: str, values: Floats) -> Array:
        """In the shape and the real numbers that a tensor has."""
        seen = self._bench.converted.seen.get(name)
        return (values if seen is None else values.reshape(seen.shape)).astype(self._dtype(name))

    def _dtype(self, name: str) -> str:
        seen = self._bench.converted.seen.get(name)
        return seen.dtype if seen is not None and np.dtype(seen.dtype).kind == "f" else "float32"

    def _with_followers(self, layers: Sequence[Layer]) -> list[Layer]:
        """Also those behind that only move the same levels: a range that cuts would cut there again."""
        graph = self._bench.converted.program.graph
        found = list(layers)
        for layer in self._all:
            quantizer = graph.written.get(layer.pair.converted.entry)
            main = layer.main
            if quantizer is None or main is None or main.family not in _MOVING or layer in found:
                continue
            pairs = [self._bench.pair_of(name) for name in self._bench.piece(0, layer.pair)[0].feeds]
            sources = {pair.converted.key for pair in pairs if pair is not None}
            before = [each.pair.converted for each in found if each.pair.converted.key in sources]
            if any(graph.written.get(each.entry) == quantizer for each in before):
                found.append(layer)
        return found

    def _real(self, made: Mapping[str, Array]) -> list[Floats]:
        # An output that was overridden is put out as it was given: as real numbers.
        read = self._graph.read
        return [
            real(made[name], read.get(name) if made[name].dtype.kind in "iu" else None) for name in self._graph.outputs
        ]

    def _targets(self, layer: Layer) -> Sequence[str]:
        """The tensors that the layer's readers take its real values from."""
        value = self._same(layer.pair.converted)
        behind: Sequence[str] = value.members[value.members.index(value.entry) :]
        quantized = [name for name in behind if name in self._graph.written]
        if self._bench.converted.program.takes_reals:
            return behind
        if not quantized:
            return [value.entry]
        floats = [name for name in behind if name not in self._graph.written]
        others = [op for op in self._graph.ops if set(op.inputs) & set(quantized) and not op.carries]
        if others or not floats:
            raise NotRestorableError(f"its levels go straight into {others[0].kind if others else 'the output'}")
        return floats

    def _same(self, value: Value) -> Value:
        for name in (value.entry, *value.members):
            found = self._values.of_tensor.get(name)
            if found is not None:
                return found
        found = self._beside_a_reshape(value)
        if found is None:
            raise NotRestorableError("its output is not in the file: the runtime made it")
        return found

    def _beside_a_reshape(self, value: Value) -> Value | None:
        """Where a runtime fuses a matrix and a bias, it has the tensors of the file before and behind reshapes of its
        own.
        """
        for op in self._bench.converted.program.graph.ops:
            ends = (op.inputs[0], op.outputs[0]) if op.family == "reshape" else ()
            if set(ends) & set(value.members):
                found = next((self._values.of_tensor[name] for name in ends if name in self._values.of_tensor), None)
                if found is not None:
                    return found
        return None

    def _computed(self, layer: Layer, given: Sequence[dict[str, Array]], overridden: Mapping[str, str]) -> list[Floats]:
        """What the original's layer makes of what the converted build gives it."""
        bench, pair = self._bench, layer.pair
        left, right = bench.piece(0, pair)
        copied = [name for name in left.feeds if bench.feeds_copy(pair, name)]
        reads = copied[:1] or [self._source(left.feeds, name) for name in right.feeds]
        places = {name: self._place(name, overridden) for name in reads}
        watched = [place for place in places.values() if place not in given[0]]
        runs = bench.converted.program.rest(overridden, watched) if watched else None
        original = None if copied else bench.original.program.cut([right], bench.original.seen, {})
        if runs is not None:
            runs.expect(given)
        found = []
        for feeds in given:
            made = {**feeds, **(runs(feeds, watched) if runs else {})}
            hats = {name: self._hat(name, place, made[place]) for name, place in places.items()}
            values = hats[reads[0]]
            if original is not None:
                taken = {name: self._taken(name, hats[source]) for name, source in zip(right.feeds, reads, strict=True)}
                values = bench.original.real(right.target, original(taken, [right.key])[right.key])
            shape = bench.converted.seen[pair.converted.entry].shape
            turned: Floats = pair.layout.to_converted(values, shape).astype(np.float32)
            found.append(turned)
        for each in (runs, original):
            if each is not None:
                each.close()
        return found

    def _taken(self, name: str, values: Floats) -> Array:
        seen: Seen = self._bench.original.seen[name]
        return stored(values, seen.dtype, self._bench.original.program.graph.written.get(name))

    def _source(self, feeds: Sequence[str], wanted: str) -> str:
        """The converted tensor that stands for one that the original's layer reads."""
        key = self._bench.original.values.of_tensor[wanted].key
        pairs = {pair.original.key: pair for pair in reversed(self._bench.pairs)}
        for name in feeds:
            pair = self._bench.pair_of(name)
            if pair is not None and pair.original.key == key:
                return name
        if key in pairs:
            return pairs[key].converted.entry
        raise NotRestorableError("the original's layer reads a tensor that nothing here stands for")

    def _place(self, name: str, overridden: Mapping[str, str]) -> str:
        """Where the values of a tensor are: in the file's graph, or among those that were put back."""
        if name in self._bench.converted.program.graph.inputs:
            return name
        value = self._same(self._bench.converted.values.of_tensor[name])
        return next((each for each in value.members if each in overridden), value.entry)

    def _hat(self, name: str, place: str, array: Array) -> Floats:
        quantizer = self._graph.read.get(place) if array.dtype.kind in "iu" else None
        pair = self._bench.pair_of(name)
        assert pair is not None
        shape = self._bench.original.seen[pair.original.key].shape
        held = real(array, quantizer).reshape(self._bench.converted.seen[name].shape)
        return pair.layout.to_original(held, shape).astype(np.float32)

"""Which tensor of the converted build is which of the original: without names.

Evidence is how well their values correlate, and, where a fault has broken the values, which operators make and read
them, the shapes of their weights and whether they are ever negative. Both graphs are walked in the same order and
aligned as two sequences are (Needleman & Wunsch 1970, gaps cost nothing); what that leaves is joined by correlation
alone, which finds branches that the two files list in another order.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.parity.graph import Graph, Op
from harness.parity.layout import Layout
from harness.parity.sketch import Sketch
from harness.parity.values import Value, Values

ALIKE: Final = 0.9
"""Tensors that correlate more than this hold the same, disturbed."""
SAME: Final = 0.999
"""A copy in another layout correlates at least so much."""
_AS_ALIKE: Final = 1e-3
_LOOKS_RIGHT: Final = 0.9
"""What the structure must say for a pair whose values do not correlate."""


@dataclass(frozen=True)
class Pair:
    """A value of the converted build and the original's that it stands for."""

    converted: Value
    original: Value
    layout: Layout
    correlation: float


@dataclass(frozen=True)
class Side:
    """One graph, as alignment sees it."""

    values: Values
    sketches: Mapping[str, Sketch]
    """Key of a value → what was seen of it."""


Correlations = Mapping[tuple[str, str], tuple[float, Layout]]


def align(original: Side, converted: Side, fixed: Sequence[Pair], correlations: Correlations) -> list[Pair]:
    """Pairs in the converted build's order, `fixed` among them (inputs and outputs, which are given)."""
    bound = {pair.converted.key: pair for pair in fixed}
    taken = {pair.original.key for pair in fixed}
    columns = [each for each in _walked(original.values) if each.key not in taken and each.key in original.sketches]
    rows = [each for each in _walked(converted.values) if each.key not in bound and each.key in converted.sketches]
    left, right = _Structure(converted.values), _Structure(original.values)
    scores = np.full((len(rows), len(columns)), -1.0)
    for at, value in enumerate(rows):
        for to, candidate in enumerate(columns):
            found = correlations.get((value.key, candidate.key))
            if found is None:
                continue
            looks = _looks(value, candidate, left, right, converted, original)
            if found[0] >= ALIKE or looks >= _LOOKS_RIGHT:
                # What a fault has broken still correlates a little with everything: that is no evidence.
                scores[at, to] = looks + (2.0 * closeness(found[0]) - 1.0 if found[0] >= ALIKE else 0.0)
    for at, to in _aligned(scores):
        value, candidate = rows[at], columns[to]
        found = correlations[value.key, candidate.key]
        bound[value.key] = Pair(value, candidate, found[1], found[0])
    _join_the_rest(rows, columns, bound, correlations)
    _join_copies(converted.values, bound, set(original.sketches), correlations)
    _settle_reshapes(original.values, converted.values, bound, {pair.converted.key for pair in fixed}, correlations)
    order = {each.key: place for place, each in enumerate(converted.values.listed)}
    return sorted(bound.values(), key=lambda pair: order[pair.converted.key])


def closeness(correlation: float) -> float:
    """0 where two tensors have nothing in common, 1 at 0.9, 2 at 0.99, and so on to 4."""
    return max(0.0, min(4.0, -math.log10(max(1.0 - correlation, 0.0) + 1e-4)))


def _aligned(scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[tuple[int, int]]:
    """The pairs with the highest sum that keep both orders; only scores above 0 make one."""
    rows, columns = scores.shape
    best = np.zeros((rows + 1, columns + 1))
    for at in range(rows):
        through = np.where(scores[at] > 0, best[at, :-1] + scores[at], 0.0)
        best[at + 1, 1:] = np.maximum.accumulate(np.maximum(best[at, 1:], through))
    pairs = []
    at, to = rows, columns
    while at and to:
        if best[at, to] == best[at - 1, to]:
            at -= 1
        elif best[at, to] == best[at, to - 1]:
            to -= 1
        else:
            pairs.append((at - 1, to - 1))
            at, to = at - 1, to - 1
    return pairs[::-1]


def _join_the_rest(
    rows: Sequence[Value], columns: Sequence[Value], bound: dict[str, Pair], correlations: Correlations
) -> None:
    taken = {pair.original.key for pair in bound.values()}
    open_rows = {each.key: each for each in rows if each.key not in bound}
    open_columns = {each.key: each for each in columns if each.key not in taken}
    ranked = sorted(
        ((*found, *keys) for keys, found in correlations.items() if keys[0] in open_rows and keys[1] in open_columns),
        key=lambda each: -each[0],
    )
    for value, layout, row, column in ranked:
        if value >= ALIKE and row in open_rows and column in open_columns:
            bound[row] = Pair(open_rows.pop(row), open_columns.pop(column), layout, value)


def _join_copies(
    values: Values, bound: dict[str, Pair], originals: Collection[str], correlations: Correlations
) -> None:
    """A tensor that is only turned or reshaped stands for the same original as the one that it is made from, and that
    one as it.
    """
    links = _links(values, {"transpose", "reshape"})
    for source, value in [*links, *reversed(links)]:
        for one, other in ((source, value), (value, source)):
            pair = bound.get(one.key)
            found = None if pair is None else correlations.get((other.key, pair.original.key))
            if pair is None or found is None or other.key in bound or pair.original.key not in originals:
                continue
            if found[0] >= SAME:
                bound[other.key] = Pair(other, pair.original, found[1], found[0])


def _links(values: Values, families: Collection[str]) -> list[tuple[Value, Value]]:
    """(what is read, what is made) by operators of these families."""
    links = []
    for value in values.listed:
        if value.maker is not None and value.maker.family in families:
            source = values.of_tensor.get(value.maker.inputs[0])
            if source is not None:
                links.append((source, value))
    return links


def _settle_reshapes(
    original: Values,
    converted: Values,
    bound: dict[str, Pair],
    fixed: Collection[str],
    correlations: Correlations,
) -> None:
    """A tensor and its reshape hold the same, so that they cannot be two tensors of the original that differ: a
    runtime's matrix with its bias is not the matrix alone, and the reshape behind it the bias. Both are then the one
    that is more alike; of two alike, or broken, the later one, as runtimes fuse forwards.
    """
    reshaped = {(source.key, value.key) for source, value in _links(original, {"reshape"})}
    for source, value in _links(converted, {"reshape"}):
        before, after = bound.get(source.key), bound.get(value.key)
        if before is None or after is None or before.original is after.original:
            continue
        if (before.original.key, after.original.key) in reshaped:
            continue
        broken = before.correlation < ALIKE  # its correlations are chance
        alike = after.correlation >= before.correlation - _AS_ALIKE
        later = source.key not in fixed and (value.key in fixed or broken or alike)
        if not later and value.key in fixed:
            continue
        to, other = (after, source) if later else (before, value)
        found = correlations.get((other.key, to.original.key))
        if found is not None and (broken or abs(found[0] - to.correlation) <= _AS_ALIKE):
            bound[other.key] = Pair(other, to.original, found[1], found[0])


class _Structure:
    """Who makes and who reads each value, quantisers and casts left out."""

    def __init__(self, values: Values) -> None:
        graph = values.graph
        self.made_by: dict[str, tuple[str, ...]] = {}
        self.read_by: dict[str, set[str]] = {}
        self.weights: dict[str, set[tuple[int, ...]]] = {}
        for op in graph.ops:
            if op.carries or not set(op.inputs) - graph.fixed:
                continue
            for name in op.inputs:
                value = values.of_tensor.get(name)
                if value is not None:
                    self.read_by.setdefault(value.key, set()).add(op.family)
        for value in values.listed:
            chain = _chain(values, value.maker)
            self.made_by[value.key] = tuple(op.family for op in chain)
            self.weights[value.key] = {
                tuple(sorted(size for size in shape if size != 1)) for op in chain for shape in op.weights
            }


_FOLDED: Final = {
    "relu",
    "add",
    "mul",
    "normalise",
    "leaky",
    "sigmoid",
    "tanh",
    "hardswish",
    "pad",
    "transpose",
    "reshape",
}
"""Operators that runtimes and converters fold into the one before or behind."""


def _chain(values: Values, maker: Op | None) -> list[Op]:
    """An operator, and those before it that may have been folded with it: at most three."""
    chain: list[Op] = []
    while maker is not None and len(chain) < 3:
        chain.append(maker)
        if maker.family not in _FOLDED:
            break
        sources = [values.of_tensor[name] for name in maker.inputs if name in values.of_tensor]
        maker = sources[0].maker if len(sources) == 1 else None
    return chain


def _looks(
    value: Value, candidate: Value, left: _Structure, right: _Structure, converted: Side, original: Side
) -> float:
    """What speaks for a pair beside its values, up to 1.7."""
    made, other = left.made_by[value.key], right.made_by[candidate.key]
    score = 0.0
    if made and other:
        score += 0.5 if made[0] == other[0] else 0.45 if set(made) & set(other) else 0.0
    weights = left.weights[value.key] & right.weights[candidate.key]
    score += 0.3 if weights else 0.0
    if converted.sketches[value.key].is_nonnegative == original.sketches[candidate.key].is_nonnegative:
        score += 0.4
    reads, others = left.read_by.get(value.key, set()), right.read_by.get(candidate.key, set())
    if reads or others:
        score += 0.5 * len(reads & others) / len(reads | others)
    return score


def _walked(values: Values) -> list[Value]:
    """Values in the order in which a walk back from the outputs meets them: much the same in both files."""
    graph: Graph = values.graph
    order: dict[str, Value] = {}
    seen: set[str] = set()
    waiting: list[tuple[str, bool]] = [(name, False) for name in reversed(graph.outputs)]
    while waiting:
        name, done = waiting.pop()
        value = values.of_tensor.get(name)
        if done:
            if value is not None:
                order.setdefault(value.key, value)
            continue
        if name in seen:
            continue
        seen.add(name)
        waiting.append((name, True))
        op = graph.producer.get(name)
        if op is not None:
            waiting += [(each, False) for each in reversed(op.inputs) if each not in graph.fixed]
    return [*order.values(), *(each for each in values.listed if each.key not in order)]

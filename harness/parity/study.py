"""From two models and inputs to aligned tensors, layers with their errors, and a culprit or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.errors import UserError
from harness.parity.align import ALIKE, SAME, Pair, Side, align
from harness.parity.culprit import Found, find_culprit
from harness.parity.engine import Array
from harness.parity.layout import layouts_between
from harness.parity.own_error import Bench, Layer
from harness.parity.program import Arithmetic, Floats, Program, same_order
from harness.parity.restore import Restorer, output_error
from harness.parity.sketch import TurnedSketch, correlations
from harness.parity.survey import Survey, survey
from harness.parity.values import Value

_ROUNDS: Final = 4
_LEAST_ALIKE: Final = 0.25
"""The share of aligned tensors that must correlate where they are computed from the original's values."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Study:
    """All that was found."""

    original: Survey
    converted: Survey
    pairs: list[Pair]
    unaligned: list[Value]
    """Values of the converted build without a counterpart."""
    missing: list[Value]
    """Values of the original without one: fused away, or not recognised."""
    layers: list[Layer]
    lost: list[float]
    """The relative error energy at the outputs, of each input."""
    kind: Arithmetic
    """Arithmetic of the converted build: `float32`, `float16` or `int8` for any integers."""
    found: Found


def study(
    original: Program,
    converted: Program,
    originals: Sequence[Mapping[str, Array]],
    inputs: Sequence[Mapping[str, Array]],
    tell: Tell,
) -> Study:
    """Compare two programs on inputs that say the same to both. Raises `UserError`, and `EngineError`."""
    tell("running the original")
    left = survey(original, originals)
    _refuse_without_signal(left.outputs)
    tell("running the converted build")
    right = survey(converted, inputs)
    fixed = _ends(left, right)
    tell("aligning their tensors")
    sketches: Mapping[str, TurnedSketch] = left.sketches()
    wanted = frozenset(each.shape for each in sketches.values())
    seen = right.sketches(wanted, same_format=same_order(original, converted))
    pairs = _aligned(left, right, sketches, seen, fixed, wanted)
    bench = Bench(left, right, pairs)
    kind = converted.arithmetic
    tell(f"measuring {len(pairs)} layers one by one")
    layers = bench.layers(sketches, quantized=kind == "int8", dynamic=converted.quantizes_as_it_runs)
    lost = [
        output_error(bench.outputs(ours, theirs), theirs)
        for ours, theirs in zip(right.outputs, left.outputs, strict=True)
    ]
    tell("putting layers back")
    found = find_culprit(layers, lost, Restorer(bench, layers, left.outputs, lost), kind)
    bound = {pair.converted.key for pair in pairs}
    met = {pair.original.key for pair in pairs}
    return Study(
        original=left,
        converted=right,
        pairs=pairs,
        unaligned=[each for each in right.values.listed if each.key not in bound],
        missing=[each for each in left.values.listed if each.key not in met],
        layers=layers,
        lost=lost,
        kind=kind,
        found=found,
    )


def _refuse_without_signal(outputs: Sequence[Sequence[Floats]]) -> None:
    """Raise `UserError` for an original that nothing can be held against: two that are wrong alike would agree."""
    broken = sum(not all(np.isfinite(each).all() for each in made) for made in outputs)
    if broken:
        raise UserError(
            f"the original's outputs are not finite (NaN or infinite) on {broken} of {len(outputs)} inputs",
            "It is no original to compare with. Does it take such inputs? --inputs DIR gives others.",
        )
    together = [np.concatenate([each.reshape(-1) for each in made]) for made in zip(*outputs, strict=True)]
    if all(each.size == 0 or each.min() == each.max() for each in together):
        raise UserError(
            "the original puts out one and the same value for every input",
            "Nothing can be told from that. Does it take such inputs? --inputs DIR gives others.",
        )


def _ends(left: Survey, right: Survey) -> list[Pair]:
    """Inputs and outputs belong together in the order of both files."""
    pairs: dict[str, Pair] = {}
    ends = (
        ("input", left.program.graph.inputs, right.program.graph.inputs),
        ("output", left.program.graph.outputs, right.program.graph.outputs),
    )
    for what, names, others in ends:
        for name, other in zip(names, others, strict=True):
            value, counterpart = right.values.of_tensor.get(other), left.values.of_tensor.get(name)
            if value is None or counterpart is None:  # an output that no input reaches
                continue
            same = same_order(left.program, right.program)
            fit = layouts_between(left.seen[counterpart.entry].shape, right.seen[value.entry].shape, same_format=same)
            if not fit:
                shapes = [
                    "×".join(map(str, side.seen[each.entry].shape))
                    for side, each in ((left, counterpart), (right, value))
                ]
                raise UserError(
                    f"{what} {name!r} of the original is {shapes[0]}, and {other!r} of the converted build {shapes[1]}",
                    "They must be the same model, for the same size of input.",
                )
            pairs.setdefault(value.key, Pair(value, counterpart, fit[0], 1.0))
    return list(pairs.values())


def _aligned(
    left: Survey,
    right: Survey,
    sketches: Mapping[str, TurnedSketch],
    seen: Mapping[str, TurnedSketch],
    fixed: Sequence[Pair],
    wanted: frozenset[tuple[int, ...]],
) -> list[Pair]:
    """Align by what whole runs showed; then, until nothing changes, by what each layer makes of the original's values,
    where no error is inherited.
    """
    whole = correlations(dict(sketches), dict(seen))
    fixed = [_turned(pair, whole) for pair in fixed]
    sides = Side(left.values, sketches), Side(right.values, seen)
    pairs = align(*sides, fixed, whole)
    ends = {each.converted.key for each in fixed}
    if len(pairs) == len(right.values.listed) and all(
        pair.correlation >= SAME for pair in pairs if pair.converted.key not in ends
    ):
        return pairs  # nothing is broken so far that what is behind it could not be known again
    before: set[tuple[str, str]] = set()
    for _ in range(_ROUNDS):
        forced = Bench(left, right, pairs).forced(wanted)
        alone = correlations(dict(sketches), forced)
        both = {keys: max(found, alone.get(keys, found), key=lambda each: each[0]) for keys, found in whole.items()}
        fixed = [_turned(pair, both) for pair in fixed]
        pairs = [_turned(pair, both) for pair in align(*sides, fixed, both)]
        now = {(pair.converted.key, pair.original.key) for pair in pairs}
        if now == before:
            break
        before = now
    inner = [pair for pair in pairs if pair.converted.key not in {each.converted.key for each in fixed}]
    judged = inner or [pair for pair in fixed if pair.converted.maker is not None]
    alike = sum(pair.correlation >= ALIKE for pair in judged)
    if alike < _LEAST_ALIKE * max(len(judged), 1):
        raise UserError(
            f"the two models cannot be aligned: of {len(right.values.listed)} tensors of the converted build, "
            f"{alike} hold what some tensor of the original holds",
            "Is it a conversion of this original, with the same training?",
        )
    return pairs


def _turned(pair: Pair, found: Mapping[tuple[str, str], tuple[float, object]]) -> Pair:
    each = found.get((pair.converted.key, pair.original.key))
    return pair if each is None else Pair(pair.converted, pair.original, each[1], each[0])  # type: ignore[arg-type]

"""A few items put through a model on this machine: how many it answers rightly, and whether it would answer more of
them if its input were written otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from harness.models.run_once import NotRunHereError, run_once
from harness.tasks.classification.chance import Answer, at_chance
from harness.tasks.classification.output_check import check_outputs
from harness.tasks.first_look import FirstLook
from harness.tasks.model_input.items import InputItem, read_given
from harness.tasks.picture_tensor import OWN_LEVELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.classification.codec import ClassCodec

_MOST_ITEMS: Final = 24
_MOST_BYTES: Final = 48 << 20
_TIMEOUT_S: Final = 60.0
_SURE: Final = 0.002
"""One-sided, of a sign test; seven readings are tried."""
_LEAST_GAIN: Final = 0.2
_RANGES: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
_IMAGENET: Final = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def first_look(arm: str, model: ModelFile, codec: ClassCodec, items: Sequence[InputItem]) -> FirstLook:
    """Put some items through the model. `arm` is what people call it. Raises `UserError` where what comes out is no
    score for each class.
    """
    chosen = _spread(items)
    given = [read_given(item.input_path) for item in chosen]
    tensors = [codec.given.encode(each) for each in given]
    own_bytes = sum(tensor.nbytes for tensor in tensors)
    if own_bytes > _MOST_BYTES:
        keep = max(1, int(len(tensors) * _MOST_BYTES / own_bytes))
        chosen, given, tensors = chosen[:keep], given[:keep], tensors[:keep]
        own_bytes = sum(tensor.nbytes for tensor in tensors)
    variants = _variants(codec)[: max(0, _MOST_BYTES // max(own_bytes, 1))]
    readings = [codec.given.model_copy(update=update) for update, _ in variants]
    others = [reading.encode(each) for reading in readings for each in given]
    try:
        names, outputs = run_once(model.path, [*tensors, *others], _TIMEOUT_S)
    except NotRunHereError as error:
        return FirstLook(f"none was put through it here: {error}")
    name = codec.scores_output.name
    place = names.index(name) if name in names else min(codec.scores_index, len(names) - 1)
    for item, made in zip(chosen, outputs, strict=False):
        # In the order of the runtime, which may be another than that of the file.
        shapes = [list(made[place].shape)] * (codec.scores_index + 1)
        check_outputs(model, codec, arm, item, shapes)
    try:
        answers = [_answer(codec, item, made[place]) for item, made in zip(chosen, outputs, strict=False)]
        kinds = {codec.read_as(codec.values(made[place])) for made in outputs[: len(chosen)]}
    except ValueError as error:
        return FirstLook(doubts=[f"cannot be read: {error}"])
    right = [answer.label == answer.answer for answer in answers]
    told = f", {' or '.join(sorted(kinds))} (told from their values)" if codec.scores == "auto" else ""
    said = f"{sum(right)} of {len(right)} answered rightly{told}"
    count = len(chosen)
    better = None
    for number, (_, words) in enumerate(variants, start=1):
        part = outputs[count * number : count * (number + 1)]
        try:
            other = [_answer(codec, item, made[place]) for item, made in zip(chosen, part, strict=True)]
        except ValueError:
            continue
        gained = _gain(right, [answer.label == answer.answer for answer in other])
        if gained is not None and (better is None or gained > better[0]):
            better = (gained, words)
    doubts = []
    suspicion = None
    if better is not None:
        suspicion = f"looks like another reading of its input: {better[1]} answers {better[0]} of {count} more rightly"
    elif (chance := at_chance(answers)) is not None:
        doubts.append(f"{chance}: look at [data.tensor] classes, color, range, mean and std")
    return FirstLook(said, doubts, suspicion)


def _answer(codec: ClassCodec, item: InputItem, tensor: NDArray[np.generic]) -> Answer:
    scores = codec.decode(tensor)
    return Answer(item.stem, item.label or "", scores.classes[scores.answer])


def _spread(items: Sequence[InputItem]) -> list[InputItem]:
    """Some of them, from all over: items of one class often stand together."""
    count = min(_MOST_ITEMS, len(items))
    return [items[place * len(items) // count] for place in range(count)]


def _gain(right: Sequence[bool], other: Sequence[bool]) -> int | None:
    """How many more are right; None where that may be chance."""
    won = sum(new and not old for old, new in zip(right, other, strict=True))
    lost = sum(old and not new for old, new in zip(right, other, strict=True))
    changed = won + lost
    if won - lost < _LEAST_GAIN * len(right):
        return None
    p_value = sum(math.comb(changed, count) for count in range(won, changed + 1)) / 2.0**changed
    return won - lost if p_value <= _SURE else None


def _variants(codec: ClassCodec) -> list[tuple[dict[str, Any], str]]:
    """(change of the input's codec, the same in keys of the experiment): other ways to write a picture."""
    given = codec.given
    if given.content != "pictures":
        return []
    found: list[tuple[dict[str, Any], str]] = []
    if given.color != "grey":
        other = "rgb" if given.color == "bgr" else "bgr"
        found.append(({"color": other}, f'color = "{other}"'))
    is_plain = given.mean is None and given.std is None
    if given.tensor.dtype in OWN_LEVELS or given.tensor.scale is not None:
        return found
    found += [
        ({"range": bounds, "mean": None, "std": None}, f"range = [{bounds[0]:g}, {bounds[1]:g}], without mean and std")
        for bounds in _RANGES
        if not (is_plain and bounds == given.range)
    ]
    mean, std = _IMAGENET
    if given.color != "grey" and (given.mean, given.std) != (mean, std):
        update = {"range": (0.0, 1.0), "mean": mean, "std": std}
        found.append((update, f"mean = {mean} and std = {std} (ImageNet's)"))
    return found

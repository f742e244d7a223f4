"""The tables of a new experiment.toml that are about pictures, with what models and pictures say themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.image_file import image_size
from harness.tasks.image_to_image.codec import check_item, make_codec
from harness.tasks.image_to_image.dataset import Item, lie_in_folders, pictures_in, read_items
from harness.tasks.image_to_image.dataset_notes import notes_on_folders
from harness.tasks.image_to_image.first_look import first_look, in_keys
from harness.tasks.image_to_image.options import Tensor, Tiles
from harness.tasks.item_groups import FOLDERS
from harness.tasks.picture_tensor import TensorQuestionError, real_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from harness.tasks.image_to_image.codec import Codec

SMALLEST_FOR_LPIPS = 64
"""Side of the smallest picture in pixels; networks that see less of it say little."""
_OVERLAP = 16
"""Pixels by which tiles overlap where nobody says more: many networks see as far."""
PSNR_RULE = """
[[rules]]
quantity = "psnr_y"
no_worse_than = "0.2 dB"
"""
LPIPS_RULE = """
[[rules]]
quantity = "lpips_alex"
no_worse_than = 0.01
"""


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where the models or pictures would not run together; a question that only a line of the file
    can answer is left in it to be filled in.
    """
    scale, items = _scale_and_items(given)
    tensors = _tensors(given.models)
    groups = _groups(given)
    said, questions = notes_on_folders(given.inputs, given.reference_folder, groups), []
    for place, model in enumerate(given.models):
        try:
            codec = make_codec(model, tensors[place], scale)
            if (tiles := _tiles(codec, items)) is not None:
                tensors[place] = tensors[place].model_copy(update={"tiles": tiles})
                codec = make_codec(model, tensors[place], scale)
                said.append(
                    f"{model.path.name} takes pictures of {_one_size(codec)}, and others are cut into tiles of"
                    f" that size that overlap by {tiles.overlap} pixels: see tiles in [data.tensor]."
                )
        except TensorQuestionError as question:
            questions.append(f"{question.what} {question.remedy}")
            continue
        for item in items:
            check_item(model, codec, item)
        look = first_look(str(model.path), model, codec, items, scale)
        said += [f"{model.path.name} {text}." for text in look.doubts]
        if look.reads_better:
            tensors[place] = tensors[place].model_copy(update=look.reads_better)
            said.append(
                f"{model.path.name} is read with {in_keys(look.reads_better)}: {look.gain_db:.1f} dB (PSNR) more on"
                f" {items[0].input_path.name} and its like."
            )
    said += [f"A line is left to be filled in: {question}" for question in questions]
    first, second = tensors
    smallest = min(min(item.reference_size) for item in items)
    metrics = ["psnr", "psnr_y", "ssim", "ssim_y", *(["lpips_alex"] if smallest >= SMALLEST_FOR_LPIPS else [])]
    return TaskDraft(
        data=_tables(given, scale, first, questions),
        candidate_line="" if first == second else f"tensor = {_inline(second)}   # where it differs from data.tensor\n",
        metrics=metrics,
        rules=PSNR_RULE + (LPIPS_RULE if "lpips_alex" in metrics else ""),
        said=said,
    )


def _scale_and_items(given: DraftData) -> tuple[int, list[Item]]:
    """The scale is read off the first pair of pictures that share a stem; the whole set is then checked with it."""
    groups = _groups(given)
    inputs = pictures_in(given.inputs, "inputs", groups)
    references = pictures_in(given.reference_folder, "references", groups)
    scale = 1
    for stem in sorted(inputs):
        if stem in references:
            small, large = image_size(inputs[stem]), image_size(references[stem])
            scale = large[0] // small[0]
            if scale < 1 or large != (small[0] * scale, small[1] * scale):
                raise UserError(
                    f"{references[stem]}: is {large[1]}×{large[0]}, and its input {inputs[stem].name} is"
                    f" {small[1]}×{small[0]}",
                    "References must be 1, 2, 3, … times as large as inputs; nothing is resized.",
                )
            break
    return scale, read_items(given.inputs, given.reference_folder, scale, None, None, groups)


def _groups(given: DraftData) -> str | None:
    """Pictures that lie in folders only are groups."""
    return FOLDERS if given.inputs.is_dir() and lie_in_folders(given.inputs) is not None else None


def _tensors(models: Sequence[ModelFile]) -> list[Tensor]:
    """How pictures become each model's tensors, as far as quantisation and channels tell. A float model has the range
    of its quantised twin.
    """
    told = [_range_told(model.inputs[0]) for model in models]
    known = [each for each in told if each is not None]
    ranges = [each or (known[0] if known else Tensor().range) for each in told]
    put_out = [_range_told(model.outputs[0]) for model in models]
    return [
        Tensor(
            range=bounds,
            output_range=own if own is not None and own != bounds and model.inputs[0].scale is not None else None,
            color="y" if _is_luma(model) else "auto",
        )
        for model, bounds, own in zip(models, ranges, put_out, strict=True)
    ]


def _tiles(codec: Codec, items: Sequence[Item]) -> Tiles | None:
    """For a model of one size, and pictures that do not all have it: tiles that overlap by a quarter at most."""
    size = codec.fixed_size
    if size is None or all(item.input_size == size for item in items):
        return None
    overlap = min(_OVERLAP, min(size) // 4)
    return Tiles(overlap=overlap, margin=overlap // 4)


def _range_told(tensor: TensorInfo) -> tuple[float, float] | None:
    """The range among the usual ones that a quantised tensor was made for; None where nothing is told."""
    real = real_range(tensor)
    if real is None:
        return None
    low, high = real
    if tensor.dtype == "int16" and high - low < 100.0:
        return None  # its zero is always in the middle, whatever black is
    if high - low > 100.0:
        return (0.0, 255.0)
    return (-1.0, 1.0) if low < -0.5 else (0.0, 1.0)


def _is_luma(model: ModelFile) -> bool:
    shape = model.inputs[0].shape
    return len(shape) == 4 and 1 in (shape[1], shape[3]) and 3 not in (shape[1], shape[3])


def _tables(given: DraftData, scale: int, tensor: Tensor, questions: Sequence[str]) -> str:
    return f"""\
[data]
inputs = {given.inputs_toml}
references = {given.references_toml}   # matched with the inputs by file stem
scale = {scale}   # references are this many times larger; also the border left out of luma scores
# limit = 50              # only the first so many pictures, by name
# scene_separator = "__"  # pictures named SCENE__N are crops of one scene: statistics then count scenes, not crops
{_groups_line(given)}

[data.tensor]   # how pictures become tensors; what the model says itself (names, shapes, quantisation) is not asked
layout = "auto"        # NCHW or NHWC where it cannot be told from the model
{_color_line(tensor)}
range = {_range_text(tensor.range)}     # values of black and white, for quantised tensors after dequantisation
{_own_ranges(tensor)}{_tiles_line(tensor)}{_to_fill_in(questions)}"""


def _groups_line(given: DraftData) -> str:
    if _groups(given) is not None:
        return f'groups = "{FOLDERS}"   # each folder of inputs is a group, each judged by itself too'
    return '# groups = "tags.csv"    # item,tag: groups such as night or faces, each judged by itself too'


def _color_line(tensor: Tensor) -> str:
    if tensor.color in {"rgb", "bgr"}:
        return f'color = "{tensor.color}"          # {"blue" if tensor.color == "bgr" else "red"} comes first'
    if tensor.color == "auto":
        return "color = \"auto\"         # rgb, bgr, y (luma, MATLAB's range) or y_full (luma, JPEG's range)"
    return (
        f'color = "{tensor.color}"            # the model sees luma only. y: 16 to 235, as MATLAB and most papers do;'
        " y_full: 0 to 255, as Pillow\n"
        "                       # and PyTorch's examples do. The wrong one costs decibels: ask who trained it"
    )


def _range_text(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]}, {bounds[1]}]"


def _ranges_of_their_own(tensor: Tensor) -> dict[str, tuple[float, float]]:
    both = {"input_range": tensor.input_range, "output_range": tensor.output_range}
    return {key: bounds for key, bounds in both.items() if bounds is not None}


def _own_ranges(tensor: Tensor) -> str:
    return "".join(
        f"{key} = {_range_text(bounds)}   # where it is not `range`\n"
        for key, bounds in _ranges_of_their_own(tensor).items()
    )


def _one_size(codec: Codec) -> str:
    height, width = codec.fixed_size or (0, 0)
    return f"{width}×{height}"


def _tiles_line(tensor: Tensor) -> str:
    if tensor.tiles is None:
        return ""
    return f"tiles = {_tiles_text(tensor.tiles)}   # the model takes one size: pictures go through it in tiles of it\n"


def _tiles_text(tiles: Tiles) -> str:
    return f'{{ overlap = {tiles.overlap}, margin = {tiles.margin}, blend = "{tiles.blend}" }}'


def _to_fill_in(questions: Sequence[str]) -> str:
    return "".join(f"# TO BE FILLED IN: {_comment(question)}\n" for question in questions)


def _comment(text: str) -> str:
    """One line of what TOML takes in a comment: a model's names are a stranger's."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))


def _inline(tensor: Tensor) -> str:
    more = "".join(f", {key} = {_range_text(bounds)}" for key, bounds in _ranges_of_their_own(tensor).items())
    more += f", tiles = {_tiles_text(tensor.tiles)}" if tensor.tiles is not None else ""
    return f'{{ layout = "auto", color = "{tensor.color}", range = {_range_text(tensor.range)}{more} }}'

"""The text of a new experiment.toml: every key that matters, with a comment that says why."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.first_look import first_look, in_keys
from harness.models.model_file import ModelFile, read_model
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_file import image_size
from harness.tasks.image_to_image.codec import TensorQuestionError, check_item, make_codec, real_range
from harness.tasks.image_to_image.dataset import Item, pictures_in, read_items
from harness.tasks.image_to_image.dataset_notes import notes_on_folders
from harness.tasks.image_to_image.options import Tensor

SMALLEST_FOR_LPIPS = 64
"""Side of the smallest picture in pixels; networks that see less of it say little."""
LPIPS_RULE = """
[[rules]]
quantity = "lpips_alex"
no_worse_than = 0.01
"""
RUNTIME_OF_FORMAT = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}


@dataclass(frozen=True)
class Draft:
    """What the user named."""

    name: str | None
    baseline: Path
    candidate: Path
    inputs: Path
    references: Path
    out: Path


@dataclass(frozen=True)
class Written:
    """A new experiment, and what a person should know before anything is measured."""

    text: str
    said: list[str]


def write_draft(draft: Draft) -> str:
    """The TOML text. Raises as `write_and_say` does."""
    return write_and_say(draft).text


def write_and_say(draft: Draft) -> Written:
    """The TOML text, and what was seen of the models. Raises `UserError` where the models or pictures would not run
    together; a question that only a line of the file can answer is left in it to be filled in.
    """
    models = [read_model(draft.baseline), read_model(draft.candidate)]
    scale, items = _scale_and_items(draft)
    tensors = _tensors(models)
    said, questions = notes_on_folders(draft.inputs, draft.references), []
    for place, model in enumerate(models):
        try:
            codec = make_codec(model, tensors[place], scale)
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
    text = _text(draft, models, tensors, scale, items, questions)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise UserError("the name of a model or a folder is not UTF-8 text", "Rename it, or move it.") from None
    parse_experiment(content, draft.out)  # what we write, we can read
    return Written(text, said)


def _scale_and_items(draft: Draft) -> tuple[int, list[Item]]:
    """The scale is read off the first pair of pictures that share a stem; the whole set is then checked with it."""
    inputs, references = pictures_in(draft.inputs, "inputs"), pictures_in(draft.references, "references")
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
    return scale, read_items(draft.inputs, draft.references, scale, None, None)


def _tensors(models: list[ModelFile]) -> list[Tensor]:
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


def _text(
    draft: Draft, models: list[ModelFile], tensors: list[Tensor], scale: int, items: list[Item], questions: list[str]
) -> str:
    home = draft.out.resolve().parent
    names = _arm_names(draft)
    question = f"Can {names[1]} replace {names[0]}?"
    first, second = tensors
    own_tensor = "" if first == second else f"tensor = {_inline(second)}   # where it differs from data.tensor\n"
    smallest = min(min(item.reference_size) for item in items)
    metrics = ["psnr", "psnr_y", "ssim", "ssim_y", *(["lpips_alex"] if smallest >= SMALLEST_FOR_LPIPS else [])]
    lpips_rule = LPIPS_RULE if "lpips_alex" in metrics else ""
    return f"""\
# A bake-off between two builds of a model. Paths are relative to this file.
schema = 1
name = {_quoted(draft.name or f"{names[1]} against {names[0]}"[:200])}
question = {_quoted(question)}

[data]
inputs = {_quoted(_relative(draft.inputs, home))}
references = {_quoted(_relative(draft.references, home))}   # matched with the inputs by file stem
scale = {scale}   # references are this many times larger; also the border left out of luma scores
# limit = 50              # only the first so many pictures, by name
# scene_separator = "__"  # pictures named SCENE__N are crops of one scene: statistics then count scenes, not crops

[data.tensor]   # how pictures become tensors; what the model says itself (names, shapes, quantisation) is not asked
layout = "auto"        # NCHW or NHWC where it cannot be told from the model
{_color_line(first)}
range = {_range_text(first.range)}     # values of black and white, for quantised tensors after dequantisation
{_own_ranges(first)}{_to_fill_in(questions)}
[[arms]]
name = {_quoted(names[0])}
role = "baseline"
model = {_quoted(_relative(draft.baseline, home))}
runtime = "{RUNTIME_OF_FORMAT[models[0].format]}"   # a version may be given: "onnxruntime==1.32.0"
threads = 2

[[arms]]
name = {_quoted(names[1])}
role = "candidate"
model = {_quoted(_relative(draft.candidate, home))}
runtime = "{RUNTIME_OF_FORMAT[models[1].format]}"
threads = 2
{own_tensor}
[measure]
pairs = 30             # pairs of blocks, the order within each drawn at random; 20 is the least that decides much
block_ms = 250         # how long a block of the slower arm lasts
memory_repeats = 5     # fresh processes per arm
max_minutes = 60       # no new pair is begun after this
metrics = {json.dumps(metrics)}

# Rules are written before the run; the verdict follows from them alone.
# ship: every rule is met on every device. hold: one is broken. undecided: more is needed, and the report says how much.

[[rules]]
quantity = "latency_p50"
improve_by_at_least = "5 %"

[[rules]]
quantity = "run_peak_memory"
no_worse_than = "10 %"

[[rules]]
quantity = "psnr_y"
no_worse_than = "0.2 dB"
{lpips_rule}"""


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


def _to_fill_in(questions: list[str]) -> str:
    return "".join(f"# TO BE FILLED IN: {' '.join(question.split())}\n" for question in questions)


def _inline(tensor: Tensor) -> str:
    more = "".join(f", {key} = {_range_text(bounds)}" for key, bounds in _ranges_of_their_own(tensor).items())
    return f'{{ layout = "auto", color = "{tensor.color}", range = {_range_text(tensor.range)}{more} }}'


def _arm_names(draft: Draft) -> tuple[str, str]:
    first, second = draft.baseline.stem[:80], draft.candidate.stem[:80]
    if first == second:
        first, second = draft.baseline.name[:80], draft.candidate.name[:80]
    if first == second:
        first, second = "baseline", "candidate"
    return first, second


def _relative(path: Path, home: Path) -> str:
    # A link is kept by its own name: `latest.onnx` is to be the latest also next week.
    relative = os.path.relpath(path.parent.resolve() / path.name, home)
    return f"./{relative}" if relative.startswith("~") else relative  # a name, not somebody's home


def _quoted(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's too, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""The text of a new experiment.toml: every key that matters, with a comment that says why."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from harness.dataset import Item, read_items
from harness.errors import UserError
from harness.experiment import Tensor
from harness.experiment_file import parse_experiment
from harness.image_file import image_size
from harness.model_file import ModelFile, read_model
from harness.tensors import check_item, make_codec

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


def write_draft(draft: Draft) -> str:
    """The TOML text. Raises `UserError` where the models or pictures would not run together."""
    models = [read_model(draft.baseline), read_model(draft.candidate)]
    scale, items = _scale_and_items(draft)
    for model in models:
        codec = make_codec(model, Tensor())
        check_item(model, codec, items[0])
    text = _text(draft, models, scale)
    parse_experiment(text.encode(), draft.out)  # what we write, we can read
    return text


def _scale_and_items(draft: Draft) -> tuple[int, list[Item]]:
    """The scale is read off the first pair of pictures that share a stem; the whole set is then checked with it."""
    for path in (draft.inputs, draft.references):
        if not path.is_dir():
            raise UserError(f"{path}: is not a folder")
    references = {path.stem: path for path in sorted(draft.references.iterdir()) if path.is_file()}
    scale = 1
    for path in sorted(draft.inputs.iterdir()):
        if path.stem in references and path.is_file():
            small, large = image_size(path), image_size(references[path.stem])
            scale = max(1, round(large[0] / small[0]))
            break
    return scale, read_items(draft.inputs, draft.references, scale, None, None)


def _text(draft: Draft, models: list[ModelFile], scale: int) -> str:
    home = draft.out.resolve().parent
    names = _arm_names(draft)
    candidate_question = f"Can {names[1]} replace {names[0]}?"
    return f"""\
# A bake-off between two builds of a model. Paths are relative to this file.
schema = 1
name = {_quoted(draft.name or f"{names[1]} against {names[0]}")}
question = {_quoted(candidate_question)}

[data]
inputs = {_quoted(_relative(draft.inputs, home))}
references = {_quoted(_relative(draft.references, home))}   # matched with the inputs by file stem
scale = {scale}   # references are this many times larger; also the border left out of luma scores
# limit = 50              # only the first so many pictures, by name
# scene_separator = "__"  # pictures named SCENE__N are crops of one scene: statistics then count scenes, not crops

[data.tensor]   # how pictures become tensors; what the model says itself (names, shapes, quantisation) is not asked
layout = "auto"        # NCHW or NHWC where it cannot be told from the model
color = "auto"         # rgb, y (luma, MATLAB's range) or y_full (luma, JPEG's range)
range = [0.0, 1.0]     # float values of black and white

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

[measure]
pairs = 30             # pairs of blocks, the order within each drawn at random; 20 is the least that decides much
block_ms = 250         # how long a block of the slower arm lasts
memory_repeats = 5     # fresh processes per arm
max_minutes = 60       # no new pair is begun after this
metrics = ["psnr", "psnr_y", "ssim", "ssim_y", "lpips_alex"]

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

[[rules]]
quantity = "lpips_alex"
no_worse_than = 0.01
"""


def _arm_names(draft: Draft) -> tuple[str, str]:
    first, second = draft.baseline.stem[:200], draft.candidate.stem[:200]
    if first == second:
        first, second = draft.baseline.name[:200], draft.candidate.name[:200]
    if first == second:
        first, second = "baseline", "candidate"
    return first, second


def _relative(path: Path, home: Path) -> str:
    return os.path.relpath(path.resolve(), home)


def _quoted(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's too, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

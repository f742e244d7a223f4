"""The tables of a new experiment.toml that are about tensors."""

from __future__ import annotations

import json

from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.tensors.codec import check_item, make_codec
from harness.tasks.tensors.dataset import SUFFIX, find_items
from harness.tasks.tensors.options import TensorNames

METRICS = ["max_abs_error", "cosine_similarity", "snr"]
RULES = """
[[rules]]
quantity = "cosine_similarity"
at_least = 0.999

[[rules]]
quantity = "snr"
at_least = "20 dB"
"""


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where the models or tensors would not run together."""
    items = find_items(given.inputs, given.reference_folder, None, None)
    codecs = [make_codec(model, TensorNames()) for model in given.models]
    for model, codec in zip(given.models, codecs, strict=True):
        for item in items:
            check_item(model, codec, item)
    inputs, outputs = (", ".join(map(json.dumps, names)) for names in (codecs[0].input_names, codecs[0].output_names))
    return TaskDraft(
        data=f"""\
[data]
task = "tensors"
inputs = {given.inputs_toml}   # STEM.npy, or a folder STEM with one .npy file for each input
references = {given.references_toml}   # matched with the inputs by stem; the outputs that have one are scored
# limit = 50              # only the first so many, by name
# scene_separator = "__"  # items named SCENE__N are of one scene: statistics then count scenes, not items

[data.tensor]   # which file is which tensor, where a file is not named as the model names it: {{ tensor = "file" }}
inputs = {{}}    # the baseline has {_comment(inputs)}
outputs = {{}}   # the baseline has {_comment(outputs)}
""",
        candidate_line="",
        metrics=list(METRICS),
        rules=RULES,
    )


def _comment(text: str) -> str:
    """At most a line of a comment; JSON's escapes leave no line break in it."""
    shown = text.replace("\x7f", "\\u007f")
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def guess(given: DraftData) -> str | None:
    """References that are .npy files, or folders of them."""
    if given.references is None or not given.references.is_dir():
        return None
    found = any(given.references.glob(f"*{SUFFIX}")) or any(given.references.glob(f"*/*{SUFFIX}"))
    return f"{given.references} holds {SUFFIX} files" if found else None

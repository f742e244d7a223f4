"""The tables of a new experiment.toml that are about anomalies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.tasks.anomaly_detection.codec import is_one_number, make_codec
from harness.tasks.anomaly_detection.dataset import find_items
from harness.tasks.anomaly_detection.options import AnomalyTensor, Data
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.input_folder import folders_in
from harness.tasks.label_file import read_labels
from harness.tasks.model_input.draft import content_of, fixed_size, input_lines, range_told
from harness.tasks.model_input.items import check_input
from harness.tasks.picture_tensor import TensorQuestionError

NORMAL_NAMES: Final = frozenset(Data.model_fields["normal"].default)
RULES = """
[[rules]]
quantity = "auroc"
no_worse_than = "1 point"

[[rules]]
quantity = "f1_at_baseline"
no_worse_than = "2 points"
"""


def guess(given: DraftData) -> str | None:
    """Labels, or folders, of which one is called as normal items are."""
    labels: set[str] = set()
    if given.references is not None and given.references.suffix.lower() == ".csv":
        labels = set(read_labels(given.references).values())
    elif given.references is None and given.inputs.is_dir():
        labels = {path.name for path in folders_in(given.inputs)}
    normal = sorted(labels & NORMAL_NAMES)
    if not normal or len(labels) < 2:
        return None
    if not any(is_one_number(each) or len(each.shape) in {3, 4} for each in given.models[0].outputs):
        return None
    return f"Some inputs are labelled {normal[0]!r}, and {given.models[0].path.name} puts out a score or a map"


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where models, inputs and labels would not run together; a question that only a line of the
    file can answer is left in it to be filled in.
    """
    content = content_of(given.inputs)
    data = Data(
        task="anomaly_detection",
        inputs=str(given.inputs),
        labels=None if given.references is None else str(given.references),
        content=content,
    )
    items = find_items(data, Path)
    sizes = {item.input_size for item in items if item.input_size is not None}
    lines, said = input_lines(given.models[0], sizes, content)
    questions: list[str] = []
    for model in given.models:
        size, told = fixed_size(model.inputs[0]), range_told(model.inputs[0])
        fields = {
            **({"range": told} if told is not None and content == "pictures" else {}),
            **({"resize": size, "kernel": "bilinear"} if size is not None and sizes - {size} else {}),
        }
        try:
            codec = make_codec(model, AnomalyTensor.model_validate(fields), content)
        except TensorQuestionError as question:
            questions.append(f"{question.what} {question.remedy}")
            continue
        for item in items:
            check_input(model, codec.given, item)
    labels = (
        f"labels = {given.references_toml}   # a CSV file: item,label\n"
        if given.references is not None
        else '# labels = "labels.csv"   # a CSV file (item,label); without it, each folder is a kind\n'
    )
    asked = "".join(f"# TO BE FILLED IN: {_comment(question)}\n" for question in questions)
    return TaskDraft(
        data=f"""\
[data]
task = "anomaly_detection"
inputs = {given.inputs_toml}
{labels}normal = ["good", "normal", "ok"]   # the labels of normal items; every other is anomalous
# masks = "masks"         # a folder with a mask for each anomalous item: maps are then scored too (aupro)
# map_range = [0.0, 1.0]  # the smallest and the largest value of maps
content = "{content}"
# scene_separator = "__"  # items named SCENE__N are of one scene: statistics then count scenes, not items

[data.tensor]   # how an item becomes a tensor, and which outputs are read; an arm may have its own
# score = "score"        # where the model puts out several tensors: the one number
# map = "map"            # and the map; without a score, the largest value of the map is it
{lines}{asked}""",
        candidate_line="",
        metrics=["auroc", "f1_at_baseline"],
        rules=RULES,
        said=[*said, *(f"A line is left to be filled in: {question}" for question in questions)],
    )


def _comment(text: str) -> str:
    """One line of what TOML takes in a comment: a model's names are a stranger's."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))

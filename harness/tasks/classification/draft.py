"""The tables of a new experiment.toml that are about labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.tasks.classification.codec import make_codec, scores_in
from harness.tasks.classification.dataset import class_names, find_items
from harness.tasks.classification.first_look import first_look
from harness.tasks.classification.options import ClassTensor, Data
from harness.tasks.classification.output_check import check_label
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.input_folder import folders_in
from harness.tasks.label_file import read_labels
from harness.tasks.labelled_inputs import in_folders
from harness.tasks.model_input.draft import content_of, fixed_size, input_lines, range_told
from harness.tasks.model_input.items import check_input, suffixes_of
from harness.tasks.picture_tensor import OWN_LEVELS, TensorQuestionError, shape_in_words

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from harness.tasks.model_input.options import Content

_MANY_FOR_TOP5: Final = 10
_MOST_LISTED: Final = 200
RULES = """
[[rules]]
quantity = "top1"
no_worse_than = "1 point"
"""


def guess(given: DraftData) -> str | None:
    """A CSV of labels, or inputs in folders, beside models that put out a row of scores."""
    row = next((each for each in given.models[0].outputs if (scores_in(each) or 0) > 1), None)
    if row is None:
        return None
    if given.references is not None and given.references.suffix.lower() == ".csv":
        return f"{given.references.name} holds labels, and {given.models[0].path.name} puts out {_scores(row)}"
    if given.references is None and given.inputs.is_dir() and len(folders_in(given.inputs)) > 1:
        return f"{given.inputs} holds folders of inputs, and {given.models[0].path.name} puts out {_scores(row)}"
    return None


def _scores(row: TensorInfo) -> str:
    return f"{scores_in(row)} scores ({shape_in_words(row)})"


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where models, inputs and labels would not run together; a question that only a line of the
    file can answer is left in it to be filled in.
    """
    content = content_of(given.inputs)
    classes, class_said = _classes(given, content)
    data = Data(
        task="classification",
        inputs=str(given.inputs),
        labels=None if given.references is None else str(given.references),
        content=content,
    )
    items = find_items(data.model_copy(update={"tensor": ClassTensor(classes=classes)}), Path)
    sizes = {item.input_size for item in items if item.input_size is not None}
    lines, said = input_lines(given.models[0], sizes, content)
    said = class_said + said
    questions: list[str] = []
    tensors = [_tensor(model, classes, sizes, content) for model in given.models]
    for model, tensor in zip(given.models, tensors, strict=True):
        try:
            codec = make_codec(model, tensor, content)
        except TensorQuestionError as question:
            questions.append(f"{question.what} {question.remedy}")
            continue
        for item in items:
            check_input(model, codec.given, item)
            check_label(model, codec, item)
        look = first_look(str(model.path), model, codec, items)
        said += [f"{model.path.name}: {look.said}."] if look.said is not None else []
        said += [f"{model.path.name} {text}." for text in look.told()]
    said += [f"A line is left to be filled in: {question}" for question in questions]
    number = len(classes) if classes is not None else len({item.label for item in items})
    first, second = map(_own_lines, tensors)
    return TaskDraft(
        data=_tables(given, content, classes, lines, questions),
        candidate_line="" if first == second else f"tensor = {{ {second} }}   # where it differs from data.tensor\n",
        metrics=_metrics(number),
        rules=RULES,
        said=said,
    )


def _metrics(classes: int) -> list[str]:
    top5 = ["top5"] if classes >= _MANY_FOR_TOP5 else []
    return ["top1", *top5, "class_accuracy", "brier_score", "calibration_error"]


def _classes(given: DraftData, content: Content) -> tuple[list[str] | None, list[str]]:
    """The classes by name, in the order in which most training programs number them; None for labels that are places.
    And what a person should know.
    """
    if given.references is None:
        found = in_folders(given.inputs, content)
        labels = sorted({label for _, label in found.values()})
    else:
        labels = sorted(set(read_labels(given.references).values()))
    if all(label.isascii() and label.isdigit() for label in labels):
        class_names(labels, None, str(given.references))
        return None, ["Labels are numbers: they are taken for places in the models' output, 0 its first."]
    row = next((each for each in given.models[0].outputs if (scores_in(each) or 0) > 1), given.models[0].outputs[0])
    number = scores_in(row)
    if number not in {None, len(labels)} and not (number == 1 and len(labels) == 2):
        return labels, [
            f"The {len(labels)} labels are not as many as the {number} scores of {given.models[0].path.name}: name"
            " every class in its order in [data.tensor] classes."
        ]
    return labels, [
        "The order of the models' classes is taken to be that of the alphabet, as most training programs have it:"
        " check [data.tensor] classes."
    ]


def _tensor(model: ModelFile, classes: list[str] | None, sizes: set[tuple[int, int]], content: Content) -> ClassTensor:
    if content == "tensors":
        return ClassTensor(classes=classes)
    size = fixed_size(model.inputs[0])
    resized = size is not None and bool(sizes - {size})
    own = model.inputs[0].dtype in OWN_LEVELS and model.inputs[0].scale is None
    told = None if own else range_told(model.inputs[0])
    fields = {
        "classes": classes,
        **({"range": told} if told is not None else {}),
        **({"resize": size, "kernel": "bilinear"} if resized else {}),
    }
    return ClassTensor.model_validate(fields)


def _own_lines(tensor: ClassTensor) -> str:
    """What an arm's own table would say."""
    parts = []
    if tensor.classes is not None:
        parts.append(f"classes = {_listed(tensor.classes)}")
    if "range" in tensor.model_fields_set:
        parts.append(f"range = [{tensor.range[0]}, {tensor.range[1]}]")
    if isinstance(tensor.resize, tuple):
        parts.append(f'resize = [{tensor.resize[0]}, {tensor.resize[1]}], kernel = "{tensor.kernel}"')
    return ", ".join(parts)


def _listed(classes: str | list[str]) -> str:
    return json.dumps(classes, ensure_ascii=False).replace("\x7f", "\\u007f")


def _tables(given: DraftData, content: Content, classes: list[str] | None, lines: str, questions: list[str]) -> str:
    labels = (
        f"labels = {given.references_toml}   # a CSV file: item,label\n"
        if given.references is not None
        else '# labels = "labels.csv"   # a CSV file (item,label); without it, each folder is a class\n'
    )
    if classes is None:
        named = '# classes = "classes.txt"   # names in the order of the model\'s output, one a line; without, places\n'
    elif len(classes) > _MOST_LISTED:
        named = f"# {len(classes)} classes; a file with one a line is shorter\nclasses = {_listed(classes)}\n"
    else:
        named = f"classes = {_listed(classes)}   # in the order of the model's output\n"
    asked = "".join(f"# TO BE FILLED IN: {_comment(question)}\n" for question in questions)
    endings = ", ".join(sorted(suffixes_of(content)))
    return f"""\
[data]
task = "classification"
inputs = {given.inputs_toml}
{labels}content = "{content}"     # {endings}
# limit = 50              # only the first so many, by name
# scene_separator = "__"  # items named SCENE__N are of one scene: statistics then count scenes, not items

[data.tensor]   # how an item becomes a tensor, and what comes out; an arm may have its own
{named}scores = "auto"          # logits or probabilities; auto tells them from the values, and says so
# output = "scores"      # where the model puts out several tensors
{lines}{asked}"""


def _comment(text: str) -> str:
    """One line of what TOML takes in a comment: a model's names are a stranger's."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))

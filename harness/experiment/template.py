"""The text of a new experiment.toml: every key that matters, with a comment that says why."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from devices.runtimes.registry import runtime_for
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.models.model_file import ModelFile, read_model
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.names import DEFAULT_TASK
from harness.tasks.registry import TASKS


@dataclass(frozen=True)
class Draft:
    """What the user named."""

    name: str | None
    baseline: Path
    candidate: Path
    inputs: Path
    references: Path | None
    out: Path
    task: str | None = None
    """None: as models and files look."""


@dataclass(frozen=True)
class Written:
    """A new experiment, and what a person should know before anything is measured."""

    text: str
    said: list[str]


def write_draft(draft: Draft) -> str:
    """The TOML text. Raises as `write_and_say` does."""
    return write_and_say(draft).text


def write_and_say(draft: Draft) -> Written:
    """The TOML text, and what was seen of the models. Raises `UserError` where the models or items would not run
    together; a question that only a line of the file can answer is left in it to be filled in.
    """
    models = [read_model(draft.baseline), read_model(draft.candidate)]
    home = draft.out.resolve().parent
    given = DraftData(
        models,
        draft.inputs,
        draft.references,
        _quoted(_relative(draft.inputs, home)),
        "" if draft.references is None else _quoted(_relative(draft.references, home)),
    )
    task, why = (draft.task, None) if draft.task is not None else _guess(given)
    told = TASKS[task].draft(given)
    text = _text(draft, models, told)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise UserError("the name of a model or a folder is not UTF-8 text", "Rename it, or move it.") from None
    parse_experiment(content, draft.out)  # what we write, we can read
    return Written(text, [*([] if why is None else [why]), *told.said])


def _guess(given: DraftData) -> tuple[str, str | None]:
    """The task that models and files speak for, and the sentence that says so; the default where none does."""
    for task in TASKS.values():
        why = task.guess(given)
        if why is not None:
            return task.name, f"{why}: taken for the task {task.name}. Another is named with --task."
    return DEFAULT_TASK, None


def _text(draft: Draft, models: list[ModelFile], told: TaskDraft) -> str:
    home = draft.out.resolve().parent
    names = _arm_names(draft)
    question = f"Can {names[1]} replace {names[0]}?"
    return f"""\
# A bake-off between two builds of a model. Paths are relative to this file.
schema = 1
name = {_quoted(draft.name or f"{names[1]} against {names[0]}"[:200])}
question = {_quoted(question)}

{told.data}
[[arms]]
name = {_quoted(names[0])}
role = "baseline"
model = {_quoted(_relative(draft.baseline, home))}
runtime = "{runtime_for(models[0].format).name}"   # a version may be given: "onnxruntime==1.32.0"
threads = 2

[[arms]]
name = {_quoted(names[1])}
role = "candidate"
model = {_quoted(_relative(draft.candidate, home))}
runtime = "{runtime_for(models[1].format).name}"
threads = 2
{told.candidate_line}
[measure]
pairs = 30             # pairs of blocks, the order within each drawn at random; 20 is the least that decides much
block_ms = 250         # how long a block of the slower arm lasts
memory_repeats = 5     # fresh processes per arm
max_minutes = 60       # no new pair is begun after this
metrics = {json.dumps(told.metrics)}

# Rules are written before the run; the verdict follows from them alone.
# ship: every rule is met on every device. hold: one is broken. undecided: more is needed, and the report says how much.

[[rules]]
quantity = "latency_p50"
improve_by_at_least = "5 %"

[[rules]]
quantity = "run_peak_memory"
no_worse_than = "10 %"
{told.rules}"""


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

"""A task's part of a new experiment.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile


@dataclass(frozen=True)
class DraftData:
    """What the user named: models (the baseline first), and where inputs and references lie. `references` is a folder,
    for tasks with labels a CSV file; None where inputs lie in folders that say it.
    """

    models: Sequence[ModelFile]
    inputs: Path
    references: Path | None
    inputs_toml: str
    references_toml: str
    """The two as TOML strings, relative to the experiment; empty where there is none."""

    @property
    def reference_folder(self) -> Path:
        """The references, for a task that cannot do without. Raises `UserError`."""
        if self.references is None:
            raise UserError(
                "where the references are is not said", "Name their folder: --references. Labels may be a CSV file."
            )
        return self.references


@dataclass(frozen=True)
class TaskDraft:
    """TOML text and names that the experiment is written around."""

    data: str
    """The tables `[data]` and `[data.tensor]`, with comments."""
    candidate_line: str
    """A line of the candidate's table, for where its tensors differ; empty where they do not."""
    metrics: list[str]
    rules: str
    """The tables of the rules on quality."""
    said: list[str] = field(default_factory=list)
    """What a person should know before anything is measured, a sentence each."""

"""A task's part of a new experiment.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile


@dataclass(frozen=True)
class DraftData:
    """What the user named: models (the baseline first), and where inputs and references lie."""

    models: Sequence[ModelFile]
    inputs: Path
    references: Path
    inputs_toml: str
    references_toml: str
    """The two folders as TOML strings, relative to the experiment."""


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

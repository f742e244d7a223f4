"""What the table [data] of experiment.toml has for every task."""

from __future__ import annotations

from pydantic import Field

from harness.tasks.declared_table import DeclaredTable


class ItemData(DeclaredTable):
    """The items: a folder of inputs."""

    inputs: str
    limit: int | None = Field(default=None, ge=1)
    """Use the first so many items, by name."""
    scene_separator: str | None = None
    """Items whose stems agree up to this text are of one scene, which is then the unit of statistics for quality."""


class TaskData(ItemData):
    """The items: inputs, and references matched by file stem."""

    references: str

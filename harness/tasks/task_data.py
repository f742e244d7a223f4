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
    groups: str | None = Field(default=None, min_length=1)
    """Groups that a score is also judged in: `folders`, where inputs lie in a folder for each, or a CSV file of tags
    (item,tag).
    """


class TaskData(ItemData):
    """The items: inputs, and references matched by file stem."""

    references: str

"""One item of a data set: what goes in, and the reference that what comes out is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class TaskItem:
    """What every task's items have. A path is a file, or a folder of files that are one item together."""

    stem: str
    """The user's own name for it."""
    scene: str
    """The scene it comes from; its own stem where no scenes are declared."""
    input_path: Path
    reference_path: Path
    label: str | None = field(default=None, kw_only=True)
    """Its class, where the task's references are labels; `reference_path` is then that of the input, or of what else
    the label comes with.
    """
    groups: tuple[str, ...] = field(default=(), kw_only=True)
    """The groups that it is in, such as `night`; none where the experiment declares none."""
    input_sha256: str | None = field(default=None, kw_only=True)
    reference_sha256: str | None = field(default=None, kw_only=True)
    """The fingerprints of what lies at the paths; None until the task's `read_items` has read them."""

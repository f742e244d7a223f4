"""One output on its way from a file to the metrics: read, then decoded once for all who ask, or why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.analysis.tables.outputs import Output, load_output

if TYPE_CHECKING:
    from harness.documents.manifest import ManifestArm
    from harness.tasks.task import AnyTask


@dataclass(frozen=True)
class Unread:
    """Stands for what cannot be read."""

    reason: str


class MadeOutput:
    """What an arm made of an item."""

    def __init__(self, task: AnyTask, arm: ManifestArm, output: Output, given: Any) -> None:
        """Reads the tensors; `given` is the item's input, as the task reads it."""
        self._task, self._arm, self._given = task, arm, given
        self._decoded: list[Any] = []
        try:
            self.tensors = load_output(task, arm, output, given)
            """Those of the whole item; none where they cannot be read."""
        except (OSError, ValueError) as error:
            self.tensors = []
            # Without its path, so that what many items lack is told once.
            gone = isinstance(error, FileNotFoundError)
            self._decoded.append(Unread("its file was never fetched or is gone" if gone else str(error)))
        self.is_read = not self._decoded

    @property
    def noun(self) -> str:
        """What the task calls such a thing."""
        return self._task.nouns.output

    def get(self) -> Any:
        """As the metrics take it, decoded when it is first asked for; or `Unread`."""
        if not self._decoded:
            try:
                self._decoded.append(self._task.decode(self._arm.codec, self.tensors, self._given))
            except (OSError, ValueError) as error:
                self._decoded.append(Unread(str(error)))
        return self._decoded[0]

    def get_or_none(self) -> Any:
        """As `get`, and None for `Unread`."""
        found = self.get()
        return None if isinstance(found, Unread) else found

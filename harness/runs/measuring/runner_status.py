"""What a device's records have said so far: which runner is at work, how far it is, and whether it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.documents.plan import steps_of_pass
from harness.documents.records import GateWaiting, PassStopped, RunnerFinished, RunnerStarted, WarmUpBlock
from harness.words.gates import waiting_in_words

if TYPE_CHECKING:
    from harness.documents.plan import Plan
    from harness.documents.records import Record
    from harness.runs.measuring.run_kind import HowFar
    from harness.runs.measuring.unplugged import UnpluggedPass
    from harness.runs.session.progress import Progress


@dataclass
class RunnerStatus:
    """Takes every record of one device in turn, and says on the way what is worth saying."""

    device: str
    plan: Plan
    progress: Progress
    unplugged_pass: UnpluggedPass | None = None
    """Where its cable is to be pulled in the energy pass."""
    how_far: HowFar | None = None
    """None where the steps of the plan are counted."""
    runner_pid: int | None = None
    """The process id of the runner that wrote the newest `runner_started` record."""
    finished: str | None = None
    """Why that runner ended, in the word of its `runner_finished` record; None before it."""
    _done_steps: set[int] = field(default_factory=set)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left to be measured."""
        return self.finished in {"complete", "bound"}

    def take(self, record: Record, *, is_news: bool) -> None:
        """The next record; `is_news` unless it was here before this process began."""
        match record:
            case RunnerStarted():
                self.finished = None
                self.runner_pid = record.pid
            case RunnerFinished():
                self.finished = record.reason
            case PassStopped():
                self._done_steps.update(steps_of_pass(self.plan, record.of_pass))
            case _:
                pass
        words = None if self.unplugged_pass is None else self.unplugged_pass.take(record)
        if words is None and isinstance(record, GateWaiting):
            words = waiting_in_words(record, self.plan)
        if words is not None and is_news:
            self.progress.say(self.device, words)
        step: int | None = getattr(record, "step", None)
        if step is not None and not isinstance(record, (WarmUpBlock, GateWaiting)):
            self._done_steps.add(step)
        steps = ("measuring", len(self._done_steps), len(self.plan.steps))
        self.progress.advance(self.device, *(steps if self.how_far is None else self.how_far(record)))

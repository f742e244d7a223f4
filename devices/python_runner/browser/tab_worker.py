"""The web arms of a plan, as the conductor has them: workers that share one process, the tab holder."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.browser.program import remove_stale_profiles
from devices.python_runner.log import one_line
from devices.python_runner.worker_process import WorkerFailedError, WorkerProcess

if TYPE_CHECKING:
    from devices.python_runner.sampler import Sampler
    from devices.python_runner.stop import StopRequests

_HOLDER_EXTRA_NS = 60_000_000_000
"""The holder itself ends what takes longer than a request may; the conductor waits so much longer for that."""
_CLOSE_TIMEOUT_S = 30.0
"""For browsers to end by themselves, and their profiles to be removed."""


class TabWorkers:
    """Starts the holder with the first web arm that works, and again after it was closed or was lost."""

    def __init__(self, plan: dict[str, Any], folder: Path, stops: StopRequests, program: Path) -> None:
        self._arms = [arm for arm in plan["arms"] if arm.get("web") is not None]
        self._timeout_ns: int = plan["step_timeout_ns"]
        self._folder, self._stops, self._program = folder, stops, program
        self._holder: WorkerProcess | None = None

    def worker(self, arm: str) -> TabWorker:
        """The worker of a web arm. Raises WorkerFailedError where the holder cannot be started."""
        if self._holder is None:
            prefix = next(each["worker"] for each in self._arms if each["id"] == arm)
            argv = [*prefix, str(self._program), "--browser"]
            self._holder = WorkerProcess(argv, self._folder, self._stops, self._timeout_ns)
            self.ask(arm, "open", 0, None, {"arms": self._arms, "folder": str(self._folder)}, is_of_all=True)
        return TabWorker(self, arm, self._holder)

    def ask(
        self,
        arm: str,
        do: str,
        lasts_ns: int,
        meanwhile: Sampler | None,
        fields: dict[str, Any],
        *,
        is_of_all: bool = False,
    ) -> dict[str, Any]:
        """One request of an arm. Raises WorkerFailedError; the arm's frame is gone after that."""
        if self._holder is None:
            raise WorkerFailedError("BrowserEnded", f"the browser of arm {arm} was ended before")
        timeout_ns = self._timeout_ns + lasts_ns
        asked = {**fields, "timeout_ns": timeout_ns, **({} if is_of_all else {"arm": arm})}
        try:
            reply = self._holder.exchange(do, timeout_ns + _HOLDER_EXTRA_NS, meanwhile, **asked)
        except WorkerFailedError as failure:
            self._holder = None
            remove_stale_profiles(self._folder)
            others = [each["id"] for each in self._arms if each["id"] != arm]
            raise WorkerFailedError(failure.error, f"the holder of the tab: {failure.message}", others) from None
        if "error" in reply:
            raise WorkerFailedError(one_line(reply["error"], 200), one_line(reply["message"]), reply.get("gone", []))
        return reply

    def close(self, *, at_once: bool) -> None:
        """Ends the holder, and every browser with it."""
        holder, self._holder = self._holder, None
        if holder is None:
            return
        if at_once:
            holder.kill()
        else:
            holder.close(_CLOSE_TIMEOUT_S)
        remove_stale_profiles(self._folder)


class TabWorker:
    """An arm's frame: what a `WorkerProcess` is for an arm with a process of its own."""

    def __init__(self, tabs: TabWorkers, arm: str, holder: WorkerProcess) -> None:
        self._tabs = tabs
        self._arm = arm
        self._holder = holder
        self.working_pid = holder.pid

    @property
    def log_tail(self) -> str:
        """The holder's: a page writes none."""
        return ""

    def request(self, do: str, *, lasts_ns: int = 0, meanwhile: Sampler | None = None, **fields: Any) -> dict[str, Any]:
        """As a `WorkerProcess`: raises WorkerFailedError, and then the frame is gone."""
        return self._tabs.ask(self._arm, do, lasts_ns, meanwhile, fields)

    def kill(self) -> None:
        """Leaves it to `TabWorkers.close`, which follows: there is no process of the frame to be ended alone."""

    def close(self) -> None:
        """Removes the frame. What is wrong with it has no meaning any more."""
        with contextlib.suppress(WorkerFailedError):
            self._tabs.ask(self._arm, "close_frame", 0, None, {})

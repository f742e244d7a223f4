"""An installed metric asked in a process of its own, with a deadline: where it hangs or crashes, an item has no score,
and the rest goes on.
"""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
import threading
import time
import weakref
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from harness.metric_child import LENGTH_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metrics.metric import MetricSettings, Sample

_IN_A_ROW: Final = 3
"""After so many items on which it hung or crashed, one behind the other, it is not asked any more."""
_MOST_ANSWER_BYTES: Final = 1 << 20


class MetricProcessError(Exception):
    """It hung or crashed. The text follows the package's name: `did not answer within 120 s`."""


class MetricProcess:
    """The process, started when it is first asked, and anew after it hung or crashed; used from several threads, one at
    a time.
    """

    def __init__(self, entry: Sequence[str], settings: MetricSettings | None, deadline_s: float) -> None:
        """`entry`: name and value of the entry point; empty, with no settings, to be asked for the facts of any."""
        self._argv = [sys.executable, "-P", "-m", "harness.metric_child", *entry]
        self._settings = settings
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._ended: weakref.finalize[Any, Any] | None = None
        self._keys = count()
        self._failed_in_a_row = 0
        self.said = ""
        """How it computes, in its own words, once it was opened."""

    def open(self) -> dict[str, Any]:
        """Open the metric; its answer. Raises `MetricProcessError`."""
        with self._lock:
            return self._start()

    def facts(self, name: str, value: str) -> dict[str, Any]:
        """What an entry point says of itself. Raises `MetricProcessError`."""
        with self._lock:
            if self._child is None:
                self._spawn()
            return self._exchange((name, value))

    def new_key(self) -> str:
        """A name for a reference."""
        return str(next(self._keys))

    def prepare(self, key: str, reference: Sample) -> dict[str, Any]:
        """Its answer. Raises `MetricProcessError`."""
        with self._lock:
            return self._bounded([("reference", key, reference)])

    def score(self, key: str, reference: Sample, output: Sample) -> dict[str, Any]:
        """Its answer; the reference is given again where it was let go of. Raises `MetricProcessError`."""
        with self._lock:
            answer = self._bounded([("output", key, output)])
            if answer.get("unknown"):
                again = self._bounded([("reference", key, reference)])
                answer = again if "fault" in again else self._bounded([("output", key, output)])
            return answer

    def close(self) -> None:
        """End the process."""
        if self._ended is not None:
            self._ended()
        self._child = self._ended = None

    def _bounded(self, messages: list[Any]) -> dict[str, Any]:
        if self._failed_in_a_row >= _IN_A_ROW:
            raise MetricProcessError(f"hung or crashed on {_IN_A_ROW} items one behind the other, and is asked no more")
        try:
            if self._child is None:
                answer = self._start()
                if "fault" in answer:
                    return answer
            for message in messages:
                answer = self._exchange(message)
        except MetricProcessError:
            self._failed_in_a_row += 1
            raise
        if "value" in answer or "odd" in answer:  # preparing a reference proves nothing of scoring
            self._failed_in_a_row = 0
        return answer

    def _start(self) -> dict[str, Any]:
        self._spawn()
        answer = self._exchange(self._settings)
        self.said = str(answer.get("said", self.said))
        return answer

    def _spawn(self) -> None:
        self.close()
        self._child = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._ended = weakref.finalize(self, _end, self._child)

    def _exchange(self, message: Any) -> dict[str, Any]:
        """Raises `MetricProcessError` after the deadline, and where the process is gone or gives no answer."""
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise MetricProcessError("is not running")
        payload = pickle.dumps(message, protocol=5)
        waiting = memoryview(len(payload).to_bytes(LENGTH_BYTES, "big") + payload)
        answer = bytearray()
        until = time.monotonic() + self._deadline_s
        # Both ways at once: one that hangs does not read, and an item is more than a pipe holds.
        os.set_blocking(child.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdin, selectors.EVENT_WRITE)
            selector.register(child.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = until - time.monotonic()
                ready = selector.select(left) if left > 0.0 else []
                if not ready:
                    self.close()
                    raise MetricProcessError(f"did not answer within {self._deadline_s:g} s")
                for key, _ in ready:
                    if key.fileobj is child.stdin:
                        try:
                            waiting = waiting[os.write(child.stdin.fileno(), waiting) :]
                        except (BrokenPipeError, BlockingIOError):
                            continue
                        if not waiting:
                            selector.unregister(child.stdin)
                    elif chunk := os.read(child.stdout.fileno(), 1 << 16):
                        answer += chunk
                    else:
                        raise MetricProcessError(self._how_it_ended(child))
                if len(answer) > _MOST_ANSWER_BYTES:
                    self.close()
                    raise MetricProcessError("gave an answer without an end")
        try:
            found: dict[str, Any] = json.loads(answer)
        except ValueError:
            self.close()
            raise MetricProcessError("gave an answer that is none") from None
        return found

    def _how_it_ended(self, child: subprocess.Popen[bytes]) -> str:
        try:
            code = child.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code is None:
            return "closed its answers"
        return f"crashed (signal {-code})" if code < 0 else f"ended its process (exit code {code})"


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue

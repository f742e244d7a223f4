"""An arm's frame in a tab, as the holder has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devices.python_runner.browser.served import Served
from devices.python_runner.browser.web_socket import MalformedError, TooLargeError
from devices.python_runner.clock import clock_ns
from devices.python_runner.log import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ANSWER_BYTES = 1 << 18
"""The most bytes of an answer, beside what its lists of numbers may take."""
NUMBER_BYTES = 24
_MOST_EVENTS = 1000


class PageError(Exception):
    """A page failed, or said what it may not. `error` and `message` as an answer has them."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message


class PageGoneError(Exception):
    """A page's socket has ended."""


class Page:
    """A page that has opened its socket: the tab, or a frame."""

    def __init__(self, served: Served, watched: Sequence[int], on_watched: Callable[[int], None]) -> None:
        self.served = served
        self._watched, self._on_watched = watched, on_watched
        self._number = 0
        self.sent_ns = self.came_ns = 0
        """When the last question was sent, and when its answer came."""

    def ask(self, do: str, timeout_ns: int, numbers: int = 0, **fields: Any) -> dict[str, Any]:
        """One question and its answer, in which so many numbers may stand.

        Raises PageError, TimeoutError, PageGoneError.
        """
        return self.answer_to(self.ask_without_waiting(do, **fields), timeout_ns, numbers)

    def ask_without_waiting(self, do: str, **fields: Any) -> int:
        """Sends a question; returns its number, for `answer_to`. Raises PageGoneError."""
        self._number += 1
        assert self.served.socket is not None
        try:
            self.sent_ns = clock_ns()
            self.served.socket.send({"id": self._number, "do": do, **fields})
        except OSError:
            raise PageGoneError from None
        return self._number

    def answer_to(self, number: int, timeout_ns: int, numbers: int = 0) -> dict[str, Any]:
        """The answer to a question that was sent. Raises as `ask` does."""
        socket = self.served.socket
        assert socket is not None
        deadline_ns = clock_ns() + timeout_ns
        most_bytes = ANSWER_BYTES + NUMBER_BYTES * numbers
        events = 0
        try:
            while True:
                message = socket.receive(deadline_ns, most_bytes, self._watched, self._on_watched)
                self.came_ns = clock_ns()
                # What is answered to a question that was given up comes late, and belongs to nobody.
                is_late = isinstance(message.get("id"), int) and message["id"] < number
                if "event" not in message and not is_late:
                    break
                events += 1
                if message.get("event") == "lost":
                    raise PageError("GpuLost", self.without_token(str(message.get("message"))))
                if events > _MOST_EVENTS:
                    raise PageError("PageAnswerMalformed", f"{events} events and no answer")
        except TooLargeError as error:
            raise PageError("PageAnswerTooLarge", str(error)) from None
        except MalformedError as error:
            raise PageError("PageAnswerMalformed", str(error)) from None
        except TimeoutError:
            raise
        except (EOFError, OSError):
            raise PageGoneError from None
        if message.get("id") != number:
            raise PageError("PageAnswerMalformed", f"an answer to question {one_line(str(message.get('id')), 40)}")
        if "error" in message:
            raise PageError(one_line(str(message["error"]), 200), self.without_token(str(message.get("message"))))
        return message

    def without_token(self, text: str) -> str:
        """A text of the page for the record: addresses in it are told without what makes them secret."""
        return one_line(text.replace(f"{self.served.token}/", ""), 1500)

    def close(self) -> None:
        """Ends its socket."""
        if self.served.socket is not None:
            self.served.socket.close()


def whole(answer: dict[str, Any], name: str, most: int = 1 << 62) -> int:
    """A member that is a whole number, 0 or more. Raises PageError."""
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise PageError("PageAnswerMalformed", f"{name} is {one_line(repr(value), 60)}, and no whole number from 0")
    return value


def wholes(answer: dict[str, Any], name: str, least: int, most: int) -> list[int]:
    """A member that is a list of so many whole numbers, 0 or more each. Raises PageError."""
    values = answer.get(name)
    if not isinstance(values, list) or not least <= len(values) <= most:
        count = len(values) if isinstance(values, list) else "no list"
        raise PageError("PageAnswerMalformed", f"{name} holds {count} numbers, not {least} to {most}")
    if any(isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1 << 53 for value in values):
        raise PageError("PageAnswerMalformed", f"{name} holds what is no whole number from 0")
    return values


def texts(answer: dict[str, Any], name: str) -> dict[str, str]:
    """A member that gives texts names. Raises PageError."""
    values = answer.get(name, {})
    if not isinstance(values, dict) or len(values) > 64:
        raise PageError("PageAnswerMalformed", f"{name} is no table of texts")
    return {one_line(str(key), 60): one_line(str(value), 500) for key, value in values.items()}


def told_notes(answer: dict[str, Any]) -> list[str]:
    """What a page notes beside its answer, the first few, a line each."""
    notes = answer.get("notes")
    return [one_line(str(note), 500) for note in notes[:16]] if isinstance(notes, list) else []


def tensors(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A member that lists tensors, as `harness.models.tensor_info.TensorInfo`. Raises PageError."""
    values = answer.get(name)
    if not isinstance(values, list) or len(values) > 256 or not all(isinstance(value, dict) for value in values):
        raise PageError("PageAnswerMalformed", f"{name} is no list of tensors")
    return [
        {
            "name": one_line(str(value.get("name")), 300),
            "dtype": one_line(str(value.get("dtype")), 40),
            "shape": _shape(value.get("shape"), name),
            "scale": None,
            "zero_point": None,
        }
        for value in values
    ]


def _shape(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > 32:
        raise PageError("PageAnswerMalformed", f"{name} has a shape that is no list")
    for size in value:
        is_size = isinstance(size, int) and not isinstance(size, bool) and -1 <= size < 1 << 48
        if not (is_size or size is None or (isinstance(size, str) and len(size) <= 300)):
            raise PageError("PageAnswerMalformed", f"{name} has a size {one_line(repr(size), 60)}")
    return value

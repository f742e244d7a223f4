"""One HTTP request to a server that somebody named: in bounded time, with a few attempts, to that server alone.

The client is the standard library's, with its proxies from the environment. What the server says is not believed: a
redirect is followed on the same host only, an answer is read up to a bound, and an attempt that takes too long is left
alone, whatever it waits for.
"""

from __future__ import annotations

import http.client
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final
from urllib.parse import urljoin, urlsplit

from harness.nightly.telling.teller import TellingError
from harness.words.printable import printable

MOST_ANSWER_BYTES: Final = 64 * 1024
MOST_REDIRECTS: Final = 3
MOST_WAIT_S: Final = 60.0
_AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS: Final = {307, 308}
"""Those that keep method and body; others would make a question of what was to be told."""


@dataclass(frozen=True)
class Patience:
    """How long is waited for a server. Each pause between two attempts is twice the one before."""

    timeout_s: float
    attempts: int
    backoff_s: float


@dataclass(frozen=True)
class _Answer:
    status: int
    reason: str
    headers: Mapping[str, str]
    text: str


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def send(method: str, url: str, body: bytes, make_headers: Callable[[], Mapping[str, str]], patience: Patience) -> None:
    """Send until the server takes it (a status of 2xx). `make_headers` is asked for each attempt.

    Raises `TellingError`, which names the server and never the rest of the address: that may be a secret.
    """
    server = _server(url)
    pause_s = patience.backoff_s
    for attempt in range(1, patience.attempts + 1):
        is_last = attempt == patience.attempts
        wait_s = pause_s
        try:
            answer = _follow(method, url, body, make_headers(), patience.timeout_s)
        except ssl.SSLCertVerificationError as error:
            raise TellingError(
                f"{server}: its certificate is not trusted: {error.verify_message}",
                "Add the certificate authority to this computer's, or correct the address.",
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = f"no answer within {patience.timeout_s:g} s"
            problem = f"{server}: {late if isinstance(error, TimeoutError) else _in_words(error)}"
            if is_last:
                raise TellingError(f"{problem} ({_attempts(attempt)})", "Is the server there?") from None
        else:
            if 200 <= answer.status < 300:
                return
            problem = f"{server}: answered {answer.status} {answer.reason}{answer.text}"
            if answer.status not in _AGAIN or is_last:
                raise TellingError(f"{problem} ({_attempts(attempt)})", "Is the address right, and the secret?")
            wait_s = max(wait_s, _retry_after(answer))
        time.sleep(min(wait_s, MOST_WAIT_S))
        pause_s *= 2.0


def _follow(method: str, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> _Answer:
    ends = time.monotonic() + timeout_s
    for _ in range(MOST_REDIRECTS + 1):
        answer = _within(max(0.001, ends - time.monotonic()), method, url, body, headers)
        if not 300 <= answer.status < 400:
            return answer
        target = urljoin(url, answer.headers.get("location", ""))
        if answer.status not in _REDIRECTS or _origin(target) != _origin(url):
            raise TellingError(
                f"{_server(url)}: sends elsewhere ({answer.status}), and nobody else is told",
                "Write the address that it leads to.",
            )
        url = target
    raise TellingError(f"{_server(url)}: sends round and round", "Write the address that it leads to.")


def _within(timeout_s: float, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> _Answer:
    """One exchange in a thread of its own: a time-out of a socket begins anew with every byte, and looking up a name
    has none.
    """
    results: queue.Queue[_Answer | Exception] = queue.Queue(1)

    def exchange() -> None:
        try:
            results.put(_exchange(timeout_s, method, url, body, headers))
        except Exception as error:
            results.put(error)

    threading.Thread(target=exchange, daemon=True, name="bakeoff-telling").start()
    try:
        result = results.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, Exception):
        raise result
    return result


def _exchange(timeout_s: float, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> _Answer:
    ends = time.monotonic() + timeout_s
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return _answer(response, ends)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error, ends)
    except urllib.error.URLError as error:
        if isinstance(error.reason, Exception):
            raise error.reason from None
        raise OSError(str(error.reason)) from None


def _answer(response: Any, ends: float) -> _Answer:
    """The status decides; of the text a beginning is read, for the person who mends it."""
    content = b""
    while len(content) < MOST_ANSWER_BYTES and time.monotonic() < ends:
        try:
            more = response.read1(4096) if hasattr(response, "read1") else response.read(4096)
        except (OSError, http.client.HTTPException, ValueError):
            break
        if not more:
            break
        content += more
    text = printable(" ".join(content[:400].decode("utf-8", "replace").split()))[:200]
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    return _Answer(int(response.status), printable(str(response.reason))[:80], headers, f": {text}" if text else "")


def _retry_after(answer: _Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return min(MOST_WAIT_S, float(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _attempts(count: int) -> str:
    return f"{count} attempt{'' if count == 1 else 's'}"


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower() if error.strerror[:2].istitle() else error.strerror
    return printable(str(error))[:200] or type(error).__name__


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


def _server(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port is not None else "")

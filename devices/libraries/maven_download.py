"""Archives fetched from Maven repositories that the user names in $BAKEOFF_MAVEN_REPOSITORY, and kept in the cache.

Several can be named, with spaces between them: they are asked in this order. A name and a password in the address
(`https://NAME:PASSWORD@host/maven`) are sent to that host alone, and never shown.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.cache import cache_folder
from devices.errors import PermanentError
from devices.libraries.maven_archive import Coordinates, FoundArchive, checksum_in, file_hash
from devices.said_number import whole_number

VARIABLE: Final = "BAKEOFF_MAVEN_REPOSITORY"
MAX_BYTES: Final = 1 << 30
STALL_S: Final = 30.0
"""A server that says nothing for this long is given up."""
DEADLINE_S: Final = 1800.0
_CHUNK: Final = 1 << 16
_MAX_CHECKSUM_BYTES: Final = 4096

Advance = Callable[[int, int], None]
"""Called with bytes done and in all; in all is 0 where the server does not say."""


class MavenError(PermanentError):
    """An archive cannot be had from a repository, with what to do."""


class _NotThereError(Exception):
    """The repository answers, and has no such file."""


@dataclass(frozen=True)
class _Repository:
    root: str
    """Without name and password."""
    authorization: str | None


def cached_archive(coordinates: Coordinates) -> FoundArchive | None:
    """One that was fetched before and is still whole."""
    for path in sorted(_folder(coordinates).glob(f"*/{coordinates.file_name}")):
        if file_hash(path, "sha256") == path.parent.name:
            origin = path.with_suffix(".origin")
            place = origin.read_text(encoding="utf-8") if origin.is_file() else "a Maven repository"
            return FoundArchive(path, path.parent.name, place)
    return None


def repositories_are_named() -> bool:
    """Whether there is anywhere to fetch from."""
    return bool(os.environ.get(VARIABLE, "").split())


def download_archive(coordinates: Coordinates, advance: Advance | None = None) -> FoundArchive:
    """Fetch, compare with the checksum that the repository gives beside it, keep under coordinates and hash.

    Raises `MavenError`.
    """
    folder = _folder(coordinates)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would fetch the same megabytes
        found = cached_archive(coordinates)
        return found or _fetch_from_any(coordinates, folder, advance or (lambda _done, _total: None))


def _fetch_from_any(coordinates: Coordinates, folder: Path, advance: Advance) -> FoundArchive:
    asked = []
    for text in os.environ.get(VARIABLE, "").split():
        repository = _parse(text)
        try:
            return _fetch(repository, coordinates, folder, advance)
        except _NotThereError:
            asked.append(repository.root)
    raise MavenError(
        f"{coordinates} is not in {' nor in '.join(asked) or 'any repository: none is named'}",
        f"Name one that has it: export {VARIABLE}=URL",
    )


def _fetch(repository: _Repository, coordinates: Coordinates, folder: Path, advance: Advance) -> FoundArchive:
    url = f"{repository.root}/{urllib.parse.quote(coordinates.path)}"
    until = time.monotonic() + DEADLINE_S
    kind, expected = _checksum(repository, url, until)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as temporary:
        part = Path(temporary) / coordinates.file_name
        whole = hashlib.sha256()
        with part.open("wb") as file, _open(repository, url, until) as answer:
            # Of a server that says something else the length is not known.
            total = whole_number(answer.headers.get("Content-Length") or "") or 0
            done = 0
            for chunk in _chunks(answer, url, MAX_BYTES, until):
                file.write(chunk)
                whole.update(chunk)
                done += len(chunk)
                advance(done, total)
        if total and done != total:
            raise MavenError(f"{url} ended after {done} of {total} bytes", "Try again.")
        if file_hash(part, kind) != expected:
            raise MavenError(
                f"{url} does not have the {kind.upper()} that stands beside it ({expected})",
                "It was damaged on its way, or changed. Try again; then ask whoever runs the repository.",
            )
        place = folder / whole.hexdigest()
        place.mkdir(exist_ok=True)
        part.replace(place / part.name)
    (place / part.name).with_suffix(".origin").write_text(repository.root, encoding="utf-8")
    return FoundArchive(place / part.name, place.name, repository.root)


def _checksum(repository: _Repository, url: str, until: float) -> tuple[str, str]:
    """The better of the checksums that stand beside a file."""
    for kind in ("sha256", "sha1"):
        try:
            with _open(repository, f"{url}.{kind}", until) as answer:
                text = b"".join(_chunks(answer, f"{url}.{kind}", _MAX_CHECKSUM_BYTES, until))
        except _NotThereError:
            continue
        digest = checksum_in(text.decode("utf-8", "replace"), kind)
        if digest is None:
            raise MavenError(f"{url}.{kind} is no checksum", f"Is {repository.root} a Maven repository?")
        return kind, digest
    _open(repository, url, until).close()  # raises where the archive is not there either
    raise MavenError(
        f"{url} has no .sha256 and no .sha1 beside it, so what comes cannot be checked",
        "Fetch it yourself, and name it with BAKEOFF_RUNTIME_LIBRARIES.",
    )


def _open(repository: _Repository, url: str, until: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "bakeoff", "Accept": "*/*"})
    if repository.authorization is not None:
        # Of the first request alone: a redirect may lead to another host.
        request.add_unredirected_header("Authorization", repository.authorization)
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(
            request, timeout=max(0.1, min(STALL_S, until - time.monotonic()))
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {404, 410}:
            raise _NotThereError from None
        if error.code in {401, 403}:
            remedy = f"Put a name and a password into {VARIABLE}: https://NAME:PASSWORD@host/path"
            raise MavenError(f"{url} is refused ({error.code})", remedy) from None
        raise MavenError(f"{url} cannot be fetched: {_in_one_line(error)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _cannot_be_fetched(url, error) from None
    return answer


def _chunks(answer: http.client.HTTPResponse, url: str, most: int, until: float) -> Iterator[bytes]:
    """What a server sends, as it comes, within bounds of size and time."""
    while True:
        try:
            chunk = answer.read1(_CHUNK)  # one look at the socket: a server that drips does not hold us
        except (OSError, http.client.HTTPException) as error:
            raise _cannot_be_fetched(url, error) from None
        most -= len(chunk)
        if most < 0:
            raise MavenError(f"{url} is larger than anything expected there")
        if time.monotonic() > until:
            raise MavenError(f"{url} did not arrive within {DEADLINE_S / 60:g} minutes", "Try again.")
        if not chunk:
            return
        yield chunk


def _cannot_be_fetched(url: str, error: Exception) -> MavenError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return MavenError(f"{url} cannot be fetched: the server said nothing for {STALL_S:g} s", "Try again.")
    words = reason.strerror if isinstance(reason, OSError) and reason.strerror else _in_one_line(reason)
    return MavenError(f"{url} cannot be fetched: {words}", f"Look at {VARIABLE}, the proxy and the network.")


def _in_one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _parse(text: str) -> _Repository:
    # Its own words are not shown: they may hold a password.
    wrong = MavenError(f"{VARIABLE} holds what is no http or https address", f"Such as: export {VARIABLE}=https://…")
    try:
        parts = urllib.parse.urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not host:
        raise wrong
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    authorization = None
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return _Repository(f"{parts.scheme}://{place}{parts.path.rstrip('/')}", authorization)


def _folder(coordinates: Coordinates) -> Path:
    return cache_folder() / "maven" / coordinates.group / coordinates.artifact / coordinates.version

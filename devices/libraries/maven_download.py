"""Archives fetched from Maven repositories as a Gradle build would, and kept in the cache.

Their makers' public repositories are asked, unless the user names others in $BAKEOFF_MAVEN_REPOSITORY: several, with
spaces between them, are asked in this order, and an empty value lets nothing be fetched. A name and a password in the
address (`https://NAME:PASSWORD@host/maven`) are sent to that host alone, and never shown. The proxies of the
environment (`https_proxy`, `no_proxy`) are used.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import http.client
import os
import re
import shutil
import ssl
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from devices.cache import cache_folder
from devices.errors import PermanentError
from devices.libraries.maven_archive import CHECKSUM_KINDS, Coordinates, FoundArchive, checksum_in, file_hash
from devices.libraries.public_repositories import PUBLIC

VARIABLE: Final = "BAKEOFF_MAVEN_REPOSITORY"
MAX_BYTES: Final = 1 << 30
STALL_S: Final = 30.0
"""A server that says nothing for this long is given up."""
DEADLINE_S: Final = 1800.0
_CHUNK: Final = 1 << 16
_MAX_CHECKSUM_BYTES: Final = 4096
_MAX_LIST_BYTES: Final = 1 << 20
_SHOWN_VERSIONS: Final = 5
_LIBRARIES: Final = "BAKEOFF_RUNTIME_LIBRARIES"

Advance = Callable[[int, int], None]
"""Called with bytes done and in all; in all is 0 where the server does not say."""


class MavenError(PermanentError):
    """An archive cannot be had from a repository, with what to do."""


class _NotThereError(Exception):
    """The repository answers, and has no such file."""


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects on the web only, and never from https to http: what comes then could be anybody's."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        allowed = {"https"} if req.type == "https" else {"http", "https"}
        if urllib.parse.urlsplit(newurl).scheme not in allowed:
            fp.close()
            raise ValueError(f"it is redirected to {newurl[:200]}, and {' or '.join(sorted(allowed))} is asked for")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


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


def places_to_ask(coordinates: Coordinates) -> str | None:
    """Where an archive would be fetched from, in a few words; None where nothing may be fetched."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        count = len(named.split())
        return (f"the Maven {'repository' if count == 1 else 'repositories'} that you named") if count else None
    public = PUBLIC.get(coordinates.group)
    return f"{public.name} ({urllib.parse.urlsplit(public.url).hostname})" if public is not None else None


def without_internet(coordinates: Coordinates) -> str:
    """What to do where no repository can be reached, as in a lab of phones without internet."""
    return (
        f"Put the .aar of {coordinates} into a folder and name it: export {_LIBRARIES}=FOLDER. Or name a Maven"
        f" repository that has it: export {VARIABLE}=URL"
    )


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
    for repository in _repositories(coordinates):
        try:
            return _fetch(repository, coordinates, folder, advance)
        except _NotThereError:
            asked.append(repository)
    if not asked:
        raise MavenError(f"{coordinates} cannot be fetched: no repository is named", without_internet(coordinates))
    there = [version for repository in asked for version in _versions(repository, coordinates)]
    has = f"; it has {', '.join(dict.fromkeys(there))}" if there else ""
    raise MavenError(
        f"{coordinates} is not in {' nor in '.join(repository.root for repository in asked)}{has}",
        f"Give the arm's runtime a version that is there, or name a repository that has it: export {VARIABLE}=URL",
    )


def _repositories(coordinates: Coordinates) -> list[_Repository]:
    named = os.environ.get(VARIABLE)
    if named is not None:
        return [_parse(text) for text in named.split()]
    public = PUBLIC.get(coordinates.group)
    return [_Repository(public.url, None)] if public is not None else []


def _versions(repository: _Repository, coordinates: Coordinates) -> list[str]:
    """The newest versions that a repository has of an artifact, the newest first; none where it does not say."""
    url = f"{repository.root}/{urllib.parse.quote(coordinates.folder)}/maven-metadata.xml"
    until = time.monotonic() + STALL_S
    try:
        with _open(repository, url, until) as answer:
            text = b"".join(_chunks(answer, url, _MAX_LIST_BYTES, until)).decode("utf-8", "replace")
    except (_NotThereError, MavenError):  # not to be had is what is told already
        return []
    return re.findall(r"<version>\s*([0-9A-Za-z][0-9A-Za-z.+-]{0,39})\s*</version>", text)[: -_SHOWN_VERSIONS - 1 : -1]


def _fetch(repository: _Repository, coordinates: Coordinates, folder: Path, advance: Advance) -> FoundArchive:
    url = f"{repository.root}/{urllib.parse.quote(coordinates.path)}"
    until = time.monotonic() + DEADLINE_S
    kind, expected = _checksum(repository, url, until)
    for left in folder.glob(".part-*"):  # of a process that was killed: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as temporary:
        part = Path(temporary) / coordinates.file_name
        whole = _receive(repository, url, part, until, advance)
        if file_hash(part, kind) != expected:
            raise MavenError(
                f"{url} does not have the {kind.upper()} that stands beside it ({expected})",
                "It was damaged on its way, or changed. Try again; then ask whoever runs the repository.",
            )
        place = folder / whole
        place.mkdir(exist_ok=True)
        (place / part.name).with_suffix(".origin").write_text(repository.root, encoding="utf-8")
        part.replace(place / part.name)
    return FoundArchive(place / part.name, place.name, repository.root)


def _receive(repository: _Repository, url: str, part: Path, until: float, advance: Advance) -> str:
    """A file as it comes, into `part`; its SHA-256."""
    whole = hashlib.sha256()
    done = 0
    with part.open("wb") as file, _open(repository, url, until) as answer:
        total = answer.length or 0  # None where the server does not say, or says what is no number
        if total > MAX_BYTES:
            raise _too_large(url)
        for chunk in _chunks(answer, url, MAX_BYTES, until):
            try:
                file.write(chunk)
            except OSError as error:
                raise MavenError(
                    f"{part.parent.parent} cannot be written to: {error.strerror or error}",
                    "Make room there, or name another folder with BAKEOFF_CACHE.",
                ) from None
            whole.update(chunk)
            done += len(chunk)
            advance(done, total)
    if total and done != total:
        raise MavenError(f"{url} ended after {done} of {total} bytes", "Try again.")
    return whole.hexdigest()


def _checksum(repository: _Repository, url: str, until: float) -> tuple[str, str]:
    """The better of the checksums that stand beside a file."""
    for kind in CHECKSUM_KINDS:
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
        f"Fetch it yourself, and name it with {_LIBRARIES}.",
    )


def _open(repository: _Repository, url: str, until: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "bakeoff", "Accept": "*/*"})
    if repository.authorization is not None:
        # Of the first request alone: a redirect may lead to another host.
        request.add_unredirected_header("Authorization", repository.authorization)
    try:
        # Made anew each time: the proxies are those of the environment as it is now.
        answer: http.client.HTTPResponse = urllib.request.build_opener(_WebRedirects).open(
            request, timeout=max(0.1, min(STALL_S, until - time.monotonic()))
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {404, 410}:
            raise _NotThereError from None
        if error.code in {401, 403}:
            remedy = f"Put a name and a password into {VARIABLE}: https://NAME:PASSWORD@host/path"
            raise MavenError(f"{url} is refused ({error.code})", remedy) from None
        raise MavenError(f"{url} cannot be fetched: {_in_one_line(error)}", _try_again_or(url)) from None
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
            raise _too_large(url)
        if time.monotonic() > until:
            raise MavenError(f"{url} did not arrive within {DEADLINE_S / 60:g} minutes", "Try again.")
        if not chunk:
            return
        yield chunk


def _too_large(url: str) -> MavenError:
    return MavenError(f"{url} is larger than anything expected there", f"Is {url} what a Maven repository has?")


def _cannot_be_fetched(url: str, error: Exception) -> MavenError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        words = f"the server said nothing for {STALL_S:g} s"
    elif isinstance(reason, OSError) and reason.strerror:
        words = reason.strerror
    else:
        words = _in_one_line(reason)
    remedy = _try_again_or(url)
    if isinstance(reason, ssl.SSLCertVerificationError):
        remedy = f"A proxy that reads along has a certificate of its own: export SSL_CERT_FILE=FILE. {remedy}"
    return MavenError(f"{url} cannot be fetched: {words}", remedy)


def _try_again_or(url: str) -> str:
    """For whom the network or a proxy is in the way, and for a lab that has no internet."""
    archive = re.sub(r"\.sha\d+$", "", url)
    return (
        f"Look at the network and the proxy (https_proxy), and try again. Without internet: fetch {archive} elsewhere,"
        f" put it into a folder and export {_LIBRARIES}=FOLDER; or name a mirror: export {VARIABLE}=URL"
    )


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

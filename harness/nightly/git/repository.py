"""Where a repository is: a folder of the user's, or one that bakeoff keeps of a URL in its cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from devices.cache import cache_folder
from harness.documents.folder import DiskError
from harness.errors import UserError
from harness.nightly.git.command import FETCH_TIMEOUT_S, GitFolder

_URL: Final = re.compile(r"^(https?|ssh|git|file)://", re.IGNORECASE)
_SCP_LIKE: Final = re.compile(r"^[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:[^/:].*$")


class FetchError(UserError):
    """What is fetched cannot be had now: the network, a server or a password is missing, and another night may do."""


def is_url(repository: str) -> bool:
    """Whether it is fetched from elsewhere, rather than a folder on this computer."""
    return _URL.match(repository) is not None or _SCP_LIKE.match(repository) is not None


def shown_repository(repository: str) -> str:
    """It without a password."""
    secret = _password(repository)
    return repository.replace(f":{secret}@", "@", 1) if secret else repository


def open_repository(repository: str, base: Path, *, fetch: bool) -> GitFolder:
    """The repository that a suite in the folder `base` names, fetched first where that is asked for.

    Raises `FetchError` where it cannot be fetched, `UserError` where there is none, and for a URL that is not to be
    fetched and of which nothing is here yet.
    """
    shown = shown_repository(repository)
    if is_url(repository):
        return _kept_of_url(repository, shown, fetch=fetch)
    path = Path(os.path.realpath(base / os.path.expanduser(repository)))  # noqa: PTH111  # as paths of an experiment
    if not path.is_dir():
        raise UserError(f"{shown}: no such folder", "A repository is a folder, or a URL beginning with https or ssh.")
    folder = GitFolder(path, shown)
    said = folder.run("rev-parse", "--git-dir")
    if said.exit_code != 0:
        raise UserError(f"{shown}: is not a git repository", "Name the folder that git clone made.")
    if fetch:
        _fetch(folder, "fetch", "--quiet", "--no-recurse-submodules", "--all", "--tags", "--force")
    return folder


def _kept_of_url(repository: str, shown: str, *, fetch: bool) -> GitFolder:
    name = hashlib.sha256(repository.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    path = cache_folder() / "repositories" / f"{name}.git"
    folder = GitFolder(path, shown, _password(repository), repository)
    with _alone(path):
        if not (path / "HEAD").exists():
            if not fetch:
                raise UserError(f"{shown}: was not fetched yet", "Add fetch = true to the suite.")
            path.mkdir(exist_ok=True)
            _fetch(folder, "init", "--quiet", "--bare", ".")
        if fetch:
            _fetch(
                folder,
                *("fetch", "--quiet", "--no-recurse-submodules", "--prune", "--force", "origin"),
                *("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/bakeoff/HEAD"),
            )
            folder.run("symbolic-ref", "HEAD", "refs/bakeoff/HEAD")
    return folder


def _fetch(folder: GitFolder, *arguments: str) -> None:
    said = folder.run(*arguments, may_fetch=True, timeout_s=FETCH_TIMEOUT_S)
    if said.exit_code != 0:
        raise FetchError(
            f"{folder.shown}: cannot be fetched: {said.reason}",
            f"Does `git fetch` work for this user without a question? ({folder.path})",
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two that fetch the same repository take turns."""
    lock = path.with_suffix(".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DiskError.of(lock, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _password(repository: str) -> str | None:
    if _URL.match(repository) is None:
        return None
    try:
        return urlsplit(repository).password
    except ValueError:
        return None

"""A model of a commit: which commit it is of, and its file in bakeoff's cache.

The commit of a model is the last one, as seen from the ref, that touched its file: a night after others that changed
nothing of the model is a night of the same commit.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.cache import cache_folder, sweep_parts
from harness.documents.folder import DiskError, safe_name
from harness.documents.nightly import CommitOfModel
from harness.errors import UserError
from harness.nightly.git.command import FETCH_TIMEOUT_S, GitFolder, git_lfs_is_there
from harness.nightly.git.repository import FetchError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHA: Final = re.compile(r"^[0-9a-f]{40}$|^[0-9a-f]{64}$")
_REF: Final = re.compile(r"^(?![-.])(?!.*\.\.)[^\x00-\x20\x7f:?*\[\\]{1,200}$")
_PATH: Final = re.compile(r"^(?!/)(?!.*(^|/)\.\.?(/|$))(?!.*//)[^\x00-\x1f\x7f\\:]{1,500}(?<!/)$")
_POINTER_START: Final = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER: Final = re.compile(rb"^oid sha256:([0-9a-f]{64})$[\s\S]*^size ([0-9]{1,15})$", re.MULTILINE)
_MOST_POINTER_BYTES: Final = 1024
_MOST_BYTES: Final = 16 << 30
_PIECE: Final = 1 << 20
_MOST_COMMITS: Final = 10_000
_FORMAT: Final = "--format=%H%x00%an%x00%cI%x00%s%x00"


@dataclass(frozen=True)
class LfsPointer:
    """What git has of a file that Git LFS keeps."""

    sha256: str
    bytes: int


def is_ref(text: str) -> bool:
    """Whether it may be the name of a commit: a branch, a tag, a hash, `main~3`; no option and no range."""
    return _REF.match(text) is not None


def is_path_in_repository(text: str) -> bool:
    """Whether it may be a file's path in a repository: relative, with `/`, and never out of it."""
    return _PATH.match(text) is not None


def find_model(folder: GitFolder, arm: str, ref: str, path: str) -> CommitOfModel:
    """The commit that gave `path` what it is at `ref`. Raises `UserError` where either is not there."""
    tip = find_commit(folder, ref)
    kind = folder.run("cat-file", "-t", f"{tip}:{path}")
    if kind.exit_code != 0:
        raise UserError(f"{folder.shown}: {ref!r} has no file {path!r}", "Paths are from the repository's top.")
    if kind.stdout.strip() != b"blob":
        raise UserError(f"{folder.shown}: {path!r} at {ref!r} is a folder, and a model is a file")
    found = _commits(folder, arm, ref, path, ["-1", tip])
    if not found:
        raise UserError(f"{folder.shown}: {ref!r} does not say which commit {path!r} is of", "Is the clone shallow?")
    return found[0]


def find_commit(folder: GitFolder, ref: str) -> str:
    """The full hash of a ref's commit. Raises `UserError` where there is none."""
    if not is_ref(ref):
        raise UserError(f"{ref!r} is not the name of a commit", "Name a branch, a tag or a hash.")
    said = folder.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    sha = said.stdout.decode("ascii", "replace").strip()
    if said.exit_code != 0 or not _SHA.match(sha):
        raise UserError(f"{folder.shown}: has no commit {ref!r}", _nearest_ref(folder, ref))
    return sha


def commits_between(folder: GitFolder, arm: str, good: str, bad: str, path: str) -> list[CommitOfModel]:
    """The commits after `good` and up to `bad` that touched `path`, the oldest first; at most 10,000.

    Raises `UserError` where either is not there, or `good` is no ancestor of `bad`.
    """
    first, last = find_commit(folder, good), find_commit(folder, bad)
    if folder.run("merge-base", "--is-ancestor", first, last).exit_code != 0:
        raise UserError(f"{folder.shown}: {good} is not among the commits that led to {bad}", "Name them in order.")
    return _commits(
        folder, arm, bad, path, [f"--max-count={_MOST_COMMITS}", "--topo-order", "--reverse", f"{first}..{last}"]
    )


def model_file(folder: GitFolder, commit: CommitOfModel, *, fetch: bool) -> Path:
    """The model of a commit as a file in bakeoff's cache, named as in the repository.

    A file that Git LFS keeps is taken from the repository's own store; where it is not there, and `fetch` allows it,
    `git lfs` gets it. Raises `UserError`.
    """
    said = folder.run("rev-parse", "--verify", "--quiet", f"{commit.sha}:{commit.path}")
    blob = said.stdout.decode("ascii", "replace").strip()
    if said.exit_code != 0 or not _SHA.match(blob):
        raise UserError(f"{folder.shown}: commit {commit.sha[:12]} has no file {commit.path!r}")
    size = _size(folder, blob, commit)
    pointer = _pointer(folder, blob) if size <= _MOST_POINTER_BYTES else None
    kept = cache_folder() / "models-from-git" / blob / safe_name(commit.path.rsplit("/", 1)[-1], limit=100)
    if not _is_whole(kept, blob, pointer):
        _make_folder(kept.parent)
        part = kept.parent / f".part-{secrets.token_hex(8)}"
        try:
            if pointer is None:
                _write_blob(folder, blob, part)
            else:
                _write_lfs(folder, pointer, blob, commit, part, fetch=fetch)
            if not _is_whole(part, blob, pointer):
                raise UserError(f"{folder.shown}: {commit.path!r} is not what its hash says", "Run `git fsck` there.")
            part.replace(kept)
        except OSError as error:
            raise DiskError.of(kept, error) from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    return kept


def _commits(folder: GitFolder, arm: str, ref: str, path: str, what: Iterable[str]) -> list[CommitOfModel]:
    said = folder.run("rev-list", _FORMAT, *what, "--", path)
    if said.exit_code != 0:
        raise UserError(f"{folder.shown}: its history cannot be read: {said.reason}", "Run `git fsck` there.")
    found = []
    # `rev-list` with a format says `commit HASH` on a line before each.
    for text in said.stdout.decode("utf-8", "replace").split("\0\n"):
        parts = text.split("\n", 1)[-1].split("\0")
        if len(parts) == 4 and _SHA.match(parts[0]):
            sha, author, committed_at, message = parts
            found.append(
                CommitOfModel(
                    arm=arm,
                    repository=folder.shown,
                    ref=ref,
                    sha=sha,
                    path=path,
                    message=message[:500],
                    author=author[:200],
                    committed_at=committed_at[:40],
                )
            )
    return found


def _nearest_ref(folder: GitFolder, ref: str) -> str:
    import difflib

    said = folder.run("for-each-ref", "--count=500", "--format=%(refname:short)")
    known = said.stdout.decode("utf-8", "replace").split()
    close = difflib.get_close_matches(ref, known, 1, 0.6)
    return f"Did you mean {close[0]!r}?" if close else "`git fetch` there, or fetch = true in the suite, gets new ones."


def _size(folder: GitFolder, blob: str, commit: CommitOfModel) -> int:
    said = folder.run("cat-file", "-s", blob)
    text = said.stdout.strip()
    if said.exit_code != 0 or not text.isdigit():
        raise UserError(
            f"{folder.shown}: {commit.path!r} of commit {commit.sha[:12]} is not there: {said.reason}",
            "A clone that leaves files out lacks it: clone it whole, or run `git fetch --refetch` there.",
        )
    if int(text) > _MOST_BYTES:
        raise UserError(f"{folder.shown}: {commit.path!r} has {int(text):,} bytes, and a model at most 16 GiB")
    return int(text)


def _pointer(folder: GitFolder, blob: str) -> LfsPointer | None:
    content = folder.run("cat-file", "blob", blob).stdout
    found = _POINTER.search(content) if content.startswith(_POINTER_START) else None
    return LfsPointer(found[1].decode(), int(found[2])) if found is not None else None


def _write_blob(folder: GitFolder, blob: str, into: Path) -> None:
    with into.open("wb") as file:
        said = folder.run("cat-file", "blob", blob, into=file, timeout_s=FETCH_TIMEOUT_S)
    if said.exit_code != 0:
        raise UserError(f"{folder.shown}: cannot be read: {said.reason}", "Run `git fsck` there.")


def _write_lfs(
    folder: GitFolder, pointer: LfsPointer, blob: str, commit: CommitOfModel, into: Path, *, fetch: bool
) -> None:
    store = _lfs_store(folder) / pointer.sha256[:2] / pointer.sha256[2:4] / pointer.sha256
    if store.is_file() and _sha256(store) == pointer.sha256:
        with store.open("rb") as source, into.open("wb") as target:
            while piece := source.read(_PIECE):
                target.write(piece)
        return
    what = f"{folder.shown}: {commit.path!r} of commit {commit.sha[:12]} is kept by Git LFS, and is not here"
    if not fetch:
        raise UserError(what, f"Run `git lfs fetch --all` in {folder.path}, or add fetch = true to the suite.")
    if not git_lfs_is_there():
        raise UserError(f"{what}; git-lfs, which would get it, is not installed", "Install git-lfs.")
    content = folder.run("cat-file", "blob", blob).stdout
    with into.open("wb") as file:
        said = folder.run(
            *("lfs", "smudge", "--", commit.path), stdin=content, into=file, may_fetch=True, timeout_s=FETCH_TIMEOUT_S
        )
    if said.exit_code != 0:
        raise FetchError(
            f"{what}; `git lfs` could not get it: {said.reason}", "Was it ever pushed with `git lfs push`?"
        )


def _lfs_store(folder: GitFolder) -> Path:
    said = folder.run("rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(os.fsdecode(said.stdout.rstrip(b"\n"))) / "lfs" / "objects"


def _is_whole(path: Path, blob: str, pointer: LfsPointer | None) -> bool:
    """Whether a file holds what its name says; one that was changed since is taken anew."""
    try:
        if pointer is not None:
            return path.stat().st_size == pointer.bytes and _sha256(path) == pointer.sha256
        digest = hashlib.sha1(usedforsecurity=False) if len(blob) == 40 else hashlib.sha256()
        digest.update(b"blob %d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest() == blob
    except FileNotFoundError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_parts(folder)
    except OSError as error:
        raise DiskError.of(folder, error) from None

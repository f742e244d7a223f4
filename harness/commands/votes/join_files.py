"""`bakeoff votes RUN FILE…`: vote files joined into votes/votes.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.commands.votes.join_votes import join_votes
from harness.commands.votes.make_page import read_key
from harness.commands.votes.read_votes import read_votes
from harness.documents.folder import read_model, write_model
from harness.documents.joined_votes import JoinedVotes
from harness.errors import UserError
from harness.runs.session.folder_lock import claimed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.documents.folder import RunFolder


@dataclass(frozen=True)
class JoinedFiles:
    """What was written, and which files do not count."""

    votes: JoinedVotes
    noun: str
    refused: list[str]
    doubled: list[str]


def join_files(folder: RunFolder, files: Sequence[Path]) -> JoinedFiles:
    """Join these files, and these alone: what was joined before is replaced.

    Raises `UserError` where the run has made no page, or none of the files is a vote of it; votes.json is then as it
    was.
    """
    manifest = folder.read_manifest()
    with claimed(folder):
        key = read_key(folder, manifest.run_id)
        if not key.ballots:
            raise UserError(
                f"{folder.path}: this run has not asked anybody (it has no votes/key.json)",
                "`bakeoff votes RUN --page` makes the page that asks.",
            )
        found = read_votes(files, key)
        if not found.voters:
            first, more = found.refused[0], len(found.refused) - 1
            raise UserError(
                first if more == 0 else f"{first} (and {more} more files that do not count)",
                "Join files as the pages of this run exported them.",
            )
        votes = join_votes(key, found.voters)
        write_model(folder.votes, votes)
    return JoinedFiles(votes, manifest.experiment.task.nouns.singular, found.refused, found.doubled)


def read_joined_votes(folder: RunFolder, run_id: str) -> JoinedVotes | None:
    """votes/votes.json of a run; None where nobody voted yet. Raises `UserError` where it is of another run."""
    if not folder.votes.exists():
        return None
    votes = read_model(folder.votes, JoinedVotes)
    if votes.run_id != run_id:
        raise UserError(
            f"{folder.votes}: is of run {votes.run_id}, and this is run {run_id}",
            "Join this run's own votes with `bakeoff votes`, or take the file out.",
        )
    return votes

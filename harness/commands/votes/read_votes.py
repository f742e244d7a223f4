"""Vote files, which come from anywhere: each one is of this run and whole, or refused in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.documents.vote import LONGEST_VOTE_BYTES, VOTE_SCHEMA, Vote, seal_of
from harness.plain_file import read_plain_file
from harness.statistics.vote_stopping import is_settled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.documents.ballot import Ballot, BallotKey, BallotPair
    from harness.documents.vote import Answer


@dataclass(frozen=True)
class Voter:
    """One session, held against the key: 1 is for the candidate, 0 for the baseline, ½ for neither."""

    file: Path
    ballot: Ballot
    vote: Vote
    votes: list[float]
    items: list[str]
    """What each vote is on, in order."""
    repeats: list[float]
    """How far apart the two answers to each pair that was asked twice are: 0, ½ or 1."""
    identical: list[bool]
    """Whether no difference was seen between a picture and itself, in order."""

    def count(self, vote: float) -> int:
        """How many votes are so."""
        return self.votes.count(vote)


@dataclass
class ReadVotes:
    """What was found in the files."""

    voters: list[Voter] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Sentences: the file, and why it does not count."""
    doubled: list[str] = field(default_factory=list)
    """Files that hold what another one holds, byte for byte; they count once."""


class _RefusedError(Exception):
    """Why a file does not count."""


def read_votes(files: Iterable[Path], key: BallotKey) -> ReadVotes:
    """Every file read and held against the run's key."""
    found, sessions = ReadVotes(), dict[str, Voter]()
    ballots = {ballot.ballot: ballot for ballot in key.ballots}
    for file in files:
        try:
            voter = _voter(file, _read(file), key.run_id, ballots)
            earlier = sessions.setdefault(voter.vote.session, voter)
            _refuse_another(voter, earlier)
        except _RefusedError as reason:
            found.refused.append(f"{file}: {reason}")
            continue
        if earlier is voter:
            found.voters.append(voter)
        else:
            found.doubled.append(f"{file}: is the same as {earlier.file.name} and counts once")
    return found


def _refuse_another(voter: Voter, earlier: Voter) -> None:
    if earlier.vote != voter.vote:
        raise _RefusedError(f"says otherwise than {earlier.file.name}, which is of the same session")


def _read(file: Path) -> Vote:
    try:
        content = read_plain_file(file, most_bytes=LONGEST_VOTE_BYTES)
    except OSError as error:
        raise _RefusedError(f"cannot be read: {error.strerror}") from None
    try:
        vote = Vote.model_validate_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        if VOTE_SCHEMA.encode() not in content:
            raise _RefusedError("is no file of votes") from None
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _RefusedError(
            f"is damaged: {place}: {first['msg']}" if place else f"is damaged: {first['msg']}"
        ) from None
    if seal_of(vote) != vote.seal:
        raise _RefusedError("was changed after the page wrote it: its seal does not fit")
    return vote


def _voter(file: Path, vote: Vote, run_id: str, ballots: dict[str, Ballot]) -> Voter:
    if vote.run_id != run_id:
        raise _RefusedError(f"is of run {vote.run_id}, and this is run {run_id}")
    ballot = ballots.get(vote.ballot)
    if ballot is None:
        raise _RefusedError("is of a page that this run did not make, or whose key is gone from votes/key.json")
    if vote.digest != ballot.digest:
        raise _RefusedError("is of other pictures than this run's page showed")
    voter = Voter(file, ballot, vote, [], [], [], [])
    pairs = {pair.pair: pair for pair in ballot.pairs}
    asked, given = Counter[str](), dict[str, float]()
    for place, answer in enumerate(vote.answers):
        pair = pairs.get(answer.pair)
        if pair is None or not {answer.a, answer.b} <= {pair.baseline, pair.candidate}:
            raise _RefusedError(f"answers what its page does not ask (answer {place + 1})")
        if answer.a == answer.b:
            voter.identical.append(answer.chose == "neither")
            continue
        asked[pair.pair] += 1
        value = _value(answer, pair)
        if asked[pair.pair] == 1:
            _refuse_after_end(voter, place)
            given[pair.pair] = value
            voter.votes.append(value)
            voter.items.append(pair.item)
        elif asked[pair.pair] == 2:
            voter.repeats.append(abs(value - given[pair.pair]))
        else:
            raise _RefusedError(f"answers one pair more often than its page asks (answer {place + 1})")
    if len(voter.identical) > len(ballot.pairs):
        raise _RefusedError("answers more pairs of identical pictures than its page asks")
    if not voter.votes:
        raise _RefusedError("has no answer to a pair of the two builds")
    return voter


def _refuse_after_end(voter: Voter, place: int) -> None:
    if is_settled(voter.count(1.0), voter.count(0.0)):
        raise _RefusedError(f"goes on where its page ends (answer {place + 1})")


def _value(answer: Answer, pair: BallotPair) -> float:
    if answer.chose == "neither":
        return 0.5
    return 1.0 if (answer.a if answer.chose == "a" else answer.b) == pair.candidate else 0.0

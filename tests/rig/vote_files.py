"""Vote files as the page of a blind look exports them, of voters with known preference and carelessness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.documents.ballot import Ballot, BallotPair
from harness.documents.vote import Vote, seal_of
from harness.statistics.vote_stopping import is_settled

PAIRS_BETWEEN_CHECKS = 6


def sealed(document: dict[str, Any]) -> Vote:
    """A vote whose seal fits, whatever it says."""
    vote = Vote.model_validate({**document, "seal": "0" * 64})
    return vote.model_copy(update={"seal": seal_of(vote)})


def write_vote(
    path: Path,
    run_id: str,
    ballot: Ballot,
    source: np.random.Generator,
    preferences: np.ndarray,
    *,
    ties: float,
    careless: bool = False,
    changed: dict[str, Any] | None = None,
) -> Vote:
    """One session: the voter prefers the candidate on each pair of the ballot with such a chance, where they see a
    difference at all; a careless one answers at random. `changed` are fields of the document.
    """
    answers: list[dict[str, Any]] = []
    given: dict[int, float] = {}

    def answer(pair: BallotPair, a: str, b: str, vote: float) -> None:
        liked = pair.candidate if vote == 1.0 else pair.baseline
        chose = "neither" if vote == 0.5 else "a" if liked == a else "b"
        milliseconds = int(source.integers(900, 4000))
        answers.append({"pair": pair.pair, "a": a, "b": b, "chose": chose, "ms": milliseconds, "aids": []})

    def vote_on(place: int) -> float:
        if careless:
            return float(source.choice([0.0, 0.5, 1.0]))
        return 0.5 if source.random() < ties else float(source.random() < preferences[place])

    def sides(pair: BallotPair) -> tuple[str, str]:
        return (pair.baseline, pair.candidate) if source.random() < 0.5 else (pair.candidate, pair.baseline)

    ended = "all"
    for number, place in enumerate(source.permutation(len(ballot.pairs)).tolist(), 1):
        given[place] = vote_on(place)
        answer(ballot.pairs[place], *sides(ballot.pairs[place]), given[place])
        votes = list(given.values())
        if is_settled(votes.count(1.0), votes.count(0.0)):
            ended = "settled"
            break
        if number % PAIRS_BETWEEN_CHECKS == 0:
            again = list(given)[-1 - int(source.integers(0, PAIRS_BETWEEN_CHECKS))]
            remembers = not careless and source.random() < 0.5
            answer(ballot.pairs[again], *sides(ballot.pairs[again]), given[again] if remembers else vote_on(again))
            pair = ballot.pairs[place]
            sees_none = source.random() < (1 / 3 if careless else 0.85)
            answer(pair, pair.candidate, pair.candidate, 0.5 if sees_none else 1.0)
            if not sees_none and source.random() < 0.5:
                answers[-1]["chose"] = "b"
    vote = sealed(
        {
            "schema": "bakeoff.vote/1",
            "run_id": run_id,
            "ballot": ballot.ballot,
            "digest": ballot.digest,
            "session": source.bytes(16).hex(),
            "ended": ended,
            "answers": answers,
            **(changed or {}),
        }
    )
    path.write_text(vote.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
    return vote

"""One person's votes, as the page of a blind look exports them. Such a file comes from anywhere: nothing in it is
believed before it is held against the run.

It names pairs and pictures by the page's own ids, which say nothing of arms; which picture is of which arm stands in
the run's folder alone (`harness.documents.ballot`).
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

VOTE_SCHEMA: Final = "bakeoff.vote/1"
LONGEST_VOTE_BYTES: Final = 1_000_000
MOST_ANSWERS: Final = 2000

OpaqueId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Aid = Literal["zoom", "flicker", "difference", "reference"]
"""What a voter used before answering: enlargement, both pictures in one place by turns, the amplified difference, the
picture as it should be.
"""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Strict):
    """One answer: which of two pictures is better, as they were shown."""

    pair: OpaqueId
    a: OpaqueId
    """The picture shown as A."""
    b: OpaqueId
    """The picture shown as B; the same as A in a pair that asks whether the voter looks."""
    chose: Literal["a", "b", "neither"]
    ms: int = Field(ge=0, le=2**53)
    """From showing to answering, in milliseconds."""
    aids: list[Aid] = Field(default=[], max_length=4)


class Vote(_Strict):
    """What one session in the page exports."""

    schema_: Literal["bakeoff.vote/1"] = Field(default=VOTE_SCHEMA, alias="schema")
    run_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")
    ballot: OpaqueId
    """The set of pictures that the page showed."""
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of that set, pictures and ids together."""
    session: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Drawn anew each time the page is opened; it says nothing of who votes."""
    ended: Literal["settled", "all", "voter"]
    """By what the voter's answers had settled, by the end of the pairs, or by the voter."""
    answers: list[Answer] = Field(min_length=1, max_length=MOST_ANSWERS)
    seal: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Shows whether the file was changed after its export: see `seal_of`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


def seal_of(vote: Vote) -> str:
    """The seal that the page gives such a vote: a SHA-256 over all else in it.

    It finds files that were cut, mixed up or edited by hand. Whoever runs the page's own code can make any vote they
    like; that no file can prevent.
    """
    lines = [vote.run_id, vote.ballot, vote.digest, vote.session, vote.ended]
    lines += [f"{one.pair} {one.a} {one.b} {one.chose} {one.ms} {','.join(one.aids)}" for one in vote.answers]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

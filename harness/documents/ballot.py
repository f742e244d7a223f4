"""votes/key.json: which picture of a blind look is of which arm. It stays with the run and is in no page."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.vote import OpaqueId

KEY_SCHEMA: Final = "bakeoff.votes-key/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BallotPair(_Strict):
    """One item of a blind look."""

    pair: OpaqueId
    item: str
    baseline: OpaqueId
    """The page's id of the baseline's picture."""
    candidate: OpaqueId


class Ballot(_Strict):
    """What a page of a blind look asks: pictures of one candidate and the baseline, of one device."""

    ballot: OpaqueId
    device: str
    candidate: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over the pairs, their ids and pixels; it stands in the page and in every vote."""
    pictures_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """The hash of the pixels alone: a page made again of the same pictures keeps its ballot, and votes their worth."""
    pairs: list[BallotPair] = Field(min_length=1)
    identical: list[str] = []
    """Items on which both arms gave the same picture; nobody is asked about them."""


class BallotKey(_Strict):
    """All ballots of a run, the newest of a device and candidate last."""

    schema_: Literal["bakeoff.votes-key/1"] = Field(default=KEY_SCHEMA, alias="schema")
    run_id: str
    ballots: list[Ballot] = []

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

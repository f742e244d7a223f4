"""votes/votes.json: what people said, of all vote files of a run together. `bakeoff votes` writes it, and the analysis
takes the quantity `preference` from it.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.documents.vote import OpaqueId

VOTES_SCHEMA: Final = "bakeoff.votes/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CarelessVoter(_Strict):
    """A voter who is left out, and why."""

    file: str
    reason: str
    """Completes a sentence about them: `chose the left one 30 of 30 times, …`."""


class ItemPreference(_Strict):
    """The votes on one item, of voters who looked."""

    item: str
    candidate: int = Field(ge=0)
    baseline: int = Field(ge=0)
    neither: int = Field(ge=0)
    share: float = Field(ge=0, le=1)
    """For the candidate, votes for neither counted half."""
    p_value: float = Field(ge=0, le=1)
    """The p-value of the sign test: small where those who saw a difference preferred one arm beyond chance."""


class Preference(_Strict):
    """What people prefer of one candidate and the baseline, by what one device put out."""

    device: str
    candidate: str
    ballot: OpaqueId | None
    """The page that asked; None in a comparison, which may be mailed."""
    voters: int = Field(ge=0)
    """Those who looked; the numbers below are theirs alone."""
    answers: int = Field(ge=0)
    """Answers to pairs of the two arms, repeats not counted."""
    share: float | None = Field(ge=0, le=1)
    """How often a voter prefers the candidate, mean over voters, votes for neither counted half; None without voters.
    """
    sd: float | None = Field(ge=0)
    """The spread of the share, such that its standard error is sd / √effective_n; None for a single voter."""
    effective_n: float = Field(ge=0)
    """The smaller of the number of voters and that of items less one."""
    low: float | None
    high: float | None
    """The 95 % interval of the share, which allows for other voters and other items; None where one voter is all."""
    share_with_careless: float | None = Field(ge=0, le=1)
    """The same share has those in it who are left out above."""
    could_tell: float | None = Field(ge=0, le=1)
    """The share is of answers that chose one of the two."""
    agreement: float | None = Field(le=1)
    """Krippendorff's α of voters on the same items: 1 where they answer alike, 0 where no more than by chance."""
    repeated: int = Field(ge=0)
    repeated_same: int = Field(ge=0)
    """Pairs asked twice, and those of them answered as before."""
    identical: int = Field(ge=0)
    identical_seen: int = Field(ge=0)
    """Pairs of one output with itself, and those of them where no difference was seen."""
    aided: float | None = Field(ge=0, le=1)
    """The share is of answers given after enlarging, flickering or amplifying the difference."""
    settled: int = Field(ge=0)
    """Voters whose own answers had settled what they prefer before the pairs were at their end."""
    not_asked: int = Field(default=0, ge=0)
    """Items of the sample on which both arms gave the same, so that there was nothing to ask."""
    careless: list[CarelessVoter] = []
    items: list[ItemPreference] = []
    """Those that anybody voted on, in order of the share."""


class JoinedVotes(_Strict):
    """All vote files together."""

    schema_: Literal["bakeoff.votes/1"] = Field(default=VOTES_SCHEMA, alias="schema")
    run_id: str
    preferences: list[Preference]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

"""Scores that are not of this house: of metrics that somebody installed, or made elsewhere and given as a file.

What is known of one is written down with whatever holds its values, so that a report can be read where the metric or
the file is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from harness.quantity import QUANTITIES, quantity_of_score
from metrics.metric_facts import MetricFacts
from metrics.registry import FACTS

MOST_CHARACTERS: Final = 500
MOST_OWN_SCORES: Final = 64


def _in_one_line(text: str) -> str:
    if not text.isprintable():
        msg = f"{text[:40]!r} is no text of one line"
        raise ValueError(msg)
    return text


Line = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_in_one_line)]
ScoreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Label = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_in_one_line)]
ScoreUnit = Literal["", "dB", "%"]


class OwnScore(BaseModel):
    """The facts of a score, checked: `MetricFacts` says what each is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ScoreName
    label: Label
    family: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,49}$")]
    unit: ScoreUnit
    better: Literal["lower", "higher"]
    range: tuple[float | None, float | None] = (None, None)
    decimals: int = Field(ge=0, le=9)
    meaning: Line
    convention: Line
    citation: Line
    blind_to: Line
    negligible: float = Field(gt=0)
    visible_loss: float | None = Field(default=None, gt=0)
    subject: Label | None = None
    source: Line
    """The package and version, or the file, that it came with."""

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        lowest, highest = self.range
        if lowest is not None and highest is not None and lowest >= highest:
            msg = f"its range {lowest:g} to {highest:g} is none"
            raise ValueError(msg)
        return self

    @classmethod
    def of(cls, facts: MetricFacts) -> Self:
        """Checked facts. Raises ValueError (pydantic's) for what cannot be a score's."""
        return cls.model_validate({name: getattr(facts, name) for name in cls.model_fields})

    def facts(self) -> MetricFacts:
        """As metrics have them; it never chooses what the gallery shows."""
        return MetricFacts(**{name: getattr(self, name) for name in type(self).model_fields})


def is_own(name: str) -> bool:
    """Whether a quantity is a score that is not of this house."""
    known = QUANTITIES.get(name)
    return known is not None and known.facts is not None and name not in FACTS


def own_among(names: Iterable[str]) -> list[OwnScore]:
    """What is known of those scores that are not of this house."""
    return [OwnScore.of(facts) for name in names if is_own(name) and (facts := QUANTITIES[name].facts) is not None]


def make_known(score: OwnScore) -> None:
    """Make a score a quantity like every other. The same again, with another margin or wording, replaces it.

    Raises:
        ValueError: another quantity has its name or its label, or it is known with another unit or direction.
    """
    known = QUANTITIES.get(score.name)
    if known is not None and not is_own(score.name):
        msg = f"{score.name!r} is one of bakeoff's own quantities; call the score something else"
        raise ValueError(msg)
    if known is not None and (known.unit, known.better) != (score.unit, score.better):
        msg = (
            f"{score.name!r} means two things here: {known.better} is better in {known.unit or 'no unit'!r}, and "
            f"{score.better} is better in {score.unit or 'no unit'!r}"
        )
        raise ValueError(msg)
    alike = [other.name for other in QUANTITIES.values() if other.label == score.label and other.name != score.name]
    if alike:
        msg = f"{score.name!r} is labelled {score.label!r}, as {alike[0]!r} is; label it otherwise"
        raise ValueError(msg)
    QUANTITIES[score.name] = quantity_of_score(score.facts())


def make_all_known(written: Any) -> None:
    """Likewise of a document's list, before the document is read; what is no such list its own validation says."""
    if not isinstance(written, Sequence) or isinstance(written, str):
        return
    for one in written[:MOST_OWN_SCORES]:
        make_known(one if isinstance(one, OwnScore) else OwnScore.model_validate(one))


def decimals_for(margin: float) -> int:
    """Decimals with which differences as small as a margin are seen, one digit finer than it."""
    return max(0, min(9, 1 - math.floor(math.log10(margin))))

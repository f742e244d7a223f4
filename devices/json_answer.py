"""Answers in JSON from programs of ours on a device: parsed once, with a bound, into what was expected."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

MOST_BYTES = 4 << 20

_Answer = TypeVar("_Answer", bound="JsonAnswer")


class JsonAnswer(BaseModel):
    """What an answer must hold; more is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=1 << 20)


def parse_answer(text: bytes, kind: type[_Answer]) -> _Answer | None:
    """The answer, or null for what is none: too long, too deep, of other types."""
    if len(text) > MOST_BYTES:
        return None
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError:
        return None

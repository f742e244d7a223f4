"""Numbers and texts that strangers send: how large they may be."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field

MOST_TEXT_CHARACTERS: Final = 1 << 20
"""The most characters of one text: as much as a probe may keep."""


SignedCount = Annotated[int, Field(ge=-(2**62), le=2**62)]
Number = Annotated[float, Field(ge=-1e15, le=1e15)]


BOUNDED = ConfigDict(frozen=True, extra="forbid", str_max_length=MOST_TEXT_CHARACTERS, allow_inf_nan=False)

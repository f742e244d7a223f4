"""How many of a run's images something was found on, and which."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 3


def of_images(items: Sequence[str], total: int) -> str:
    """`2 of 6 images (a and b)`, `9 of 100 images (a, b, c and 6 more)`."""
    if len(items) > _MOST:
        names = f"{', '.join(items[:_MOST])} and {len(items) - _MOST} more"
    else:
        names = " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)
    return f"{len(items):,} of {total:,} image{'' if total == 1 else 's'} ({names})"

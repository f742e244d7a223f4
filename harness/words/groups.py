"""Groups of items in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.tasks.item_groups import groups_of
from harness.words.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.tasks.item import TaskItem


def groups_in_words(items: Sequence[TaskItem], least: int, noun: str) -> str:
    """`day (30 frames), night (12 frames), too few to decide (below 6): faces (2); 7 frames in none`, where `noun` is
    `frame`.
    """
    groups = groups_of(items)
    enough = [f"{group} ({counted(len(own), noun)})" for group, own in groups.items() if len(own) >= least]
    few = [f"{group} ({len(own)})" for group, own in groups.items() if len(own) < least]
    without = sum(not item.groups for item in items)
    words = ", ".join([*enough, *([f"too few to decide (below {least}): {', '.join(few)}"] if few else [])])
    return words + (f"; {counted(without, noun)} in none" if without else "")

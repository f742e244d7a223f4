"""Whether answers have anything to do with labels, and which mistake of an experiment would explain it.

Two arms that are read wrongly alike (classes in another order, colours or levels that the model was not trained with)
answer alike, and their difference does not show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SURE: Final = 0.01
"""The p-value from which on answers are no chance; with 20 items of 10 classes that takes 6 right ones."""
_FEWEST: Final = 6
_LEAST_GAIN: Final = 0.3
_LEAST_RIGHT: Final = 0.6
_ITEMS_A_CLASS: Final = 3
_MOST_CLASSES: Final = 2000
"""For more the assignment takes seconds."""


@dataclass(frozen=True)
class Answer:
    """One item: its label, and the class that an arm gives most."""

    item: str
    label: str
    answer: str


def chance_share(answers: Sequence[Answer]) -> float:
    """The share that would be right if answers were dealt out to the items by chance (as in Cohen's kappa)."""
    labels, given = Counter(each.label for each in answers), Counter(each.answer for each in answers)
    return sum(count * given[label] for label, count in labels.items()) / len(answers) ** 2


def at_chance(answers: Sequence[Answer]) -> str | None:
    """`answers 9.5 % of 200 rightly, where chance gives 10.2 %`; None where there are too few, only one class, or it is
    better than chance.
    """
    from scipy.special import betainc

    n, right = len(answers), sum(each.label == each.answer for each in answers)
    if n < _FEWEST or len({each.label for each in answers}) < 2:
        return None
    share = chance_share(answers)
    if right > 0 and share < 1.0 and (share == 0.0 or float(betainc(right, n - right + 1, share)) <= SURE):
        return None
    # So few that even every one right might be chance.
    if share**n > SURE:
        return None
    return f"answers {100.0 * right / n:.3g} % of {n:,} rightly, where chance gives {100.0 * share:.3g} %"


def same_answer(answers: Sequence[Answer]) -> str | None:
    """The class that is the answer to everything, though labels differ; None where there is none."""
    given = {each.answer for each in answers}
    if len(answers) < _FEWEST or len(given) > 1 or len({each.label for each in answers}) < 2:
        return None
    return next(iter(given))


def other_order(answers: Sequence[Answer], classes: Sequence[str]) -> str | None:
    """What another order of the classes would give, where it explains the answers; `classes` are in the arm's order.

    Raises nothing; None where no order gives much more, or there are too few items to tell.
    """
    right = sum(each.label == each.answer for each in answers)
    best = _shifted(answers, classes) or _assigned(answers)
    if best is None:
        return None
    words, gained = best
    share = gained / len(answers)
    if share < _LEAST_RIGHT or share - right / len(answers) < _LEAST_GAIN:
        return None
    return f"with {words} {100.0 * share:.3g} % would be right"


def _shifted(answers: Sequence[Answer], classes: Sequence[str]) -> tuple[str, int] | None:
    """Classes counted from one too many or too few, as with a background class that is or is not there."""
    places = {name: place for place, name in enumerate(classes)}
    moved = Counter(
        places[each.answer] - places[each.label] for each in answers if each.label in places and each.answer in places
    )
    step, count = max(((step, moved[step]) for step in (-1, 1)), key=lambda one: one[1])
    if count < _LEAST_RIGHT * len(answers):
        return None
    return f"every class one place {'later' if step > 0 else 'earlier'} in [data.tensor] classes", count


def _assigned(answers: Sequence[Answer]) -> tuple[str, int] | None:
    """The one-to-one renaming of answers that makes most of them right."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    labels = sorted({each.label for each in answers})
    given = sorted({each.answer for each in answers})
    names = sorted({*labels, *given})
    if len(answers) < _ITEMS_A_CLASS * len(labels) or len(names) > _MOST_CLASSES:
        return None
    places = {name: place for place, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for each in answers:
        table[places[each.answer], places[each.label]] += 1.0
    rows, columns = linear_sum_assignment(table, maximize=True)
    renamed: Mapping[str, str] = {names[row]: names[column] for row, column in zip(rows, columns, strict=True)}
    changed = [(old, new) for old, new in renamed.items() if old != new and table[places[old], places[new]] > 0.0]
    if not changed:
        return None
    shown = ", ".join(f"{old!r} meant as {new!r}" for old, new in changed[:3])
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"classes in another order ({shown}{more})", int(table[rows, columns].sum())

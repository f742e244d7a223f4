"""Rules in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.tasks.registry import DEFAULT_NOUNS

if TYPE_CHECKING:
    from harness.experiment.declaration import Amount, Rule
    from harness.quantity import Quantity
    from harness.tasks.nouns import Nouns


def rule_in_words(rule: Rule, quantity: Quantity, nouns: Nouns = DEFAULT_NOUNS) -> str:
    """A rule without its quantity: `at least 20 % faster`, `at most 0.1 dB lower`, `at most 40 ms`,
    `at most 0.1 dB lower on night`."""
    better, worse = quantity.words
    if rule.improve_by_at_least is not None:
        text = f"at least {margin_in_words(rule.improve_by_at_least, quantity)} {better}"
    elif rule.no_worse_than is not None:
        text = f"at most {margin_in_words(rule.no_worse_than, quantity)} {worse}"
    elif rule.at_most is not None:
        text = f"at most {amount_in_words(rule.at_most)}"
    elif rule.at_least is not None:
        text = f"at least {amount_in_words(rule.at_least)}"
    else:  # the experiment's own validation lets none through
        text = "no bound"
    if rule.item_margin is not None and rule.worst_share is not None:
        share, margin = amount_in_words(rule.worst_share), amount_in_words(rule.item_margin)
        text += f", and at most {share} of the {nouns.plural} {worse} by more than {margin}"
    return text if rule.group is None else f"{text} on {rule.group}"


def margin_in_words(amount: Amount, quantity: Quantity) -> str:
    """A difference from the baseline: `5 %`, `0.1 dB`, `0.5 points`; of a score in per cent, whose differences are in
    points, `2 % of the baseline's value`.
    """
    return amount_in_words(amount) + (" of the baseline's value" if amount.is_share(quantity) else "")


def amount_in_words(amount: Amount) -> str:
    """`5 %`, `0.1 dB`, `40 MB`, as the user meant it, with one space before the unit."""
    return f"{amount.number:g} {amount.unit}".strip()

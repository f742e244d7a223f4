"""The tail of a contrast of scores: on how many items the candidate loses more than was agreed, and on which it loses
so much that anybody would see it. Told whether or not a rule asks: a mean hides three ruined items in a hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.comparison import ItemTail, NoEffect

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Paired
    from harness.quantity import Quantity


def item_tail(quantity: Quantity, effect: Paired | NoEffect, margin: float) -> ItemTail | None:
    """The tail for a margin of a single item (> 0, in the unit); None for what has no items, or no loss that
    is known to be seen.
    """
    if isinstance(effect, NoEffect) or effect.tail is None or quantity.visible_loss is None:
        return None
    seen = effect.tail(margin)
    if seen is None:
        return None
    least = max(quantity.visible_loss, 2.0 * margin)
    lost = sorted(((-loss, item) for item, loss in effect.losses.items() if loss > least + 1e-9))
    return ItemTail(
        margin=margin,
        worse=seen.items_worse,
        items=seen.items,
        upper=seen.any_item.upper,
        disaster_margin=least,
        disasters=[item for _, item in lost],
    )

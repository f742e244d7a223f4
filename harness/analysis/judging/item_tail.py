"""The tail of a contrast of scores: on how many items the candidate loses more than was agreed, and on which it loses
so much that anybody would see it. Told whether or not a rule asks: a mean hides three ruined pictures in a hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.comparison import ItemTail, NoEffect

if TYPE_CHECKING:
    from harness.analysis.evidence.evidence import Paired
    from harness.quantity import Quantity

DISASTER = {
    "psnr": 1.0,
    "psnr_y": 1.0,
    "ssim": 0.02,
    "ssim_y": 0.02,
    "lpips_alex": 0.05,
    "lpips_squeeze": 0.05,
}
"""A loss on a single item that people see when they look for it, in the unit; more where more was agreed."""


def item_tail(quantity: Quantity, effect: Paired | NoEffect, margin: float) -> ItemTail | None:
    """The tail for a margin of a single item (> 0, in the unit); None for what has no items."""
    if isinstance(effect, NoEffect) or effect.tail is None or quantity.name not in DISASTER:
        return None
    seen = effect.tail(margin)
    if seen is None:
        return None
    least = max(DISASTER[quantity.name], 2.0 * margin)
    lost = sorted(((-loss, item) for item, loss in effect.losses.items() if loss > least + 1e-9))
    return ItemTail(
        margin=margin,
        worse=seen.items_worse,
        items=seen.items,
        upper=seen.any_item.upper,
        disaster_margin=least,
        disasters=[item for _, item in lost],
    )

"""Why the scores of a device may not be what the models do: pictures that the experiment reads wrongly (pairs, range,
channel order, position), and outputs that are no good pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING

from harness.tasks.image_to_image.bicubic_floor import floor_is_doubtful
from harness.tasks.image_to_image.error_place import error_place
from harness.tasks.image_to_image.named_items import of_images
from harness.tasks.image_to_image.other_readings import TRIED, Offset
from harness.tasks.image_to_image.output_faults import FAULT_WORDS, Fault
from harness.tasks.looks import Doubts

if TYPE_CHECKING:
    from harness.tasks.image_to_image.plausibility import ItemFloor, OutputLook, Plausibility

_READING_GAIN_DB = 3.0
_MOVED_GAIN_DB = 1.0
_MOVED_PX = 0.3
_SHOWN_ON = 0.5
"""Share of the images on which tiles must show: what a picture holds may have an edge there by chance."""
_MOST_ITEMS = 0.75
"""Share of the tried items on which another reading must be better: a mistake of the experiment is in all of them."""


def picture_doubts(found: Plausibility, device: str, arms: Sequence[str], *, below_db: float) -> Doubts:
    """What is to be doubted of one device's scores. `arms`: the baseline first. `below_db`: how far an arm may lie
    below the floor.
    """
    doubts = Doubts()
    if not found.floor:
        return doubts
    floors = {each.item: each for each in found.floor}
    doubts.pairs.extend(_about_pairs(found, [found.looks.get((device, arm), []) for arm in arms]))
    for place, arm in enumerate(arms):
        looks = found.looks.get((device, arm), [])
        for fault, items in _items_by_fault(looks).items():
            text = f"{arm} puts out {FAULT_WORDS[fault]} on {of_images(items, len(looks))}"
            # A candidate alone may well have lost its colours; a baseline that ships today has not.
            is_misread = fault == "shares" or (fault == "colourless" and place == 0)
            whole = len(items) == len(looks) and is_misread
            (doubts.suspicions if whole else doubts.doubts).setdefault(arm, []).append(text)
        seams = {look.item: look.seam_step for look in looks if look.seam_step is not None}
        if seams and len(seams) >= _SHOWN_ON * len(looks):
            doubts.doubts.setdefault(arm, []).append(
                f"{arm} shows where its tiles meet on {of_images(list(seams), len(looks))}: steps of up to"
                f" {max(seams.values()):.1f} levels of 255 along whole sides of tiles; a larger overlap or margin of"
                " [data.tensor] tiles may hide them"
            )
        explained = _other_reading(looks) or _moved(looks, floors)
        below = _below(looks, floors)
        too_low = below is not None and below[0] > below_db
        if explained is not None:
            start = f"{arm} {_below_words(*below)}, and" if below is not None and too_low else arm
            doubts.suspicions.setdefault(arm, []).append(f"{start} {explained}")
        elif below is not None and too_low:
            text = (
                f"{arm} {_below_words(*below)}: no model should be worse than no model. What it looks like is not found"
                f" (tried: {TRIED}); look at the pairs, what the model was trained for, and the pictures"
            )
            # A candidate alone may well be as bad as that; a baseline that ships today is not.
            (doubts.suspicions if place == 0 else doubts.doubts).setdefault(arm, []).append(text)
        if explained is None and (where := _in_one_place(looks, floors)) is not None:
            doubts.doubts.setdefault(arm, []).append(f"{arm} {where}")
    return doubts


def mean_floor_db(floor: list[ItemFloor]) -> float | None:
    """Mean PSNR over all channels, without images that are identical to their references."""
    finite = [each.psnr_db for each in floor if math.isfinite(each.psnr_db)]
    return fmean(finite) if finite else None


def _about_pairs(found: Plausibility, of_arms: list[list[OutputLook]]) -> list[str]:
    lowest = mean_floor_db(found.floor)
    known = [[look.psnr_db for look in looks if look.psnr_db is not None] for looks in of_arms]
    reached = [fmean(min(each, 100.0) for each in own) if own else 0.0 for own in known]
    texts = []
    if found.mispaired:
        first, other = next(iter(found.mispaired.items()))
        texts.append(
            f"the pairs do not match on {of_images(list(found.mispaired), len(found.floor))}: the input {first} looks"
            f" like the reference {other}"
        )
    if lowest is not None and floor_is_doubtful(lowest, reached):
        texts.append(
            f"plain bicubic of the inputs reaches only {lowest:.1f} dB (PSNR) of the references, as pictures do that"
            " are not of the same thing: the pairs may not match, or inputs and references differ in range, gamma or"
            " channel order"
        )
    return texts


def _items_by_fault(looks: list[OutputLook]) -> dict[Fault, list[str]]:
    items: dict[Fault, list[str]] = {}
    for look in looks:
        for fault in look.faults:
            items.setdefault(fault, []).append(look.item)
    return items


def _below(looks: list[OutputLook], floors: dict[str, ItemFloor]) -> tuple[float, float, float] | None:
    """(dB below the floor, own mean, floor's mean), over the items where both are finite."""
    both = [
        (look.psnr_db, floors[look.item].psnr_db)
        for look in looks
        if look.psnr_db is not None
        and look.item in floors
        and math.isfinite(look.psnr_db)
        and math.isfinite(floors[look.item].psnr_db)
    ]
    if not both:
        return None
    own, floor = fmean(pair[0] for pair in both), fmean(pair[1] for pair in both)
    return floor - own, own, floor


def _below_words(below: float, own: float, floor: float) -> str:
    return f"lies {below:.1f} dB below plain bicubic of its inputs (PSNR {own:.1f} against {floor:.1f} dB)"


def _other_reading(looks: list[OutputLook]) -> str | None:
    """The reading that brings an arm most, if it is much on most of the tried images."""
    tried = [look for look in looks if look.readings and look.psnr_db is not None]
    gains: dict[str, list[float]] = {}
    for look in tried:
        for words, gain_db in look.readings.items():
            gains.setdefault(words, []).append(gain_db)
    best, gain = None, _READING_GAIN_DB
    for words, own in gains.items():
        mean = fmean(own)
        often = sum(each > 0.0 for each in own) >= _MOST_ITEMS * len(tried)
        if mean >= gain and often:
            best, gain = words, mean
    return None if best is None else f"looks like {best}: that gives {gain:.1f} dB more"


def _in_one_place(looks: list[OutputLook], floors: dict[str, ItemFloor]) -> str | None:
    """Whether an arm's pictures are off in one place and not elsewhere, where plain bicubic ones are not."""
    seen = [look for look in looks if look.cells is not None and look.item in floors]
    found = error_place([look.cells for look in seen], [floors[look.item].cells for look in seen])
    if found is None:
        return None
    return (
        f"is off in {found.words}, on {found.items} of the {found.of} images that were looked at: its squared error is"
        f" {found.times:.0f} times what it is elsewhere, of what plain bicubic's is; look there"
    )


def _moved(looks: list[OutputLook], floors: dict[str, ItemFloor]) -> str | None:
    """Whether an arm's pictures lie beside their references where plain bicubic ones do not."""
    seen: list[tuple[OutputLook, Offset]] = [
        (look, look.offset) for look in looks if look.offset is not None and look.item in floors
    ]
    if not seen:
        return None
    middle = Offset(median(own.down_px for _, own in seen), median(own.right_px for _, own in seen))
    theirs = [floor.offset for look, _ in seen if (floor := floors[look.item]).offset is not None]
    known = [each for each in theirs if each is not None]
    base = Offset(median(e.down_px for e in known), median(e.right_px for e in known)) if known else None
    gain = fmean(look.gain_if_moved_db for look, _ in seen)
    often = sum(look.gain_if_moved_db > 0.0 for look, _ in seen) >= _MOST_ITEMS * len(seen)
    if middle.distance_px() < _MOVED_PX or (base is not None and middle.distance_px(base) < _MOVED_PX):
        return None
    if gain < _MOVED_GAIN_DB or not often:
        return None
    return (
        f"lies {abs(middle.down_px):.1f} pixels too far {'down' if middle.down_px >= 0 else 'up'} and"
        f" {abs(middle.right_px):.1f} too far {'right' if middle.right_px >= 0 else 'left'} of its references, as where"
        " pixels have other centres (half-pixel, align_corners) in the model than in the pairs: moved back it gains"
        f" {gain:.1f} dB"
    )

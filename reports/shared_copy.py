"""A comparison as it may be mailed: it tells nothing of the network that it was measured in.

What is left out: names of users and hosts, addresses, work directories and every other absolute path of a host, serial
numbers, boot ids. A device is called by its model and a letter; what was measured there is untouched. Texts that
somebody else wrote (a failure, a reason, a setting) are gone through as well: for what is known to be private of this
run, and for whatever looks like an address or a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.documents import comparison as documents
from harness.documents.comparison import Comparison
from harness.quantity import QUANTITIES
from reports.private_words import PrivateWords
from reports.shared_document import apart, leave_out_ids, private_of, texts_of, told_of, words_of

LEFT_OUT: Final = (
    "This copy may be shared: names of users and hosts, addresses, folders, serial numbers and boot ids are left out "
    "of it. The run's own comparison.json has them."
)
"""The last sentence of a shared copy's method."""

_VOCABULARY: Final = frozenset(
    {
        *words_of(Comparison.model_json_schema()),
        *QUANTITIES,
        *(quantity.unit for quantity in QUANTITIES.values()),
    }
)
"""bakeoff's own words, by which a comparison is read: they stay, also where a user is called so."""


def shared(comparison: Comparison, also_private: Iterable[str] = ()) -> Comparison:
    """The comparison without what it tells of its maker's network; a shared copy gives itself again.

    `also_private` are further words that must not be told, such as the name of this computer.
    """
    document = comparison.model_dump(by_alias=True)
    private, names = private_of(
        [(device.device, device.identity) for device in comparison.devices],
        [arm.name for arm in comparison.arms],
        texts_of(document),
        also_private,
    )
    # Arms and items are found by their names: two that were different stay so.
    known: dict[str, str] = {}
    for name in dict.fromkeys([*(arm.name for arm in comparison.arms), *_items(comparison)]):
        known[name] = apart(private.without(name), known.values())

    def text_told(text: str) -> str:
        if text not in known:
            known[text] = text if text in _VOCABULARY else private.without(text)
        return known[text]

    told = told_of(document, text_told)
    for result, device in zip(told["devices"], comparison.devices, strict=True):
        result["device"] = names[device.device]
        _leave_out_pictures_that_moved(result, device)
        _leave_out_views_that_moved(result, device)
        if device.identity is not None:
            leave_out_ids(result["identity"])
    told["reference_views"] = {
        text_told(item): told["reference_views"][text_told(item)]
        for item, view in comparison.reference_views.items()
        if told["reference_views"][text_told(item)] == view.model_dump()
    }
    if LEFT_OUT not in told["method"]:
        told["method"] = [*told["method"], LEFT_OUT]
    return Comparison.model_validate(told)


def private_words(comparison: Comparison | None, also_private: Iterable[str] = ()) -> PrivateWords:
    """What to leave out of texts beside a comparison, such as its folder's name; None where it cannot be read."""
    devices = [] if comparison is None else [(device.device, device.identity) for device in comparison.devices]
    texts = [] if comparison is None else texts_of(comparison.model_dump(by_alias=True))
    return private_of(devices, [], texts, also_private)[0]


def _items(comparison: Comparison) -> Iterable[str]:
    for device in comparison.devices:
        yield from (item.item for item in device.gallery)
        for scores in device.scores:
            yield from scores.items
        yield from (view.item for view in device.views)
    yield from comparison.reference_views


def _leave_out_pictures_that_moved(result: dict[str, Any], device: documents.DeviceResult) -> None:
    """Before pictures lay in folders of numbers, their places told the device's address."""
    for told, item in zip(result["gallery"], device.gallery, strict=True):
        roles: Mapping[str, str | None] = {
            role: getattr(item, role)
            for role in ("baseline_image", "candidate_image", "reference_image", "difference_image", "input_image")
        }
        if any(place is not None and told[role] != place for role, place in roles.items()):
            told.update({**dict.fromkeys(roles), "maps": []})
            told["notes"] = [
                *told["notes"],
                "Its pictures lie in a folder named after the device; `bakeoff analyze` puts them where they can be "
                "shared from.",
            ]


def _leave_out_views_that_moved(result: dict[str, Any], device: documents.DeviceResult) -> None:
    """A file whose name had to be changed is not found by the new one; its item is told by its scores."""
    for told, view in zip(result["views"], device.views, strict=True):
        for kind, before in (("whole", view.whole), ("small", view.small)):
            told[kind] = {
                arm: path for (arm, path), old in zip(told[kind].items(), before.values(), strict=True) if path == old
            }
        told["worst"] = {
            arm: worst
            for (arm, worst), old in zip(told["worst"].items(), view.worst.values(), strict=True)
            if worst["files"] == old.files
        }
    result["contact_sheets"] = [
        path for path, old in zip(result["contact_sheets"], device.contact_sheets, strict=True) if path == old
    ]

"""A comparison as it may be mailed: it tells nothing of the network that it was measured in.

What is left out: names of users and hosts, addresses, work directories and every other absolute path of a host, serial
numbers, boot ids. A device is called by its model and a letter; what was measured there is untouched. Texts that
somebody else wrote (a failure, a reason, a setting) are gone through as well: for what is known to be private of this
run, and for whatever looks like an address or a path.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

from devices.identity import Identity
from harness.documents import comparison as documents
from harness.documents.comparison import Comparison
from harness.quantity import QUANTITIES
from reports.inert_text import inert
from reports.private_words import private_words_of

LEFT_OUT: Final = (
    "This copy may be shared: names of users and hosts, addresses, folders, serial numbers and boot ids are left out "
    "of it. The run's own comparison.json has them."
)
"""The last sentence of a shared copy's method."""

_MOST_MODEL_CHARACTERS: Final = 60


def _words_of(schema: Any) -> Iterable[str]:
    """Names of fields, and the values that a field may have where they are few."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (word for word in [*schema.get("enum", []), schema.get("const")] if isinstance(word, str))
        for part in schema.values():
            yield from _words_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _words_of(part)


_VOCABULARY: Final = frozenset(
    {
        *_words_of(Comparison.model_json_schema()),
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
    texts = list(_texts(document))
    letters = _letters(comparison)
    private = private_words_of(comparison, letters, texts, also_private)
    names = {
        device.device: _alias(letters[device.device], device.identity, private.without(device.identity.model or ""))
        if device.identity is not None
        else letters[device.device]
        for device in comparison.devices
    }
    private = private.calling({name: called for name, called in names.items() if name != called})
    # Arms and items are found by their names: two that were different stay so.
    known: dict[str, str] = {}
    for name in dict.fromkeys([*(arm.name for arm in comparison.arms), *_items(comparison)]):
        known[name] = _apart(private.without(name), known.values())

    def text_told(text: str) -> str:
        if text not in known:
            known[text] = text if text in _VOCABULARY else private.without(text)
        return known[text]

    told = _told(document, text_told)
    for result, device in zip(told["devices"], comparison.devices, strict=True):
        result["device"] = names[device.device]
        _leave_out_pictures_that_moved(result, device)
        _leave_out_views_that_moved(result, device)
        if device.identity is not None:
            _leave_out_ids(result["identity"])
    told["reference_views"] = {
        text_told(item): told["reference_views"][text_told(item)]
        for item, view in comparison.reference_views.items()
        if told["reference_views"][text_told(item)] == view.model_dump()
    }
    if LEFT_OUT not in told["method"]:
        told["method"] = [*told["method"], LEFT_OUT]
    return Comparison.model_validate(told)


def _letters(comparison: Comparison) -> dict[str, str]:
    """Device → `phone A`, `machine B`; this computer stays `local`."""
    letters = {}
    for place, device in enumerate(comparison.devices):
        is_phone = device.device.startswith("adb") or (device.identity is not None and device.identity.kind == "adb")
        letter = chr(ord("A") + place % 26) * (place // 26 + 1)
        letters[device.device] = (
            "local" if device.device == "local" else f"{'phone' if is_phone else 'machine'} {letter}"
        )
    return letters


def _alias(letter: str, identity: Identity, model: str) -> str:
    """What a device is called. Where its model is shown before the name anyway, the name is the letter alone."""
    model = inert(model).strip()[:_MOST_MODEL_CHARACTERS]
    is_shown_anyway = identity.android is not None and identity.model
    return letter if letter == "local" or is_shown_anyway or not model else f"{model} ({letter})"


def _items(comparison: Comparison) -> Iterable[str]:
    for device in comparison.devices:
        yield from (item.item for item in device.gallery)
        for scores in device.scores:
            yield from scores.items
        yield from (view.item for view in device.views)
    yield from comparison.reference_views


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _told(value: Any, told: Callable[[str], str]) -> Any:
    """The same with every text told anew; two keys of one mapping stay two."""
    if isinstance(value, str):
        return told(value)
    if isinstance(value, list):
        return [_told(each, told) for each in value]
    if not isinstance(value, dict):
        return value
    mapping: dict[str, Any] = {}
    for key, each in value.items():
        mapping[_apart(told(key), mapping)] = _told(each, told)
    return mapping


def _apart(name: str, taken: Container[str]) -> str:
    """The name, with a number where it is another's already."""
    number = 1
    while (each := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return each


def _leave_out_ids(identity: dict[str, Any]) -> None:
    if identity["boot_id"] is not None:
        identity["boot_id"] = None
        identity["missing"]["boot_id"] = "left out of a copy for sharing"
    if identity["android"] is not None:
        identity["android"]["serial"] = None


def _leave_out_pictures_that_moved(result: dict[str, Any], device: documents.DeviceResult) -> None:
    """Before pictures lay in folders of numbers, their places told the device's address."""
    for told, item in zip(result["gallery"], device.gallery, strict=True):
        roles: Mapping[str, str | None] = {
            role: getattr(item, role)
            for role in ("baseline_image", "candidate_image", "reference_image", "difference_image")
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

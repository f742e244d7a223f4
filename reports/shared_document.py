"""What shared copies have in common: what devices are called, and every text of a document told anew."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Final

from devices.identity import Identity
from reports.inert_text import inert
from reports.private_words import PrivateWords, private_words_of

_MOST_MODEL_CHARACTERS: Final = 60


def private_of(
    devices: Sequence[tuple[str, Identity | None]],
    arms: Iterable[str],
    texts: Iterable[str],
    also_private: Iterable[str] = (),
    models: dict[str, str] | None = None,
) -> tuple[PrivateWords, dict[str, str]]:
    """What to leave out of a document, and what each of its devices is called: by its model and a letter, in their
    order. `models` are models of devices that have no identity here, by the devices' names.
    """
    names = _letters(devices)
    private = private_words_of(devices, arms, names, texts, also_private)
    called = {}
    for name, identity in devices:
        model = (identity.model if identity is not None else (models or {}).get(name)) or ""
        is_shown_anyway = identity is not None and identity.android is not None and identity.model
        called[name] = names[name] if is_shown_anyway else _alias(names[name], private.without(model))
    return private.calling({name: instead for name, instead in called.items() if name != instead}), called


def _letters(devices: Sequence[tuple[str, Identity | None]]) -> dict[str, str]:
    """Device → `phone A`, `machine B`; this computer stays `local`."""
    letters = {}
    for place, (name, identity) in enumerate(devices):
        is_phone = name.startswith(("adb", "phone ")) or (identity is not None and identity.kind == "adb")
        letter = chr(ord("A") + place % 26) * (place // 26 + 1)
        letters[name] = "local" if name == "local" else f"{'phone' if is_phone else 'machine'} {letter}"
    return letters


def _alias(letter: str, model: str) -> str:
    """`Pixel 6a (phone A)`; the letter alone where no model is known, or the page shows it before the name."""
    model = inert(model).strip()[:_MOST_MODEL_CHARACTERS]
    return letter if letter == "local" or not model else f"{model} ({letter})"


def words_of(schema: Any) -> Iterable[str]:
    """Names of fields of a JSON Schema, and the values that a field may have where they are few."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (word for word in [*schema.get("enum", []), schema.get("const")] if isinstance(word, str))
        for part in schema.values():
            yield from words_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from words_of(part)


def texts_of(value: Any) -> list[str]:
    """Every text of a document, keys as well."""
    return list(_texts(value))


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


def told_of(value: Any, told: Callable[[str], str], as_they_are: Container[str] = ()) -> Any:
    """The same with every text told anew, but for fields that stay `as_they_are`; two keys of one mapping stay two."""
    if isinstance(value, str):
        return told(value)
    if isinstance(value, list):
        return [told_of(each, told, as_they_are) for each in value]
    if not isinstance(value, dict):
        return value
    mapping: dict[str, Any] = {}
    for key, each in value.items():
        mapping[apart(told(key), mapping)] = each if key in as_they_are else told_of(each, told, as_they_are)
    return mapping


def apart(name: str, taken: Container[str]) -> str:
    """The name, with a number where it is another's already."""
    number = 1
    while (each := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return each


def leave_out_ids(identity: dict[str, Any]) -> None:
    """Of an identity as a mapping."""
    if identity["boot_id"] is not None:
        identity["boot_id"] = None
        identity["missing"]["boot_id"] = "left out of a copy for sharing"
    if identity["android"] is not None:
        identity["android"]["serial"] = None

"""A soak's result as it may be mailed, by the same rules as a comparison (`reports.shared_copy`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.documents.soak_result import SoakResult
from reports.shared_document import leave_out_ids, private_of, texts_of, told_of, words_of

LEFT_OUT: Final = (
    "This page may be shared: names of users and hosts, addresses, folders, serial numbers and boot ids are left out "
    "of it. The soak's own result.json has them."
)
"""The last sentence of a shared copy's method."""

_VOCABULARY: Final = frozenset(words_of(SoakResult.model_json_schema()))


def shared_soak(soak: SoakResult, also_private: Iterable[str] = ()) -> SoakResult:
    """The soak without what it tells of its maker's network; a shared copy gives itself again."""
    document = soak.model_dump(by_alias=True)
    private, names = private_of(
        [(device.device, device.identity) for device in soak.devices], [soak.arm], texts_of(document), also_private
    )
    told = told_of(document, lambda text: text if text in _VOCABULARY else private.without(text), {"model_sha256"})
    for result, device in zip(told["devices"], soak.devices, strict=True):
        result["device"] = names[device.device]
        if device.identity is not None:
            leave_out_ids(result["identity"])
    if LEFT_OUT not in told["method"]:
        told["method"] = [*told["method"], LEFT_OUT]
    return SoakResult.model_validate(told)

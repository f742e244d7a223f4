"""A night as it may be mailed, by the same rules as a comparison (`reports.shared_copy`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.documents.nightly import Nightly
from harness.quantity import QUANTITIES
from reports.private_words import HOST
from reports.shared_document import private_of, texts_of, told_of, words_of

_VOCABULARY: Final = frozenset({*words_of(Nightly.model_json_schema()), *QUANTITIES})
_AS_THEY_ARE: Final = frozenset({"id", "sha", "night", "commits_of"})
"""Fields that a program reads, and that hold nothing of a network."""


def shared_night(nightly: Nightly, also_private: Iterable[str] = ()) -> Nightly:
    """The night without what it tells of its maker's network. Letters of devices are in the suite's order, so that a
    device keeps its own from night to night.

    A report whose folder is called after a device is not linked.
    """
    document = nightly.model_dump(by_alias=True)
    names = [one.device for one in nightly.devices]
    names += [job.device for job in nightly.jobs] + [series.name.device for series in nightly.series]
    names += [member.name.device for change in nightly.changes for member in change.members]
    devices = [(name, None) for name in dict.fromkeys(names)]
    models = {one.device: one.shown_name for one in nightly.devices if one.shown_name != one.device}
    arms = {series.name.candidate for series in nightly.series}
    also = [*also_private, nightly.host]
    private, called = private_of(devices, sorted(arms), texts_of(document), also, models)

    def told(text: str) -> str:
        return called[text] if text in called else text if text in _VOCABULARY else private.without(text)

    copy = told_of(document, told, _AS_THEY_ARE)
    copy["host"] = HOST
    for one, device in zip(copy["devices"], nightly.devices, strict=True):
        one["shown_name"] = called[device.device]
    for one, job in zip(copy["jobs"], nightly.jobs, strict=True):
        for field in ("run", "report", "earlier_run"):
            if one[field] != getattr(job, field):
                one[field] = None
    return Nightly.model_validate(copy)

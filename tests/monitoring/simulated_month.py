"""A month of nights of one suite on three devices: a regression in its middle, a device that is quarantined for a week,
two nights missed. In the past, whenever the tests run.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from harness.documents.nightly import Nightly
from harness.quantity import Unavailable
from tests.reports.nightly import sample_night as sample

FIRST, DAYS = date(2025, 3, 1), 28
MISSED = {9, 20}
REGRESSION, QUARANTINED = 14, range(18, 25)
STARTS = datetime(2025, 3, 1, 2, tzinfo=UTC).timestamp()
ENDS = datetime(2025, 3, 28, 4, tzinfo=UTC).timestamp()
"""Seconds since 1970, around all nights."""


def nights() -> list[Nightly]:
    """The nights that were."""
    return [_night(day) for day in range(DAYS) if day not in MISSED]


def _night(day: int) -> Nightly:
    night = (FIRST + timedelta(day)).isoformat()
    is_out = day in QUARANTINED
    whole = sample.night()
    series = [
        sample.series(
            "upscaler", device, quantity, nights=5, night=night, seed=day,
            step=0.05 if day >= REGRESSION and quantity == "latency_p50" else 0.0,
        )
        for device in (sample.PHONE, sample.PI)
        for quantity in sample.QUANTITY_NAMES
    ]  # fmt: skip
    if is_out:
        series = [
            each.model_copy(update={"unavailable": "quarantined"}) if each.name.device == sample.PHONE else each
            for each in series
        ]
    jobs = [
        whole.jobs[0].model_copy(update={"decision": "hold" if day >= REGRESSION else "ship"}),
        whole.jobs[1].model_copy(update={"decision": "hold" if day >= REGRESSION else "undecided"}),
    ]
    if is_out:
        jobs[0] = whole.jobs[3].model_copy(update={"experiment": "upscaler"})
    return sample.night(
        night=night,
        started_at=f"{night}T02:00:00+00:00",
        finished_at=f"{night}T03:30:00+00:00",
        last_success_at=f"{night}T03:30:00+00:00",
        outcome="regression" if day == REGRESSION else "partly" if is_out else "fine",
        changes=[sample.change(1)] if day == REGRESSION else [],
        series=series,
        jobs=jobs,
        devices=[
            sample.device(sample.PHONE, status="quarantined" if is_out else "up"),
            sample.device(sample.PI, battery_percent=Unavailable(reason="it has no battery")),
        ],
        missed_nights=[(FIRST + timedelta(each)).isoformat() for each in sorted(MISSED) if each < day],
    )

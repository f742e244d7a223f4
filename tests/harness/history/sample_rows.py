"""Rows as nights would leave them; all numbers are made up, and made the same way every time."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

from harness.documents.nightly import (
    Change,
    ChangedSeries,
    CommitOfModel,
    DeviceTonight,
    HistoryTonight,
    Job,
    Nightly,
    SeriesName,
)
from harness.history.rows import Environment, ResultRow, RunRow, SeriesKey
from harness.quantity import QUANTITIES, Available, Unavailable

FIRST_NIGHT = date(2026, 1, 1)
QUANTITIES_USED = ("latency_p50", "load_time", "psnr_y")


def night(number: int) -> str:
    return (FIRST_NIGHT + timedelta(days=number)).isoformat()


def commit(number: int, message: str = "prune the tail") -> CommitOfModel:
    return CommitOfModel(
        arm="newest",
        repository="/srv/models.git",
        ref="main",
        sha=f"{number:040x}",
        path="model.onnx",
        message=message,
        author="Ada",
        committed_at="2026-01-01T00:00:00+00:00",
    )


def result(key: SeriesKey, estimate: float | None, half_width: float = 0.01) -> ResultRow:
    quantity = QUANTITIES[key.quantity]
    is_ratio = quantity.scale == "ratio"
    low = high = None
    if estimate is not None:
        low = estimate * math.exp(-half_width) if is_ratio else estimate - half_width
        high = estimate * math.exp(half_width) if is_ratio else estimate + half_width
    baseline = Available(value=10.0, unit=quantity.unit, source="measured")
    value = Available(value=10.0 * (estimate or 1.0), unit=quantity.unit, source="measured")
    missing = Unavailable(reason="the sensor said nothing")
    return ResultRow(
        key=key,
        scale=quantity.scale,
        unit=quantity.unit,
        better=quantity.better,
        estimate=estimate,
        low=low,
        high=high,
        level=None if estimate is None else 0.95,
        n=None if estimate is None else 10,
        baseline=baseline,
        candidate=value if estimate is not None else missing,
        unavailable=None if estimate is not None else "the sensor said nothing",
    )


def run_row(
    number: int,
    *,
    suite: str = "phones",
    experiment: str = "sr",
    device: str = "adb:R5CT30",
    candidate: str = "newest",
    ratio: float = 0.9,
    attempt: int = 1,
    folder: str = "/runs/there-is-none",
    design: str = "d" * 16,
    os_build: str = "Android 14",
    quantities: tuple[str, ...] = QUANTITIES_USED,
    run_id: str | None = None,
) -> RunRow:
    """The run of night `number`, one device."""
    at = datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta(days=number, minutes=attempt)
    results = []
    for name in quantities:
        wobble = 1.0 + 0.002 * math.sin(number * 7.0 + len(name))
        estimate = ratio * wobble if QUANTITIES[name].scale == "ratio" else -0.05 * wobble
        results.append(result(SeriesKey(suite, experiment, device, candidate, name), estimate))
    return RunRow(
        run_id=run_id or f"{night(number).replace('-', '')}-03000{attempt}-{experiment}",
        suite=suite,
        night=night(number),
        attempt=attempt,
        experiment=experiment,
        design=design,
        device=device,
        host="desk",
        folder=folder,
        measured_at=at,
        environment=Environment({"os": os_build, "model": "Pixel 8", "runtime of newest": "onnxruntime 1.32.0"}),
        commits=(commit(number + 1),),
        decision="ship",
        results=tuple(results),
        sentence="Ship newest: latency is 10 % faster.",
    )


def change(number: int = 5, *, identity: str = "0123456789abcdef", device: str = "adb:R5CT30") -> Change:
    member = ChangedSeries(
        name=SeriesName(experiment="sr", device=device, candidate="newest", quantity="latency_p50"),
        label="Latency, median",
        scale="ratio",
        unit="",
        before=0.9,
        after=0.95,
        low=1.04,
        high=1.07,
        p_value=1e-6,
        is_worse=True,
        words="5.6 % slower than before (between 4 % and 7 %)",
    )
    return Change(
        id=identity,
        kind="regression",
        confirmation="confirmed",
        sentence="1 series on 1 device got slower, since commit 0000006 (“prune the tail”)",
        last_good_night=night(number - 1),
        first_bad_night=night(number),
        commits=[commit(number + 1)],
        causes=["the model's commit"],
        members=[member],
        how_sure="seen again when it was measured a second time",
    )


def nightly(number: int, *, suite: str = "phones", host: str = "desk", changes: tuple[Change, ...] = ()) -> Nightly:
    return Nightly(
        bakeoff_version="0.1.0",
        suite=suite,
        night=night(number),
        host=host,
        started_at=f"{night(number)}T03:00:00+00:00",
        finished_at=f"{night(number)}T04:00:00+00:00",
        budget_minutes=120,
        spent_minutes=60,
        outcome="regression" if changes else "fine",
        sentence="Nothing changed." if not changes else changes[0].sentence,
        changes=list(changes),
        series=[],
        jobs=[Job(experiment="sr", device="adb:R5CT30", status="measured", decision="ship", sentence="Ship newest.")],
        devices=[
            DeviceTonight(
                device="adb:R5CT30",
                shown_name="Pixel 8 (adb:R5CT30)",
                status="up",
                battery_percent=Available(value=80, unit="%", source="dumpsys"),
                temperature_c=Unavailable(reason="the device does not say"),
            )
        ],
        history=HistoryTonight(url="sqlite:////history.db", kept=True),
    )

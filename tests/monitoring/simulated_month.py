"""A month of nights of one suite on three devices: a regression in its middle, a device that is quarantined for a week,
two nights missed. In the past, whenever the tests run.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest

from harness.documents.monitored import LastWindow, Monitored
from harness.documents.nightly import Job, Nightly, SeriesTonight
from harness.history.rows import Environment, ResultRow, RunRow, SeriesKey
from harness.quantity import QUANTITIES, Available, Unavailable
from reports.monitor_metrics import monitor_families
from reports.nightly.exposition import registry_of
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


def monitored(minute: int) -> Monitored:
    """A deployed model after so many minutes of the month's last two hours."""
    last = LastWindow(
        ended_at=ENDS - 7200 + 60 * minute, latency_s={"0": 0.009, "0.5": 0.01, "0.9": 0.011, "0.99": 0.02, "1": 0.03},
        inferences_per_second=100.0, resident_bytes=9 << 20, anonymous_bytes=5 << 20, proportional_bytes=8 << 20,
        temperature_c=35.0, battery_percent=80.0, fixed_work_s=0.0005,
    )  # fmt: skip
    return Monitored(
        "upscaler", sample.PHONE, "int8", "measuring", "sr.onnx", sample.SHA, "onnxruntime 1.32.0",
        windows=minute, inferences=6000 * minute, measured_s=60.0 * minute, cpu_s=30.0 * minute, last=last,
    )  # fmt: skip


def monitored_hours() -> str:
    """What a Prometheus scraped of a monitor in the month's last two hours, as OpenMetrics without its end."""
    families: dict[str, Metric] = {}
    for minute in range(120):
        now = monitored(minute)
        at = ENDS - 7200 + 60 * minute
        for family in monitor_families([now]):
            kept = families.setdefault(family.name, Metric(family.name, family.documentation, family.type, family.unit))
            for each in family.samples:
                kept.add_sample(each.name, each.labels, each.value, timestamp=at)
    for family in families.values():
        family.samples.sort(key=lambda each: (each.name, sorted(each.labels.items()), each.timestamp))
    return generate_latest(registry_of(list(families.values()))).decode().removesuffix("# EOF\n")


def runs() -> list[RunRow]:
    """The same month as the history has it; the regression's night was measured a second time."""
    found = []
    for nightly in nights():
        for job in nightly.jobs:
            if job.status == "measured":
                found.append(_run(nightly, job, attempt=1))
                if nightly.changes:
                    found.append(_run(nightly, job, attempt=2))
    return found


def _run(nightly: Nightly, job: Job, attempt: int) -> RunRow:
    of_job = [each for each in nightly.series if each.name.device == job.device]
    return RunRow(
        run_id=f"{nightly.night.replace('-', '')}-02{attempt:02}00-{job.device[:5].rstrip(':')}",
        suite=nightly.suite,
        night=nightly.night,
        attempt=attempt,
        experiment=job.experiment,
        design="d" * 16,
        device=job.device,
        host=nightly.host,
        folder="/runs/there-is-none",
        measured_at=datetime.fromisoformat(nightly.started_at) + timedelta(minutes=attempt),
        environment=Environment({"os": "Android 15"}),
        commits=(),
        decision=job.decision,
        results=(*(_result(nightly.suite, each) for each in of_job), _memory(nightly.suite, job)),
        sentence=job.sentence,
    )


def _result(suite: str, series: SeriesTonight) -> ResultRow:
    key = SeriesKey(suite, *series.name.model_dump().values())
    known, point = QUANTITIES[key.quantity], series.points[-1]
    value = Available(value=1.0, unit=known.unit, source="simulated")
    is_missing = key.quantity == "energy_per_inference" and "ssh" in key.device
    return ResultRow(
        key=key, scale=known.scale, unit=known.unit, better=known.better,
        estimate=None if is_missing else point.effect,
        low=None if is_missing else point.low,
        high=None if is_missing else point.high,
        level=0.95, n=20, baseline=value, candidate=value,
        unavailable="no meter is attached" if is_missing else None,
    )  # fmt: skip


def _memory(suite: str, job: Job) -> ResultRow:
    value = Available(value=4e7, unit="bytes", source="simulated")
    return ResultRow(
        key=SeriesKey(suite, job.experiment, job.device, "int8", "pss_memory"), scale="ratio", unit="bytes",
        better="lower", estimate=0.5, low=0.49, high=0.51, level=0.95, n=5, baseline=value, candidate=value,
    )  # fmt: skip

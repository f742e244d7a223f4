"""Nights as tests need them: one with everything in it, one in which all is well, one that measured nothing."""

from __future__ import annotations

import math
from datetime import date, timedelta

from harness.documents.nightly import (
    Change,
    ChangedSeries,
    CommitOfModel,
    DeviceTonight,
    HistoryTonight,
    Job,
    Nightly,
    SeriesName,
    SeriesPoint,
    SeriesTonight,
)
from harness.quantity import QUANTITIES, Available, Unavailable

NIGHT = "2026-11-30"
SHA = "1f2e3d4c5b6a79880011223344556677889900aa"
PHONE, PI, HERE = "adb:R5CT30ABCDE", "ssh://pi@bench-4", "local"
QUANTITY_NAMES = ("latency_p50", "energy_per_inference", "load_time", "psnr_y", "latency_stalls")


def commit(**changes: str) -> CommitOfModel:
    fields = {
        "arm": "int8", "repository": "https://git.example.org/models.git", "ref": "main", "sha": SHA,
        "path": "export/sr_int8.onnx", "message": "prune the tail", "author": "Ada <ada@example.org>",
        "committed_at": "2026-11-29T16:02:00+00:00",
    }  # fmt: skip
    return CommitOfModel(**{**fields, **changes})


def series(
    experiment: str,
    device: str,
    quantity: str,
    *,
    nights: int = 40,
    step: float = 0.0,
    night: str = NIGHT,
    seed: int = 0,
) -> SeriesTonight:
    """A course with a little wave, and a step in its last three nights; every eleventh night is missing."""
    known = QUANTITIES[quantity]
    last = date.fromisoformat(night)
    points = []
    for back in range(nights - 1, -1, -1):
        if back % 11 == 7:
            continue
        wave = 0.01 * math.sin(back * 1.7 + seed)
        moved = wave + (step if back < 3 else 0.0)
        effect = 0.9 * (1 + moved) if known.scale == "ratio" else 0.2 + moved
        half = 0.02 + 0.005 * math.cos(back)
        points.append(
            SeriesPoint(
                night=(last - timedelta(back)).isoformat(), effect=effect, low=effect - half, high=effect + half
            )
        )
    return SeriesTonight(
        name=SeriesName(experiment=experiment, device=device, candidate="int8", quantity=quantity),
        label=known.label, scale=known.scale, unit="" if known.scale == "ratio" else known.unit, better=known.better,
        points=points, baseline_effect=0.9 if known.scale == "ratio" else 0.2, words="10.0 % less than the baseline",
    )  # fmt: skip


def member(experiment: str, device: str, quantity: str, *, worse: bool = True) -> ChangedSeries:
    known = QUANTITIES[quantity]
    return ChangedSeries(
        name=SeriesName(experiment=experiment, device=device, candidate="int8", quantity=quantity),
        label=known.label, scale=known.scale, unit="" if known.scale == "ratio" else known.unit, before=0.9,
        after=0.947, low=1.041, high=1.064, p_value=3e-6, is_worse=worse,
        words="5.2 % slower than before (between 4.1 % and 6.4 %)" if worse else "3.0 % less than before",
    )  # fmt: skip


def change(number: int, **fields: object) -> Change:
    given: dict[str, object] = {
        "id": f"{number:016x}", "kind": "regression", "confirmation": "confirmed",
        "sentence": f"2 series on 2 devices got slower, all since commit {SHA[:7]} (“prune the tail”)",
        "last_good_night": "2026-11-29", "first_bad_night": NIGHT, "commits": [commit()],
        "members": [member("upscaler", PHONE, "latency_p50"), member("upscaler", PI, "latency_p50")],
        "how_sure": "seen again when it was measured a second time; p below 0.00001 before that",
    }  # fmt: skip
    return Change.model_validate({**given, **fields})


def device(name: str, **fields: object) -> DeviceTonight:
    given: dict[str, object] = {
        "device": name, "shown_name": name, "status": "up",
        "battery_percent": Available(value=81.0, unit="%", source="fuel gauge"),
        "temperature_c": Available(value=31.5, unit="°C", source="battery"),
    }  # fmt: skip
    return DeviceTonight.model_validate({**given, **fields})


def night(**fields: object) -> Nightly:
    """Everything that a night can hold."""
    no_battery = Unavailable(reason="this computer has no battery")
    given: dict[str, object] = {
        "bakeoff_version": "0.1.0", "suite": "upscalers", "night": NIGHT, "host": "bench-host",
        "started_at": "2026-11-30T02:00:00+00:00", "finished_at": "2026-11-30T03:41:00+00:00",
        "budget_minutes": 180.0, "spent_minutes": 101.0, "outcome": "regression",
        "sentence": "Latency got worse on 2 devices since commit 1f2e3d4; 2 of 5 jobs could not be measured.",
        "changes": [
            change(1),
            change(2, kind="cost moved", sentence="Loading takes longer by what the first inference saves",
                   members=[member("upscaler", PHONE, "load_time")], commits=[]),
            change(3, kind="environment changed", sentence=f"4 series moved on {HERE}",
                   causes=[f"onnxruntime was updated on {HERE}: 1.31.0 to 1.32.0"], commits=[],
                   members=[member("denoiser", HERE, "latency_p50", worse=False)]),
            change(4, confirmation="suspected", kind="drift", sentence="Energy rises slowly", last_good_night=None,
                   members=[member("upscaler", PHONE, "energy_per_inference")], commits=[],
                   how_sure="not measured again: the budget was spent"),
            change(5, is_new=False, sentence="Latency got worse a week ago", first_bad_night="2026-11-23",
                   members=[member("denoiser", HERE, "latency_p50")]),
        ],
        "series": [
            *(series("upscaler", where, quantity, step=0.052 if quantity == "latency_p50" else 0.0, seed=index)
              for where in (PHONE, PI) for index, quantity in enumerate(QUANTITY_NAMES)),
            series("denoiser", HERE, "latency_p50"),
            series("denoiser", PHONE, "latency_p50").model_copy(
                update={"unavailable": "the device was taken off the night: it failed 3 times in a row"}),
        ],
        "jobs": [
            Job(experiment="upscaler", device=PHONE, status="measured", run="runs/upscaler-0", attempts=2, minutes=31.5,
                report="runs/upscaler-0/report.html", decision="hold", measured_again=True,
                sentence="int8 must not ship: latency is 5.2 % worse"),
            Job(experiment="upscaler", device=PI, status="measured", run="runs/upscaler-1", attempts=1, minutes=22.0,
                report="runs/upscaler-1/report.html", decision="hold", sentence="int8 must not ship"),
            Job(experiment="denoiser", device=HERE, status="partly", run="runs/denoiser-0", attempts=1, minutes=9.0,
                report="runs/denoiser-0/report.html", decision="undecided", sentence="int8 is undecided",
                reason="the energy pass gave no value: no meter is attached"),
            Job(experiment="denoiser", device=PHONE, status="quarantined",
                reason="it failed 3 times in a row; it is let back after a passing A/A"),
            Job(experiment="classifier", device=PI, status="out of time", reason="12 of 180 minutes were left"),
        ],
        "devices": [
            device(PHONE, shown_name="Galaxy S21", status="quarantined", failures_in_a_row=3,
                   reason="adb lost it three times", temperature_c=Available(value=44.0, unit="°C", source="battery")),
            device(PI, battery_percent=no_battery),
            device(HERE, battery_percent=no_battery, temperature_c=Unavailable(reason="no sensor can be read")),
        ],
        "commits": [commit()],
        "history": HistoryTonight(url="sqlite:///home/bench/history.db", kept=True),
        "warnings": ["The clock of this computer was set back by 2 s."],
        "last_success_at": "2026-11-30T03:41:00+00:00", "missed_nights": ["2026-11-21", "2026-11-12"],
    }  # fmt: skip
    return Nightly.model_validate({**given, **fields})


def fine_night(**fields: object) -> Nightly:
    """Everything was measured and nothing changed."""
    whole = night()
    given: dict[str, object] = {
        "outcome": "fine", "sentence": "Nothing changed on 2 devices.", "changes": [], "warnings": [],
        "series": whole.series[:10], "missed_nights": [],
        "jobs": [job.model_copy(update={"decision": "ship", "sentence": "int8 may ship"}) for job in whole.jobs[:2]],
        "devices": [device(PHONE), device(PI, battery_percent=Unavailable(reason="it has no battery"))],
    }  # fmt: skip
    return night(**{**given, **fields})


def empty_night(**fields: object) -> Nightly:
    """No device was there."""
    given: dict[str, object] = {
        "outcome": "not measured", "sentence": "Nothing was measured: no device was attached.", "changes": [],
        "series": [], "commits": [], "last_success_at": None,
        "jobs": [Job(experiment="upscaler", device=PHONE, status="missing", reason="no such device is attached")],
        "devices": [
            device(PHONE, status="missing", reason="adb does not list it",
                   battery_percent=Unavailable(reason="it is missing"),
                   temperature_c=Unavailable(reason="it is missing"))
        ],
        "history": HistoryTonight(url="postgresql://bench@db/bakeoff", kept=False, waiting=3, reason="no connection"),
    }  # fmt: skip
    return night(**{**given, **fields})


HOSTILE = "</script><b onmouseover=x>\"'&|`@team ::error::x%0A\r\n\x1b[31m\u202e[l](javascript:x) ]]> =1+1"


def hostile_night() -> Nightly:
    """Every text that a stranger may have written holds markup of every kind."""
    whole = night()
    name = SeriesName(experiment=HOSTILE, device=HOSTILE, candidate=HOSTILE, quantity=HOSTILE)
    return night(
        suite=HOSTILE, host=HOSTILE, sentence=HOSTILE, warnings=[HOSTILE],
        history=HistoryTonight(url=HOSTILE, kept=False, reason=HOSTILE),
        commits=[commit(arm=HOSTILE, repository=HOSTILE, ref=HOSTILE, path=HOSTILE, message=HOSTILE, author=HOSTILE)],
        changes=[
            one.model_copy(
                update={
                    "sentence": HOSTILE, "causes": [HOSTILE], "how_sure": HOSTILE,
                    "commits": [commit(message=HOSTILE, author=HOSTILE)],
                    "members": [
                        each.model_copy(update={"name": name, "label": HOSTILE, "words": HOSTILE})
                        for each in one.members
                    ],
                }
            )
            for one in whole.changes
        ],
        series=[
            whole.series[0].model_copy(update={"name": name, "label": HOSTILE, "words": HOSTILE}),
            whole.series[1].model_copy(update={"name": name, "unavailable": HOSTILE, "unit": HOSTILE}),
        ],
        jobs=[
            job.model_copy(
                update=dict.fromkeys(("experiment", "device", "reason", "sentence", "report"), HOSTILE)
            )
            for job in whole.jobs
        ],
        devices=[
            one.model_copy(update=dict.fromkeys(("device", "shown_name", "reason"), HOSTILE)) for one in whole.devices
        ],
    )  # fmt: skip

"""A device's profile: what can be measured there, what was in the way, and how precise a calibration found it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from devices.identity import Identity
from harness.quantity import Measured

PROFILE_SCHEMA: Final = "bakeoff.profile/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ability(_Strict):
    """Something that can or cannot be measured or watched there."""

    what: str
    possible: bool
    how: str
    """From where; or why not."""


class SourceFinding(_Strict):
    """One source of energy, as it is on this device."""

    name: str
    """The name that `measure.energy.source` takes."""
    label: str
    usable: bool
    """It is there, and what it says is the device's use as the device stands now."""
    how: str
    """What its energy is the energy of; or why it is not usable."""


class Obstacle(_Strict):
    """What was in the way of measuring when the device was looked at."""

    kind: Literal[
        "charging",
        "battery values",
        "battery low",
        "governor",
        "load of others",
        "temperature",
        "thermal status",
        "power supply",
        "screen off",
        "virtual",
    ]
    what: str
    remedy: str


class Detectable(_Strict):
    """What so many minutes of latency blocks can see, by the calibration's `seen_by`: 80 % of the time, at 5 %."""

    minutes: float
    pairs: int
    fraction: float | None
    """Smallest change of latency: 0.01 is 1 %. None where so few pairs bound nothing, or where `reason` says why."""
    reason: str | None = None


class Calibration(_Strict):
    """Two equal builds, measured as any two are: what differs is the device's noise."""

    made_at: AwareDatetime
    """ISO 8601, UTC."""
    model: str
    """Name of the model's file."""
    runtime: str
    runner: str
    pairs: int
    seconds: float
    """From the first block to the last."""
    waited_seconds: float
    """The seconds of these that went by until others left the processor, or the device had cooled."""
    block_ms: float
    """The length that was planned."""
    latency_ns: float
    """Median over blocks of their medians."""
    pair_sd: float
    """Standard deviation of the log-ratios of paired block medians: 0.01 is about 1 %."""
    launches: int | None = None
    """Fresh processes of both builds that the pairs are spread over; None in older profiles, which had one."""
    launch_sd: float | None = None
    """By how much fresh processes change the ratio of themselves, beyond what pairs within them differ: 0.01 is about
    1 %. None where it was not measured.
    """
    difference: float
    """The difference of the two equal builds, as a fraction (geometric mean): chance alone."""
    interval_half_width: float
    """Half the width of its 95 % t interval, as a fraction."""
    called_different: bool
    """Whether that interval leaves out 0: chance does that in 1 of 20 calibrations of a sound device."""
    drift: float | None
    """How much slower (above 0) the blocks were at the end than at the beginning, as a fraction, where a straight line
    through them has a slope (t-test at 1 %); None where it has none.
    """
    outlier_pairs: int
    """Pairs further from the median than 3.5 standard deviations, these reckoned from the median absolute deviation."""
    others_busy_cores: float | None
    """Cores kept busy by others, median over blocks; None where the device does not say."""
    reference_spread: float | None
    """The spread of the runner's fixed work: 10th to 90th percentile over blocks, as a fraction of the median."""
    detectable: list[Detectable]
    """By the same blocks."""
    default_run: Detectable | None = None
    """The same for an experiment that says nothing of its length: for the most pairs that it spends. None in older
    profiles.
    """
    seen_by: Literal["fixed", "sequential"] = "fixed"
    """The design whose intervals those are. A run's own is sequential where it says nothing; in older profiles, which
    do not say, they are those of a fixed number of pairs, and for a sequential run half as large again.
    """
    warnings: list[str] = []


class DeviceProfile(_Strict):
    """Everything that was found on one device."""

    schema_: Literal["bakeoff.profile/1"] = Field(default=PROFILE_SCHEMA, alias="schema")
    bakeoff_version: str
    device: str
    """The name that the user gave."""
    key: str
    """Whose profile it is: `devices.identity.device_key`."""
    made_at: AwareDatetime
    """ISO 8601, UTC."""
    identity: Identity
    abilities: list[Ability]
    energy: list[SourceFinding]
    """The most trustworthy first."""
    energy_source: str | None
    """Name of the one that a run takes now; None where a run would measure no energy."""
    battery_capacity_mwh: Measured
    gates: list[Ability]
    obstacles: list[Obstacle]
    calibration: Calibration | None
    calibration_problem: str | None = None
    """Why the calibration that was asked for failed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

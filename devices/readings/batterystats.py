"""`dumpsys batterystats --checkin`: Android's own bookkeeping.

Its `pwi` rows are a model (power_profile.xml × time) in mAh, no measurement: what is read here is never a source of
energy.
"""

from __future__ import annotations

from dataclasses import dataclass

from devices.readings.bounded_number import decimal, whole
from devices.readings.lines import whole_lines
from devices.readings.unavailable import Decimal, NotThere, Whole, Word


@dataclass(frozen=True)
class BatteryStats:
    """Since the last full charge. All zeros of a device without a battery are unavailable."""

    version: Whole
    build: Word
    start_clock_ms: Whole
    battery_realtime_ms: Whole
    total_mah: Whole
    screen_off_mah: Whole
    capacity_mah: Decimal
    computed_mah: Decimal
    min_drained_mah: Decimal
    max_drained_mah: Decimal
    modelled_mah: dict[str, float]
    """Modelled charge of the whole device, by name of the row (`cell`, `idle`, `unacc`, …)."""


def parse_batterystats(text: str) -> BatteryStats | NotThere:
    """Rows `9,uid,category,kind,…`; those of the device as a whole (uid 0)."""
    rows: dict[str, list[str]] = {}
    modelled: dict[str, float] = {}
    for line in whole_lines(text):
        cells = line.split(",")
        if len(cells) < 5 or cells[0] != "9" or cells[1] != "0":
            continue
        rows.setdefault(cells[3], cells[4:])
        amount = decimal(cells[5], cells[4], 0.0, 1e6) if cells[3] == "pwi" and len(cells) > 5 else None
        if isinstance(amount, float) and cells[4] != "uid":
            modelled.setdefault(cells[4], amount)
    if "vers" not in rows and "bt" not in rows:
        return NotThere("this is no checkin of batterystats")
    vers = rows.get("vers", [])
    has_battery = any(cell not in ("0", "0.0") for cell in rows.get("pws", []))

    def power(index: int, what: str) -> Decimal:
        if not has_battery:
            return NotThere("no battery: every figure of its use is 0 or missing")
        return decimal(_cell(rows, "pws", index), what, 0.0, 1e6)

    def discharged(index: int, what: str) -> Whole:
        if not has_battery:
            return NotThere("no battery: every figure of its use is 0 or missing")
        return whole(_cell(rows, "dc", index), what, 0, 1_000_000)

    return BatteryStats(
        version=whole(_cell(rows, "vers", 0), "version", 1, 10_000),
        build=vers[2] if len(vers) > 2 and vers[2] else NotThere("the build is not given"),
        start_clock_ms=whole(_cell(rows, "bt", 5), "start clock", 1, 10**14),
        battery_realtime_ms=whole(_cell(rows, "bt", 1), "time on battery", 0, 10**14),
        total_mah=discharged(0, "discharge"),
        screen_off_mah=discharged(1, "discharge with the screen off"),
        capacity_mah=power(0, "capacity"),
        computed_mah=power(1, "computed power"),
        min_drained_mah=power(2, "least drained"),
        max_drained_mah=power(3, "most drained"),
        modelled_mah=modelled if has_battery else {},
    )


def _cell(rows: dict[str, list[str]], kind: str, index: int) -> str | None:
    row = rows.get(kind, [])
    return row[index] if index < len(row) else None

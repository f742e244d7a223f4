"""Files of the usual meters: columns, units, times; and the offset of a meter's clock, found from the work."""

from __future__ import annotations

import pytest

from devices.power.external_meter import estimate_offset_s
from devices.power.meter_log import MeterLog, parse_meter_csv
from devices.readings.unavailable import NotThere
from tests.devices.power.simulated_device import Device
from tests.devices.power.test_sources import meter_csv

EPOCH_NS = 1_700_000_000 * 10**9

FILES = {
    "seconds since 1970, units after an underscore": (
        "timestamp,sample_in_packet,voltage_V,current_A,dp_V\n"
        "1700000000.000,0,5.0,0.2,0.6\n1700000000.010,1,5.0,0.4,0.6\n",
        (EPOCH_NS, EPOCH_NS + 10_000_000), (1000.0, 2000.0), False,
    ),
    "milliseconds since 1970, a power in mW": (
        "time (ms),power (mW)\n1700000000000,1000\n1700000000010,2000\n",
        (EPOCH_NS, EPOCH_NS + 10_000_000), (1000.0, 2000.0), False,
    ),
    "dates, quoted, with remarks before and CR LF": (
        "# Logger 2.1\r\n\r\n\"Timestamp\",\"Voltage (V)\",\"Current (mA)\"\r\n"
        "\"2023-11-14 22:13:20\",\"5.0\",\"200\"\r\n\"2023-11-14T22:13:21+00:00\",\"5.0\",\"400\"\r\n",
        (EPOCH_NS, EPOCH_NS + 10**9), (1000.0, 2000.0), False,
    ),
    "German: semicolons and commas": (
        "Time [s];Voltage [V];Current [A];Power [W]\n0,00;5,01;0,2;1,0\n0,01;5,00;0,4;2,0\n",
        (0, 10_000_000), (1000.0, 2000.0), True,
    ),
    "blanks": ("time_s power_W\n0.0 1.0\n0.01 2.0\n", (0, 10_000_000), (1000.0, 2000.0), True),
    "a current that counts backwards": (
        "Time(s)\tVBUS(V)\tIBUS(uA)\n1\t5\t-200000\n2\t5\t-400000\n", (10**9, 2 * 10**9), (1000.0, 2000.0), True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_of_meters(name: str) -> None:
    text, times, powers, is_relative = FILES[name]
    log = parse_meter_csv(text)
    assert isinstance(log, MeterLog), log
    assert log.times_ns == pytest.approx(times, abs=1000)
    assert log.power_mw == pytest.approx(powers)
    assert log.is_relative is is_relative


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no line names"),
        ("\x00\x01binary\ufffd", "no line names"),
        ("Timestamp(ms),Current(uA)\n0,1\n1,2\n", "no line names"),
        ("time (s),power (W)\n", "no two samples"),
        ("time (s),power (W)\n5,1\n3,1\n", "backwards"),
        ("time,power (W)\n5,1\n6,1\n", "unit of the column"),
        ("time (s),power (W)\n5,nan\n6,inf\n7,-\n", "no two samples"),
    ],
)
def test_files_that_are_none(text: str, words: str) -> None:
    log = parse_meter_csv(text)
    assert isinstance(log, NotThere)
    assert words in log.reason


def test_the_offset_of_a_meter_s_clock_is_found_from_the_work() -> None:
    device = Device({None: 700.0, "a0": 4200.0, "a1": 3300.0}, block_s=6.0, cycles=3)
    log = parse_meter_csv(meter_csv(device, shift_s=-12.3))
    assert isinstance(log, MeterLog)
    offset = estimate_offset_s(log, device.blocks({}), within_s=20.0)
    assert isinstance(offset, float)
    assert offset == pytest.approx(12.3, abs=2.0)
    flat = Device({None: 700.0, "a0": 702.0}, block_s=6.0, cycles=3)
    level = parse_meter_csv(meter_csv(flat))
    assert isinstance(level, MeterLog)
    assert isinstance(estimate_offset_s(level, flat.blocks({}), within_s=20.0), NotThere)

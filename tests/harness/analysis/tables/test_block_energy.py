"""Records of a run, through the source that was found, to values of a comparison."""

from __future__ import annotations

import random

import pytest

from devices.power.registry import SOURCES, find_sources
from devices.power.source import BlockEnergy, FoundSource
from devices.power.survey import parse_survey
from devices.readings.unavailable import NotThere as NotRead
from harness.analysis.tables.block_energy import as_measured, read_energy
from harness.documents.records import Reading
from harness.quantity import Available, Unavailable
from tests.devices.power.simulated_device import Device, Gauge
from tests.devices.power.surveys import answer, battery_files, lines, phone_with_files
from tests.devices.power.test_sources import HWMON, ORIN, RAPL, meter_csv, pmic_text
from tests.devices.readings.sample_files import expected_rows, sample

WORKS = {None: 700.0, "a0": 4200.0, "a1": 3300.0}


def test_a_run_on_a_battery() -> None:
    device = Device(WORKS)
    survey = phone_with_files()
    found = find_sources(survey)["charge_counter"]
    assert isinstance(found, FoundSource)
    readout, per_inference = read_energy(found, device.blocks(Gauge(device).sensors()), survey)
    assert len(readout.blocks) == 6
    assert len(per_inference) == 4
    value = as_measured(per_inference[0].energy_per_inference_mj, "mJ", readout.source)
    assert isinstance(value, Available)
    assert (value.unit, value.source) == ("mJ", "charge_counter")
    assert as_measured(NotRead("why"), "mJ", "x") == Unavailable(reason="why")


@pytest.mark.parametrize("declared", [True, False])
def test_a_meter_whose_clock_is_off_with_and_without_a_declared_offset(declared: bool) -> None:
    device = Device(WORKS, block_s=6.0, cycles=3)
    survey = parse_survey(answer({"sdk": "34\n"}), meter_declared=True)
    found = find_sources(survey)["external_meter"]
    assert isinstance(found, FoundSource)
    text = meter_csv(device, shift_s=-4.0)
    readout, _ = read_energy(found, device.blocks({}), survey, meter_csv=text, meter_offset_s=4.0 if declared else None)
    for at, one in enumerate(readout.blocks):
        assert isinstance(one, BlockEnergy)
        assert one.energy_mj == pytest.approx(device.truth_mj(at), rel=0.03)


def test_texts_that_are_not_what_was_asked_for_end_in_reasons() -> None:
    """Every source, its probes answered by other outputs, noise and silence."""
    device = Device(WORKS, block_s=3.0, cycles=1)
    rails = sample("power_rails/pixel6-energy_value-device0.txt")
    text = answer(
        {
            "sdk": "34\n",
            "power_supply": lines(battery_files()),
            "iio_rails": lines({"/sys/bus/iio/devices/iio:device0/energy_value": rails}),
            "hwmon": lines(ORIN),
            "powercap": lines(
                {f"{RAPL}/name": "package-0", f"{RAPL}/energy_uj": "5", f"{RAPL}/max_energy_range_uj": "262143328850"}
            ),
            "pmic": pmic_text(device)(1.0) or "",
        }
    )
    survey = parse_survey(text, meter_declared=True)
    draw = random.Random(7)
    texts: list[str | None] = [
        None,
        "",
        "\n",
        "0\n",
        "-1\n",
        "9" * 30 + "\n",
        "\x00\ufffd\n",
        "5\n",
        "3850000\n",
        HWMON,
    ]
    texts += [sample(path) for path in sorted(expected_rows())[::6]]
    for name, found in find_sources(survey).items():
        assert isinstance(found, FoundSource), name
        ids = [probe.id for probe in (*found.boundary, *found.sampled)]
        for _ in range(15):
            row = draw.sample(texts, 3)
            blocks = device.blocks({probe: (lambda _, row=row: draw.choice(row)) for probe in ids})
            readout, per_inference = read_energy(found, blocks, survey, meter_csv=draw.choice(texts))
            assert len(readout.blocks) == 3
            assert len(per_inference) == 2
            for one in readout.blocks:
                assert isinstance(one, (BlockEnergy, NotRead))
                assert one.reason if isinstance(one, NotRead) else one.energy_mj > 0
    assert set(find_sources(survey)) == set(SOURCES)


def test_a_block_without_a_single_reading_is_a_named_gap() -> None:
    device = Device(WORKS, block_s=3.0, cycles=1)
    survey = phone_with_files()
    for name in ("charge_counter", "battery_current"):
        found = find_sources(survey)[name]
        assert isinstance(found, FoundSource)
        only = [Reading(probe="battery_status", monotonic_ns=1, took_ns=1, text="Discharging\n")]
        blocks = [block.model_copy(update={"readings": only}) for block in device.blocks({})]
        readout, _ = read_energy(found, blocks, survey)
        assert all(isinstance(one, NotRead) and one.reason for one in readout.blocks)

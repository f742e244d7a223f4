"""Energy per inference from blocks: idle power of the same cycle taken off, gaps named, nothing made up."""

from __future__ import annotations

import pytest

from devices.power.battery_capacity import BatteryCapacity, battery_capacity, hours_of_use
from devices.power.per_inference import energy_per_inference
from devices.power.registry import SOURCES
from devices.power.source import BlockEnergy, EnergyReadings, FoundSource, SourceReadout
from devices.readings.unavailable import NotThere
from tests.devices.power.simulated_device import Device, Gauge
from tests.devices.power.surveys import phone, phone_with_files
from tests.devices.readings.sample_files import sample

WORKS = {None: 700.0, "a0": 4200.0, "a1": 3300.0}


def readout_of(device: Device, energies: list[BlockEnergy | NotThere]) -> SourceReadout:
    return SourceReadout("test", "everything", tuple(energies))


def true_energies(device: Device) -> list[BlockEnergy | NotThere]:
    return [
        BlockEnergy(device.truth_mj(at), 1.0, device.truth_mj(at) / device.block_s, round(device.block_s * 1e9))
        for at in range(len(device.spans))
    ]


@pytest.mark.parametrize("name", ["charge_counter", "battery_current"])
def test_energy_per_inference_is_within_three_per_cent_of_the_truth(name: str) -> None:
    device = Device(WORKS, cycles=3)
    survey = phone_with_files()
    source = SOURCES[name].find(survey)
    assert isinstance(source, FoundSource)
    blocks = device.blocks(Gauge(device).sensors())
    found = energy_per_inference(blocks, SOURCES[name].measure(source, EnergyReadings(blocks, is_android=True)))
    assert [one.arm for one in found] == [block.arm for block in blocks if block.arm is not None]
    for one in found:
        assert isinstance(one.energy_per_inference_mj, float)
        assert isinstance(one.average_power_mw, float)
        assert isinstance(one.resolution_mj, float)
        at = next(n for n, block in enumerate(blocks) if (block.cycle, block.arm) == (one.cycle, one.arm))
        idle = next(n for n, block in enumerate(blocks) if (block.cycle, block.arm) == (one.cycle, None))
        truth = (device.truth_mj(at) - device.truth_mj(idle)) / 400
        assert one.energy_per_inference_mj == pytest.approx(truth, rel=0.03)
        assert one.average_power_mw == pytest.approx(device.truth_mj(at) / 20, rel=0.03)


def test_a_cycle_without_its_idle_block_keeps_its_power_and_loses_its_energy() -> None:
    device = Device(WORKS, block_s=5.0)
    blocks = device.blocks({})
    energies = true_energies(device)
    at = next(n for n, block in enumerate(blocks) if block.arm is None and block.cycle == 0)
    energies[at] = NotThere("the rail was lost")
    found = energy_per_inference(blocks, readout_of(device, energies))
    for one in found:
        assert isinstance(one.average_power_mw, float)
        assert isinstance(one.energy_per_inference_mj, NotThere if one.cycle == 0 else float)
    reasons = {one.energy_per_inference_mj.reason for one in found if isinstance(one.energy_per_inference_mj, NotThere)}
    assert reasons == {"idle power is not known: the rail was lost"}


def test_energy_below_idling_keeps_its_sign_and_no_inference_is_no_energy() -> None:
    device = Device({None: 900.0, "a0": 900.0}, block_s=5.0, cycles=1)
    blocks = device.blocks({})
    energies: list[BlockEnergy | NotThere] = [
        BlockEnergy(power_mw * 5.0, 9.0, power_mw, 5 * 10**9)
        for power_mw in (900.0 if block.arm is None else 820.0 for block in blocks)
    ]
    (one,) = energy_per_inference(blocks, readout_of(device, energies))
    assert one.energy_per_inference_mj == pytest.approx(-80.0 * 5.0 / 400)
    assert one.resolution_mj == pytest.approx(18.0 / 400)
    none_done = [block.model_copy(update={"inferences": 0}) for block in blocks]
    (one,) = energy_per_inference(none_done, readout_of(device, energies))
    assert isinstance(one.energy_per_inference_mj, NotThere)
    with pytest.raises(ValueError, match="1 readings of energy for 2 blocks"):
        energy_per_inference(blocks, readout_of(device, energies[:1]))


def test_hours_of_use_from_what_a_battery_holds() -> None:
    capacity = battery_capacity(phone_with_files())
    assert isinstance(capacity, BatteryCapacity)
    assert capacity.energy_mwh == pytest.approx(4500 * 3.85)
    assert hours_of_use(capacity, 3850.0) == pytest.approx(4.5)
    designed = battery_capacity(phone_with_files(charge_full="", charge_full_design="2350"))
    assert isinstance(designed, BatteryCapacity)
    assert designed.energy_mwh == pytest.approx(2350 * 3.85)  # mAh, as an old driver prints them
    laptop = battery_capacity(phone_with_files(energy_full="47390000", voltage_now="11750000"))
    assert isinstance(laptop, BatteryCapacity)
    assert laptop.energy_mwh == 47390
    counted = battery_capacity(phone(battery=sample("dumpsys_battery/honor-alt-nx1-android15.txt")))
    assert isinstance(counted, BatteryCapacity)
    assert counted.energy_mwh == pytest.approx(2848 / 0.54 * 3.85)


@pytest.mark.parametrize("name", ["samsung-2018-zero-counter", "updates-stopped-override", "skia-cut-after-voltage"])
def test_hours_are_not_made_up(name: str) -> None:
    capacity = battery_capacity(phone(battery=sample(f"dumpsys_battery/{name}.txt")))
    assert isinstance(capacity, NotThere)
    assert isinstance(hours_of_use(capacity, 1000.0), NotThere)
    assert isinstance(hours_of_use(BatteryCapacity(1.0, "x"), NotThere("no power")), NotThere)

"""Every source against a device whose energy is known: within 3 % where its steps allow, else unavailable."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import pytest

from devices.power.meter_log import MeterLog, parse_meter_csv
from devices.power.registry import SOURCES
from devices.power.source import BlockEnergy, EnergyReadings, FoundSource, SourceReadout
from devices.power.survey import Survey, parse_survey
from devices.readings.unavailable import NotThere
from tests.devices.power.simulated_device import WALL_START_NS, Device, Gauge, TextAt, float32
from tests.devices.power.surveys import answer, board, lines, phone, phone_with_files

WORKS = {None: 700.0, "a0": 4200.0, "a1": 3300.0}


def found(name: str, survey: Survey) -> FoundSource:
    source = SOURCES[name].find(survey)
    assert isinstance(source, FoundSource), source
    return source


def measured(
    name: str, survey: Survey, device: Device, sensors: Mapping[str, TextAt], **evidence: object
) -> SourceReadout:
    source = found(name, survey)
    asked = {probe.id for probe in (*source.boundary, *source.sampled)}
    assert asked <= sensors.keys()
    blocks = device.blocks({probe: sensors[probe] for probe in asked})
    is_android = survey.is_android
    return SOURCES[name].measure(source, EnergyReadings(blocks, is_android=is_android, **evidence))  # type: ignore[arg-type]


def check(readout: SourceReadout, device: Device, within: float = 0.03) -> None:
    """Every block is there, near the truth, and no further from it than it says."""
    for at, one in enumerate(readout.blocks):
        assert isinstance(one, BlockEnergy), one
        truth = device.truth_mj(at)
        assert abs(one.energy_mj / truth - 1) < within, (at, one, truth)
        assert abs(one.energy_mj - truth) <= max(2 * one.resolution_mj, 0.01 * truth)
        assert one.resolution_mj < 0.1 * truth


def rails_text(device: Device, shares: Mapping[str, float], offset_uj: int = 0) -> TextAt:
    def text(at_s: float) -> str:
        stamp = round(at_s * 1000)
        energies = {
            name: offset_uj + round(share * device.energy_at(stamp / 1000) * 1000) for name, share in shares.items()
        }
        rows = (f"CH{n}(T={stamp})[{name}], {energy}\n" for n, (name, energy) in enumerate(energies.items()))
        return f"t={stamp}\n" + "".join(rows)

    return text


CPU_RAILS = {"S2M_VDD_CPUCL2": 0.5, "S10M_VDD_TPU": 0.1}
OTHER_RAILS = {"VSYS_PWR_DISPLAY": 0.3, "L2S_VDD_AOC_RET": 0.1}


def rails_survey(device: Device) -> Survey:
    meters = {
        "/sys/bus/iio/devices/iio:device0/energy_value": rails_text(device, CPU_RAILS)(0.0) or "",
        "/sys/bus/iio/devices/iio:device1/energy_value": rails_text(device, OTHER_RAILS)(0.0) or "",
    }
    return phone(iio_rails=lines(meters))


def test_rails_of_two_meters_are_added_up() -> None:
    device = Device(WORKS, block_s=10.0)
    source = found("android_rails", rails_survey(device))
    assert [channel.name for channel in source.channels] == [*CPU_RAILS, *OTHER_RAILS]
    assert all(name in source.covers for name in OTHER_RAILS)
    sensors = {"rails_0": rails_text(device, CPU_RAILS), "rails_1": rails_text(device, OTHER_RAILS, 192_612_469_095)}
    check(measured("android_rails", rails_survey(device), device, sensors), device)


def test_rails_that_move_by_more_than_they_print_are_known_no_better() -> None:
    device = Device(WORKS, block_s=10.0, cycles=4)
    fine = rails_text(device, CPU_RAILS)
    energies = re.compile(r"(?<=, )\d+")

    def coarse(at_s: float) -> str:
        return energies.sub(lambda found: str(int(found[0]) // 2_000_000 * 2_000_000), fine(at_s) or "")

    sensors = {"rails_0": coarse, "rails_1": rails_text(device, OTHER_RAILS)}
    blocks = measured("android_rails", rails_survey(device), device, sensors).blocks
    known = [one for one in blocks if isinstance(one, BlockEnergy)]
    # 2 J of the rail that moved often enough for its step to be told, of both at most √8 J.
    assert known
    assert all(2000.0 <= one.resolution_mj <= 3300.0 for one in known)


def hal_text(device: Device, already_uj: float) -> TextAt:
    def text(at_s: float) -> str:
        value = float32(already_uj + device.energy_at(at_s) * 1000) / 1000
        head, tail = "=" * 13 + " PowerStats HAL 2.0 energy meter " + "=" * 14, "=" * 10
        row = f"  {'[VSYS_PWR_ALL]:All':>32}   {value:14.2f} mWs\n"
        return (
            f"{head}\n{'Channel':>34}   Cumulative Energy\n{row}{tail} End of PowerStats HAL 2.0 energy meter {tail}\n"
        )

    return text


def test_rails_through_the_power_stats_hal() -> None:
    device = Device(WORKS, block_s=10.0)
    survey = phone(power_stats=hal_text(device, 1e9)(0.0) or "")
    check(measured("android_rails", survey, device, {"rails_hal": hal_text(device, 1e9)}), device)


def test_a_float_that_has_lost_its_digits_is_said() -> None:
    """Years of energy: the HAL's 32-bit float goes in steps of 2²⁰ µJ, a tenth of what an idle second takes."""
    device = Device(WORKS, block_s=2.0)
    survey = phone(power_stats=hal_text(device, 1.7e13)(0.0) or "")
    readout = measured("android_rails", survey, device, {"rails_hal": hal_text(device, 1.7e13)})
    for (arm, *_), one in zip(device.spans, readout.blocks, strict=True):
        if arm is None:
            assert isinstance(one, NotThere)
            assert "step" in one.reason or "did not move" in one.reason
        else:
            assert isinstance(one, BlockEnergy)
            assert one.resolution_mj > 0.1 * one.energy_mj


def test_a_lost_rail_and_a_reset_counter_are_named() -> None:
    device = Device(WORKS, block_s=10.0)
    whole = rails_text(device, CPU_RAILS)
    middle = (device.spans[0][1] + device.spans[0][2]) / 2

    def after_reset(at_s: float) -> str | None:
        return whole(at_s) if at_s < middle else rails_text(device, CPU_RAILS, -10_000_000)(at_s)

    second = rails_text(device, OTHER_RAILS)
    lost = {"rails_0": lambda at_s: whole(at_s) if at_s < middle else None, "rails_1": second}
    first = measured("android_rails", rails_survey(device), device, lost).blocks[0]
    assert isinstance(first, NotThere)
    assert "both ends" in first.reason
    reset = measured("android_rails", rails_survey(device), device, {"rails_0": after_reset, "rails_1": second}).blocks[
        0
    ]
    assert isinstance(reset, NotThere)


RAPL = "/sys/class/powercap/intel-rapl:0"


def rapl_survey(energy: str = "1000\n") -> Survey:
    files = {
        f"{RAPL}/name": "package-0\n", f"{RAPL}/max_energy_range_uj": "262143328850\n",
        f"{RAPL}:0/name": "core\n", f"{RAPL}:0/energy_uj": "5\n", f"{RAPL}:0/max_energy_range_uj": "262143328850\n",
    }  # fmt: skip
    files |= {f"{RAPL}/energy_uj": energy} if energy else {}
    return parse_survey(answer({"sdk": "", "powercap": lines(files)}))


@pytest.mark.parametrize("start_uj", [0, 262_143_328_850 - 600_000_000])
def test_rapl_also_where_its_counter_wraps(start_uj: int) -> None:
    device = Device({None: 9000.0, "a0": 35000.0}, block_s=10.0, cycles=3)

    def text(at_s: float) -> str:
        return f"{(start_uj + round(device.energy_at(at_s) * 1000)) % 262_143_328_851}\n"

    readout = measured("rapl", rapl_survey(), device, {"rapl_0": text})
    check(readout, device)
    assert "package-0" in readout.covers
    assert "core" not in readout.covers
    if start_uj:
        assert int(text(device.spans[0][1])) > int(text(device.spans[-1][2]))


def test_rapl_that_only_root_may_read_is_no_source() -> None:
    reason = SOURCES["rapl"].find(rapl_survey(energy=""))
    assert isinstance(reason, NotThere)
    assert "root" in reason.reason


HWMON = "/sys/class/hwmon/hwmon4"
ORIN = {
    f"{HWMON}/name": "ina3221", f"{HWMON}/in1_label": "VDD_IN", f"{HWMON}/in1_input": "5000",
    f"{HWMON}/curr1_input": "800", f"{HWMON}/in2_label": "VDD_SOC", f"{HWMON}/in2_input": "5000",
    f"{HWMON}/curr2_input": "300", f"{HWMON}/in4_input": "3", f"{HWMON}/in7_label": "sum of shunt voltages",
}  # fmt: skip


def test_the_whole_board_is_used_and_its_parts_are_not_added() -> None:
    source = found("board_sensors", board(ORIN))
    assert [channel.name for channel in source.channels] == ["VDD_IN"]
    assert source.left_out == ("VDD_SOC: a part of the whole board (VDD_IN)",)
    device = Device({None: 5000.0, "a0": 12000.0, "a1": 9500.0}, voltage_v=5.0)
    sensors: dict[str, TextAt] = {
        "sensor_0_voltage": lambda at_s: f"{round(device.voltage_v * 1000 / 8) * 8}\n",
        "sensor_0_current": lambda at_s: f"{round(device.power_at(at_s) / device.voltage_v / 8) * 8}\n",
    }
    check(measured("board_sensors", board(ORIN), device, sensors), device)


def test_rails_of_an_agx_orin_are_added_and_two_nameless_sensors_are_not() -> None:
    names = ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")
    files = {f"{HWMON}/name": "ina3221"}
    for number, name in enumerate(names, start=1):
        files |= {f"{HWMON}/in{number}_label": name, f"{HWMON}/in{number}_input": "5000"}
        files |= {f"{HWMON}/curr{number}_input": "100"}
    assert [channel.name for channel in found("board_sensors", board(files)).channels] == list(names)
    two = {f"{HWMON}/name": "ina226", f"{HWMON}/power1_input": "1000"}
    two |= {"/sys/class/hwmon/hwmon5/name": "ina226", "/sys/class/hwmon/hwmon5/power1_input": "1000"}
    reason = SOURCES["board_sensors"].find(board(two))
    assert isinstance(reason, NotThere)
    assert "parts of another" in reason.reason


def test_an_ina226_that_computes_its_power() -> None:
    survey = board({f"{HWMON}/name": "ina226", f"{HWMON}/power1_input": "4500000", f"{HWMON}/in1_input": "5000"})
    device = Device({None: 2500.0, "a0": 6000.0}, block_s=15.0)
    sensors: dict[str, TextAt] = {"sensor_0_power": lambda at_s: f"{round(device.power_at(at_s) / 25) * 25000}\n"}
    check(measured("board_sensors", survey, device, sensors), device)
    middle = (device.spans[1][1] + device.spans[1][2]) / 2
    broken: dict[str, TextAt] = {"sensor_0_power": lambda at_s: None if at_s > middle else "2500000\n"}
    readout = measured("board_sensors", survey, device, broken)
    assert isinstance(readout.blocks[0], BlockEnergy)
    assert isinstance(readout.blocks[1], NotThere)
    assert "lost" in readout.blocks[1].reason


def pmic_text(device: Device) -> TextAt:
    def text(at_s: float) -> str:
        watts = device.power_at(at_s) / 1000
        return (
            f"   VDD_CORE_A current(7)={0.8 * watts / 0.86:.8f}A\n  3V3_SYS_A current(1)={0.2 * watts / 3.31:.8f}A\n"
            "   VDD_CORE_V volt(15)=0.86000000V\n  3V3_SYS_V volt(9)=3.31000000V\n     EXT5V_V volt(24)=5.09066000V\n"
        )

    return text


def test_the_rails_of_a_raspberry_pi_5() -> None:
    device = Device({None: 2300.0, "a0": 7200.0})
    survey = parse_survey(answer({"sdk": "", "pmic": pmic_text(device)(1.0) or ""}))
    assert found("pi_pmic", survey).left_out == ("EXT5V: no current is given",)
    check(measured("pi_pmic", survey, device, {"pmic": pmic_text(device)}), device)


# The battery's own sources: gauges of all kinds.

ALL_CONVENTIONS = [(sign, scale) for sign in (-1, 1) for scale in (1.0, 0.001)]


@pytest.mark.parametrize(("sign", "units_per_ua"), ALL_CONVENTIONS)
@pytest.mark.parametrize("averaging", [True, False])
def test_current_in_every_sign_and_unit(sign: int, units_per_ua: float, averaging: bool) -> None:
    device = Device(WORKS)
    gauge = Gauge(
        device, sign=sign, units_per_ua=units_per_ua, averaging=averaging, update_s=1.0 if averaging else 0.25
    )
    readout = measured("battery_current", phone_with_files(), device, gauge.sensors())
    check(readout, device, within=0.03 if averaging else 0.05)
    assert readout.facts["discharging_sign"] == str(sign)
    assert readout.facts["ua_per_unit"] == f"{1 / units_per_ua:g}"
    assert ("negative" if sign < 0 else "positive") in readout.facts["sign_source"]
    assert "charge counter" in readout.facts["unit_source"]


def test_the_unit_is_told_by_what_a_phone_can_draw_where_there_is_no_counter() -> None:
    device = Device(WORKS)
    gauge = Gauge(device, units_per_ua=0.001)
    readout = measured("battery_current", phone_with_files(charge_counter=""), device, gauge.sensors())
    check(readout, device)
    assert "plausible" in readout.facts["unit_source"]


@pytest.mark.parametrize("update_s", [1.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("step_uah", [1, 100, 1000])
@pytest.mark.parametrize("block_s", [10.0, 20.0, 60.0])
def test_charge_counter_is_right_or_unavailable(update_s: float, step_uah: int, block_s: float) -> None:
    device = Device(WORKS, block_s=block_s, cycles=1)
    gauge = Gauge(device, update_s=update_s, counter_step_uah=step_uah)
    readout = measured("charge_counter", phone_with_files(), device, gauge.sensors())
    for at, ((arm, *_), one) in enumerate(zip(device.spans, readout.blocks, strict=True)):
        truth = device.truth_mj(at)
        if isinstance(one, BlockEnergy):
            assert abs(one.energy_mj - truth) <= max(0.03 * truth, one.resolution_mj), (arm, one, truth)
            assert abs(one.energy_mj - truth) <= 1.5 * one.resolution_mj + 0.002 * truth
        else:
            assert "moved" in one.reason or "did not move" in one.reason
        fine = block_s >= 4 * update_s and truth / 3.85 / 3.6 > 100 * step_uah
        assert not fine or isinstance(one, BlockEnergy)
        if fine and isinstance(one, BlockEnergy):
            assert abs(one.energy_mj / truth - 1) < 0.03


def test_a_counter_with_too_large_steps_says_so() -> None:
    device = Device(WORKS, block_s=10.0)
    gauge = Gauge(device, counter_step_uah=10_000)
    for one in measured("charge_counter", phone_with_files(), device, gauge.sensors()).blocks:
        assert isinstance(one, NotThere)
        assert "move" in one.reason


@pytest.mark.parametrize("step_ma", [10, 50])
def test_a_gauge_with_coarse_steps_at_a_steady_load_is_known_to_a_step(step_ma: int) -> None:
    device = Device(WORKS, block_s=20.0)
    gauge = Gauge(device, update_s=1.0, current_step_ua=1000 * step_ma)
    readout = measured("battery_current", phone_with_files(), device, gauge.sensors())
    for at, one in enumerate(readout.blocks):
        assert isinstance(one, BlockEnergy), one
        assert abs(one.energy_mj - device.truth_mj(at)) <= one.resolution_mj


def test_a_gauge_slower_than_the_block_gives_no_current() -> None:
    device = Device(WORKS, block_s=20.0)
    readout = measured("battery_current", phone_with_files(), device, Gauge(device, update_s=15.0).sensors())
    assert all(isinstance(one, NotThere) for one in readout.blocks)


@pytest.mark.parametrize(
    ("status", "direction", "words"),
    [
        ("Charging", 1, "charging: a cable"),
        ("Charging", -1, "the status lies"),
        ("Discharging", 1, "the charge rose"),
        ("Not charging", -1, "not charging: a cable"),
        ("Full", -1, "full: a cable"),
        ("Unknown", -1, "status could not be read"),
    ],
)
def test_a_battery_that_does_not_feed_the_device_alone(status: str, direction: int, words: str) -> None:
    device = Device(WORKS, block_s=10.0)
    sensors = Gauge(device, status=status, charge_direction=direction).sensors()
    for name in ("charge_counter", "battery_current"):
        for one in measured(name, phone_with_files(), device, sensors).blocks:
            assert isinstance(one, NotThere)
            assert words in one.reason


def test_voltage_zero_and_a_current_that_is_not_the_load_s() -> None:
    device = Device(WORKS, block_s=10.0)
    sensors = Gauge(device).sensors()
    for one in measured(
        "charge_counter", phone_with_files(), device, sensors | {"battery_voltage_now": lambda _: "0\n"}
    ).blocks:
        assert isinstance(one, NotThere)
        assert "voltage 0" in one.reason
    draw = random.Random(3)
    mixed: Mapping[str, TextAt] = sensors | {"battery_current_now": lambda _: f"{draw.choice((-400_000, 400_000))}\n"}
    for one in measured("battery_current", phone_with_files(), device, mixed).blocks:
        assert isinstance(one, NotThere)
        assert "sign" in one.reason
    flat: Mapping[str, TextAt] = sensors | {"battery_current_now": lambda _: f"{-draw.randrange(900, 1100)}\n"}
    for one in measured("battery_current", phone_with_files(charge_counter=""), device, flat).blocks:
        assert isinstance(one, NotThere)


def test_a_restart_in_the_block_ends_every_source() -> None:
    device = Device(WORKS, block_s=10.0)
    survey = phone_with_files()
    blocks = device.blocks(Gauge(device).sensors())
    broken = [
        block.model_copy(update={"after": block.after.model_copy(update={"boot_id": "other"})}) for block in blocks
    ]
    readout = SOURCES["charge_counter"].measure(found("charge_counter", survey), EnergyReadings(broken))
    for one in readout.blocks:
        assert isinstance(one, NotThere)
        assert "restarted" in one.reason


def meter_csv(device: Device, shift_s: float = 0.0) -> str:
    rows = ["timestamp,sample,voltage_V,current_A,temp"]
    rows += [
        f"{WALL_START_NS / 1e9 + at / 20 + shift_s:.3f},{at},5.01000,{device.power_at(at / 20, 0.05) / 5010:.6f},31"
        for at in range(round(device.end_s * 20))
    ]
    return "\n".join(rows) + "\n"


def test_a_meter_by_its_own_clock() -> None:
    device = Device(WORKS, block_s=10.0)
    survey = parse_survey(answer({"sdk": "34\n"}), meter_declared=True)
    log = parse_meter_csv(meter_csv(device, shift_s=-7.5))
    assert isinstance(log, MeterLog)
    check(measured("external_meter", survey, device, {}, meter=log, meter_offset_s=7.5), device)
    blocks = device.blocks({})
    jumped = [block.model_copy(update={"wall_ended_ns": block.wall_ended_ns + 3 * 10**9}) for block in blocks]
    one = SOURCES["external_meter"].measure(found("external_meter", survey), EnergyReadings(jumped, log, 7.5)).blocks[0]
    assert isinstance(one, NotThere)
    assert "clock was set by +3.00 s" in one.reason
    short = parse_meter_csv(meter_csv(device)[:5000])
    assert isinstance(short, MeterLog)
    late = SOURCES["external_meter"].measure(found("external_meter", survey), EnergyReadings(blocks, short)).blocks[-1]
    assert isinstance(late, NotThere)
    assert "no sample in the block" in late.reason

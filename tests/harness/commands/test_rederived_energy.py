"""The script in docs/ understands what was read while energy blocks ran, from every source, as bakeoff does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.compare import DeviceFacts, compare
from harness.documents.comparison import Comparison, Effect
from harness.documents.manifest import Manifest
from harness.documents.records import EnergyBlock
from harness.experiment.declaration import Experiment
from harness.runs.planning.sensing import make_sensing
from tests.devices.power.simulated_device import STEP_S, Device, Gauge, TextAt
from tests.devices.power.surveys import answer, battery_files, lines
from tests.devices.power.test_sources import (
    CPU_RAILS,
    HWMON,
    ORIN,
    OTHER_RAILS,
    RAPL,
    hal_text,
    meter_csv,
    pmic_text,
    rails_text,
)
from tests.harness.runs.planning.test_make_plan import placement_of
from tests.harness.simulated_records import FP32, INT8, make_manifest, write_run
from tests.rig.rederived import rederive

WORKS = {None: 700.0, "a0": 4200.0, "a1": 3300.0}
BOARD_WORKS = {None: 5000.0, "a0": 12000.0, "a1": 9500.0}
ALSO_ON_ENERGY = (
    {"quantity": "latency_p50", "improve_by_at_least": "20 %"},
    {"quantity": "energy_per_inference", "at_most": "20 mJ"},
    {"quantity": "average_power", "at_most": "30 W"},
)
PHONE = {"sdk": "34\n"}
RANGE_UJ = 262_143_328_850


@dataclass(frozen=True)
class Sensed:
    """A device, what it showed of its sensors, and what was read on them."""

    device: Device
    sections: Mapping[str, str]
    sensors: Mapping[str, TextAt]
    energy: Mapping[str, Any] = field(default_factory=dict)
    meter: str | None = None


def write_energy_run(folder: Path, sensed: Sensed, **measure: Any) -> Comparison:
    """A whole run folder, with the energy blocks of the device."""
    manifest = with_energy(make_manifest(rules=ALSO_ON_ENERGY, metrics=()), sensed, folder, measure)
    facts = write_run(folder, manifest, (FP32, INT8))
    below = folder / "devices" / "d0"
    survey = answer(dict(sensed.sections))
    (below / "survey.txt").write_text(survey)
    sensing = make_sensing(survey, manifest.experiment)
    assert sensing.measures_energy, sensing.notes
    plan = placement_of(manifest, sensing)
    (below / "plan.json").write_text(make_plan_text(manifest, plan))
    asked = {*sensing.energy.boundary_probes, *sensing.energy.sampled_probes}
    assert asked <= sensed.sensors.keys()
    blocks = sensed.device.blocks({probe: sensed.sensors[probe] for probe in sorted(asked)})
    append_blocks(below / "records.jsonl", blocks)
    if sensed.meter is not None:
        (folder / "meter.csv").write_text(sensed.meter)
    known = facts["local"]
    local = DeviceFacts(known.identity, known.records_path, "complete", survey_text=survey)
    comparison = compare(manifest, {"local": local})
    (folder / "comparison.json").write_text(comparison.model_dump_json(by_alias=True))
    return comparison


def with_energy(manifest: Manifest, sensed: Sensed, folder: Path, measure: Mapping[str, Any]) -> Manifest:
    told = manifest.experiment.model_dump(by_alias=True)
    energy = {"cycles": sensed.device.cycles, **sensed.energy}
    told["measure"] |= {**measure, "energy": energy}
    update = {"experiment": Experiment.model_validate(told), "experiment_folder": str(folder)}
    return manifest.model_copy(update=update)


def make_plan_text(manifest: Manifest, placement: Any) -> str:
    from harness.runs.planning.make_plan import make_plan

    return make_plan(manifest, placement, 0).model_dump_json(by_alias=True)


def append_blocks(path: Path, blocks: list[EnergyBlock]) -> None:
    count = path.read_text().count("\n")
    last = path.read_text().splitlines()[-1].replace(f'"n":{count - 1},', f'"n":{count - 1 + len(blocks)},')
    kept = path.read_text().splitlines()[:-1]
    added = [block.model_copy(update={"n": count - 1 + at}).model_dump_json() for at, block in enumerate(blocks)]
    path.write_text("\n".join([*kept, *added, last]) + "\n")


def rails(cycles: int = 8) -> Sensed:
    device = Device(WORKS, block_s=6.0, cycles=cycles)
    sensors = {"rails_0": rails_text(device, CPU_RAILS), "rails_1": rails_text(device, OTHER_RAILS, 192_612_469_095)}
    paths = [f"/sys/bus/iio/devices/iio:device{at}/energy_value" for at in range(2)]
    files = {path: text(0.0) or "" for path, text in zip(paths, sensors.values(), strict=True)}
    return Sensed(device, PHONE | {"iio_rails": lines(files)}, sensors)


def hal() -> Sensed:
    device = Device(WORKS, block_s=6.0, cycles=6)
    text = hal_text(device, 1e9)
    return Sensed(device, PHONE | {"power_stats": text(0.0) or ""}, {"rails_hal": text})


def old_hal() -> Sensed:
    """A float that has lost its digits: idle blocks say nothing, and only the average power is known."""
    device = Device(WORKS, block_s=2.0, cycles=6)
    text = hal_text(device, 1.7e13)
    return Sensed(device, PHONE | {"power_stats": text(0.0) or ""}, {"rails_hal": text})


def wrapping_rapl() -> Sensed:
    device = Device({None: 9000.0, "a0": 35000.0, "a1": 31000.0}, block_s=5.0, cycles=6)
    start_uj = RANGE_UJ - 1_000_000_000

    def text(at_s: float) -> str:
        return f"{(start_uj + round(device.energy_at(at_s) * 1000)) % (RANGE_UJ + 1)}\n"

    assert int(text(0.0)) > int(text(device.end_s))
    files = {f"{RAPL}/name": "package-0", f"{RAPL}/max_energy_range_uj": str(RANGE_UJ), f"{RAPL}/energy_uj": text(0.0)}
    return Sensed(device, {"sdk": "", "powercap": lines(files)}, {"rapl_0": text})


def orin() -> Sensed:
    device = Device(BOARD_WORKS, voltage_v=5.0, block_s=6.0, cycles=6)
    sensors: dict[str, TextAt] = {
        "sensor_0_voltage": lambda at_s: f"{round(device.voltage_v * 1000 / 8) * 8}\n",
        "sensor_0_current": lambda at_s: f"{round(device.power_at(at_s) / device.voltage_v / 8) * 8}\n",
    }
    return Sensed(device, {"sdk": "", "hwmon": lines(ORIN)}, sensors)


def agx_orin() -> Sensed:
    device = Device(BOARD_WORKS, voltage_v=5.0, block_s=6.0, cycles=6)
    files, sensors = {f"{HWMON}/name": "ina3221"}, {}
    for at, (name, share) in enumerate({"VDD_GPU_SOC": 0.5, "VDD_CPU_CV": 0.3, "VIN_SYS_5V0": 0.2}.items()):
        files |= {f"{HWMON}/in{at + 1}_label": name, f"{HWMON}/in{at + 1}_input": "5000"}
        files |= {f"{HWMON}/curr{at + 1}_input": "100"}
        sensors[f"sensor_{at}_voltage"] = lambda _: "5000\n"
        sensors[f"sensor_{at}_current"] = lambda at_s, share=share: f"{-round(share * device.power_at(at_s) / 5)}\n"
    return Sensed(device, {"sdk": "", "hwmon": lines(files)}, sensors)


def ina226() -> Sensed:
    """Its sensor falls silent in the middle of a block of the third cycle."""
    device = Device(BOARD_WORKS, block_s=6.0, cycles=6)
    files = {f"{HWMON}/name": "ina226", f"{HWMON}/power1_input": "4500000", f"{HWMON}/in1_input": "5000"}
    lost = next((begin + 2.0, end) for arm, begin, end in device.spans[6:9] if arm == "a1")

    def text(at_s: float) -> str | None:
        return None if lost[0] < at_s < lost[1] else f"{round(device.power_at(at_s) / 25) * 25000}\n"

    return Sensed(device, {"sdk": "", "hwmon": lines(files)}, {"sensor_0_power": text})


def raspberry_pi() -> Sensed:
    device = Device({None: 2300.0, "a0": 7200.0, "a1": 6600.0}, block_s=6.0, cycles=6)
    text = pmic_text(device)
    return Sensed(device, {"sdk": "", "pmic": text(1.0) or ""}, {"pmic": text})


def on_battery(block_s: float = 20.0, **gauge: Any) -> Sensed:
    device = Device(WORKS, block_s=block_s, cycles=6)
    return Sensed(device, PHONE | {"power_supply": lines(battery_files())}, Gauge(device, **gauge).sensors())


def without_counter() -> Sensed:
    found = on_battery(sign=1, units_per_ua=0.001)
    return Sensed(found.device, PHONE | {"power_supply": lines(battery_files(charge_counter=""))}, found.sensors)


def status_that_changes() -> Sensed:
    """A cable for half a minute."""
    found = on_battery()
    begin = found.device.spans[4][1]
    status: TextAt = lambda at_s: "Charging\n" if begin < at_s < begin + 30.0 else "Discharging\n"  # noqa: E731
    return Sensed(found.device, found.sections, dict(found.sensors) | {"battery_status": status})


def laptop() -> Sensed:
    """µWh and µW, and no status of Android's."""
    device = Device({None: 5000.0, "a0": 21000.0, "a1": 18000.0}, block_s=20.0, cycles=6, voltage_v=15.0)
    shown = {"voltage_now": "", "current_now": "", "charge_counter": "", "charge_full": ""}
    files = battery_files("/sys/class/power_supply/BAT0", **shown, energy_now="40000000", power_now="6000000")
    sensors: dict[str, TextAt] = {
        "battery_status": lambda _: "Discharging\n",
        "battery_energy_now": lambda at_s: f"{40_000_000 - int(device.energy_at(int(at_s)) / 3.6)}\n",
        "battery_power_now": lambda at_s: f"{round(device.power_at(int(at_s), 1.0) * 1000)}\n",
    }
    return Sensed(device, {"sdk": "", "power_supply": lines(files)}, sensors)


def phone_that_only_android_reads() -> Sensed:
    """No file of the battery may be read."""
    found = on_battery()
    gauge = Gauge(found.device)

    def dumpsys(at_s: float) -> str:
        counter = int(gauge.counter(at_s))
        return f"Current Battery Service state:\n  AC powered: false\n  Charge counter: {counter}\n  status: 3\n" + (
            "  level: 70\n  scale: 100\n  voltage: 3850\n  temperature: 281\n"
        )

    sections = PHONE | {"battery": dumpsys(0.0), "battery_current": gauge.current(0.0)}
    sensors: dict[str, TextAt] = {"battery_dumpsys": dumpsys, "battery_current_command": gauge.current}
    return Sensed(found.device, sections, sensors)


def metered(shift_s: float, **energy: Any) -> Sensed:
    device = Device(WORKS, block_s=6.0, cycles=6)
    told = {"meter_csv": "meter.csv", **energy}
    return Sensed(device, PHONE, {}, told, meter_csv(device, shift_s))


def meter_with_dates() -> Sensed:
    """Watts with decimal commas at dates, from a meter that is set to another zone."""
    device = Device(WORKS, block_s=6.0, cycles=6)
    rows = ["Log of 2023;;", "Time (UTC);Power (mW)"]
    for at in range(round(device.end_s * 5)):
        minutes, seconds = divmod(20 + at / 5, 60)  # 2023-11-14T22:13:20 is where the device's clock begins
        hour, minute = divmod(13 + int(minutes), 60)
        power = f"{device.power_at(at / 5, 0.2):.1f}".replace(".", ",")
        rows.append(f"2023/11/14 {22 + hour:02d}:{minute:02d}:{seconds:06.3f};{power}")
    return Sensed(device, PHONE, {}, {"meter_csv": "meter.csv"}, "\n".join(rows) + "\n")


def asleep() -> Sensed:
    """The second arm's first block is one in which the device slept."""
    sensed = rails()
    sensed.device.slept_s[2] = 3.0
    return sensed


SOURCES = {
    "power rails": (rails, "power rails"),
    "a device that slept": (asleep, "power rails"),
    "power stats HAL": (hal, "power rails"),
    "power stats HAL, years old": (old_hal, "power rails"),
    "RAPL that wraps": (wrapping_rapl, "RAPL"),
    "Orin": (orin, "current sensors"),
    "AGX Orin": (agx_orin, "current sensors"),
    "INA226 that is lost": (ina226, "current sensors"),
    "Raspberry Pi 5": (raspberry_pi, "Raspberry Pi"),
    "charge counter": (on_battery, "charge counter"),
    "charge counter, few changes": (lambda: on_battery(60.0, update_s=10.0), "charge counter"),
    "current, since the counter is coarse": (lambda: on_battery(counter_step_uah=10_000), "current × voltage"),
    "current, positive": (lambda: on_battery(counter_step_uah=10_000, sign=1), "current × voltage"),
    "current, mA, no counter": (without_counter, "current × voltage"),
    "charged for a while": (status_that_changes, "charge counter"),
    "laptop": (laptop, "charge counter"),
    "dumpsys": (phone_that_only_android_reads, "charge counter"),
    "meter": (lambda: metered(-7.5), "external meter"),
    "meter, offset declared": (lambda: metered(-4.0, meter_offset_s=4.0), "external meter"),
    "meter with dates": (meter_with_dates, "external meter"),
}


@pytest.mark.parametrize(("sensed", "label"), SOURCES.values(), ids=SOURCES)
def test_every_source_is_understood_alike(tmp_path: Path, sensed: Any, label: str) -> None:
    comparison = write_energy_run(tmp_path, sensed())
    (device,) = comparison.devices
    assert device.energy is not None
    assert label in device.energy.source
    power = next(one for one in device.contrasts if one.quantity == "average_power").effect
    assert isinstance(power, Effect), power
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 0, said
    shown = re.findall(r"^local  int8  (energy_per_inference|average_power)  (ratio|own value)  ", said, re.MULTILINE)
    assert len(shown) == (4 if device.energy.idle_power.kind == "available" else 2)


@pytest.mark.parametrize(("cycles", "is_known"), [(6, False), (24, True)])
def test_a_cycle_at_idling_is_seen_alike(tmp_path: Path, cycles: int, is_known: bool) -> None:
    """Something else stops while the candidate works. One of six is too many to leave out, one of 24 is not."""
    sensed = rails(cycles)
    device = sensed.device
    _, begin, end = next(span for span in device.spans if span[0] == "a1")
    less_mj = 3000.0 * (end - begin)
    device.energy_mj = [
        energy_mj - less_mj * min(max(step * STEP_S - begin, 0.0) / (end - begin), 1.0)
        for step, energy_mj in enumerate(device.energy_mj)
    ]
    comparison = write_energy_run(tmp_path, sensed)
    found = next(one for one in comparison.devices[0].contrasts if one.quantity == "energy_per_inference")
    assert isinstance(found.effect, Effect) == is_known
    assert (found.candidate_value.kind == "available") == is_known
    if isinstance(found.effect, Effect):
        assert found.effect.n == 23
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 0, said


def test_a_named_source_is_taken_though_a_better_one_is_there(tmp_path: Path) -> None:
    device = Device(WORKS, cycles=4)
    supply, rail = lines(battery_files()), rails_text(device, CPU_RAILS)
    sections = PHONE | {
        "power_supply": supply,
        "iio_rails": lines({"/sys/bus/iio/devices/iio:device0/energy_value": rail(0.0) or ""}),
    }
    sensors = Gauge(device).sensors() | {"rails_0": rail}
    comparison = write_energy_run(tmp_path, Sensed(device, sections, sensors, {"source": "battery_current"}))
    assert comparison.devices[0].energy is not None
    assert "current" in comparison.devices[0].energy.source
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("design", ["sequential", "fixed"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut in a cycle"])
def test_a_pass_that_could_end_early(tmp_path: Path, design: str, cut: bool) -> None:
    """What was begun of a cycle when the pass was stopped counts for nothing."""
    sensed = rails()
    if cut:
        sensed.device.spans.pop()
    comparison = write_energy_run(tmp_path, replace(sensed, energy={"min_cycles": 6}), design=design)
    power = next(one for one in comparison.devices[0].contrasts if one.quantity == "average_power").effect
    assert isinstance(power, Effect)
    assert power.interval is not None
    assert power.n == (7 if cut else 8)
    assert power.interval.method.startswith("anytime-valid" if design == "sequential" else "t on")
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("quantity", ["energy_per_inference", "average_power"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_another_digit_in_the_comparison_is_told(tmp_path: Path, quantity: str, end: str) -> None:
    write_energy_run(tmp_path, rails())
    file = tmp_path / "comparison.json"
    pattern = rf'("quantity":"{quantity}".*?"interval":\{{.*?"{end}":\d\.\d{{5}})(\d)'
    changed, count = re.subn(pattern, lambda found: found[1] + str((int(found[2]) + 1) % 10), file.read_text(), count=1)
    assert count == 1
    file.write_text(changed)
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 1
    assert re.search(rf"^local  int8  {quantity}  ratio .*but comparison.json has", said, re.MULTILINE), said
    assert ", 1 differ" in said


def test_another_digit_of_an_own_value_is_told(tmp_path: Path) -> None:
    write_energy_run(tmp_path, rails())
    file = tmp_path / "comparison.json"
    changed, count = re.subn(r"(Average power is \d+) (mW \(between \d+)", r"\g<1>1 \2", file.read_text())
    assert count >= 1
    file.write_text(changed)
    code, said = rederive("rederive_intervals.py", tmp_path)
    assert code == 1
    assert re.search(r"^local  int8  average_power  own value .*but comparison.json has", said, re.MULTILINE), said

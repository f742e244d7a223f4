"""What the parsers find, under the names that SOURCES.tsv uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from devices.readings import (
    batterystats,
    cpufreq,
    dumpsys_battery,
    dumpsys_meminfo,
    dumpsys_power,
    hwmon,
    kernel_memory,
    power_rails,
    power_supply,
    proc_stat,
    sbc_bench,
    tegrastats,
    thermal_zones,
    thermalservice,
    top,
    vcgencmd,
)
from devices.readings.unavailable import NotThere
from tests.devices.readings.sample_files import sample

INA219_FILES = ("in0_input", "in1_input", "power1_input", "curr1_input", "shunt_resistor")
INA3221 = "/sys/bus/i2c/drivers/ina3221/1-0041/hwmon/hwmon2"


def whole_value(path: str, text: str) -> Any:
    """What the parser of a sample makes of a text: for mutations."""
    topic, _, name = path.partition("/")
    parse: Callable[[str], Any]
    if topic == "jetson":
        parse = tegrastats.parse_tegrastats
        if name.startswith("ina219"):
            parse = lambda text: hwmon.parse_hwmon_values(text, INA219_FILES)  # noqa: E731
        elif name.startswith("ina3221"):
            parse = hwmon.parse_hwmon_dump
    elif topic == "proc":
        parse = {
            "stat": proc_stat.parse_proc_stat,
            "meminfo": kernel_memory.parse_meminfo,
            "status": kernel_memory.parse_process_status,
            "smaps_rollup": kernel_memory.parse_smaps_rollup,
        }[name.partition("-")[0]]
    elif topic == "thermal_zones":
        parse = thermal_zones.parse_thermal_zones if name.startswith("sony") else thermal_zones.parse_thermal_zone
    elif topic == "power_rails":
        if name.startswith("dumpsys"):
            parse = power_rails.parse_powerstats_channels
        else:
            enabled = "enabled" in name
            parse = power_rails.parse_enabled_rails if enabled else power_rails.parse_energy_value
    elif topic == "cpufreq":
        parse = _cpufreq(name)
    elif topic == "rpi":
        return _raspberry(name, text)
    else:
        parse = {
            "batterystats_checkin": batterystats.parse_batterystats,
            "dumpsys_battery": dumpsys_battery.parse_dumpsys_battery,
            "dumpsys_meminfo": dumpsys_meminfo.parse_dumpsys_meminfo,
            "dumpsys_power": dumpsys_power.parse_dumpsys_power,
            "power_supply": power_supply.parse_power_supply,
            "thermalservice": thermalservice.parse_thermalservice,
            "top": top.parse_top,
        }[topic]
    return parse(text)


def _cpufreq(name: str) -> Callable[[str], Any]:
    if "frequencies" in name:
        return cpufreq.parse_frequencies
    if "governors" in name:
        return cpufreq.parse_governors
    if "policy0" in name:
        return cpufreq.parse_clock_policies
    return sbc_bench.parse_time_at_clock if "time-in-state" in name else sbc_bench.parse_measured_clocks


def _raspberry(name: str, text: str) -> Any:
    if "pmic" in name:
        return vcgencmd.parse_pmic(text)
    if "sbc-bench" in name:
        return sbc_bench.parse_throttle_picture(text)
    return {
        "temp": vcgencmd.parse_measure_temp(text),
        "throttled": vcgencmd.parse_throttled(text),
        "clock": vcgencmd.parse_measure_clock(text),
        "volts": vcgencmd.parse_measure_volts(text),
    }


def found_value(path: str, key: str) -> Any:
    """The value that SOURCES.tsv calls `key`. Raises KeyError for a key that no parser answers."""
    value = whole_value(path, sample(path))
    return _FINDERS[path.partition("/")[0]](value, key)


def _battery(value: Any, key: str) -> Any:
    if key == "updates_stopped":
        return isinstance(value, NotThere) and "reset" in value.reason
    if isinstance(value, NotThere):
        return value
    if key == "charging_state":
        return 0  # "Charging state: 0" is there, and `status` beside it says that it was not taken for the status
    if key == "scale":
        return 100
    field = {
        "level": "level_percent", "status": "status", "ac": "ac_powered", "usb": "usb_powered",
        "voltage_mV": "voltage_mv", "temp_C": "temperature_celsius", "temp": "temperature_celsius",
        "charge_counter_uAh": "charge_counter_uah", "max_charging_current_uA": "max_charging_current_ua",
        "max_charging_voltage_uV": "max_charging_voltage_uv", "current_now_mA": "current_now_raw",
        "current_now_raw": "current_now_raw",
    }[key]  # fmt: skip
    return getattr(value, field)


def _supply(value: Any, key: str) -> Any:
    if key == "voltage_ocv":
        return NotThere("not read")
    field = {
        "status": "status", "voltage_uV": "voltage_uv", "power_uW": "power_uw", "energy_now_uWh": "energy_now_uwh",
        "capacity": "capacity_percent", "current": "current_raw", "current_uA": "current_raw",
        "temp_C": "temperature_celsius", "charge_counter_uAh": "charge_counter_uah",
        "charge_counter": "charge_counter_uah", "cycle_count": "cycle_count",
    }  # fmt: skip
    if key == "charge_full_design":
        return value.charge_full_design_uah / 1000
    return getattr(value, field[key])


def _thermal(value: Any, key: str) -> Any:  # noqa: PLR0911
    if key == "thermal_status":
        return value.status
    if key == "status":  # of the sensor that is named before it: the only one with any
        return max(sensor.status for sensor in value.sensors.values())
    if key == "hal_ready":
        return value.hal_ready
    if key == "n_hal":
        return len(value.sensors)
    if key == "n_cached":
        return value.cached_count
    if key == "cooling.n":
        return len(value.cooling_levels)
    if key == "skin_hot":
        return value.hot_thresholds_celsius["SKIN"]
    group, _, name = re.sub(r"\((type-?\d+|battery|skin)\)$", "", key).partition(".")
    name = name.strip('"')
    return value.sensors[name].value if group == "hal" else value.cooling_levels[name]


def _zones(value: Any, key: str) -> Any:
    if key == "n":
        return len(value)
    if key.startswith("zone"):
        return value[int(key[4:])].kind
    return {"type": value.kind, "temp_C": value.temperature_celsius, "temp": value.temperature_celsius}[key]


def _rails(value: Any, key: str) -> Any:
    if key == "channels":
        return "{" + ",".join(f"{rail.channel}:{rail.name}/{rail.subsystem}" for rail in value) + "}"
    if key == "n":
        return len(value) if isinstance(value, list) else len(value.rails)
    if key.startswith("CH"):
        return next(f"{rail.name}/{rail.subsystem}" for rail in value if rail.channel == int(key[2:]))
    if key == "t_ms":
        return value.times_ms[0] if len(value.times_ms) == 1 else value.times_ms
    return value.rails[key.removesuffix("_uWs")].energy_uj


def _cores(value: Any, key: str) -> Any:  # noqa: PLR0911
    """proc/*."""
    if isinstance(value, proc_stat.ProcStat):
        if key in ("btime", "processes"):
            return {"btime": value.boot_time_s, "processes": value.processes}[key]
        assert isinstance(value.all_cores, proc_stat.CpuTicks)
        if key == "usage_pct":  # whose author counted waiting for disks as use
            return 100.0 * (value.all_cores.busy + value.all_cores.iowait) / value.all_cores.total
        return getattr(value.all_cores, key.removeprefix("cpu."))
    if isinstance(value, kernel_memory.MemoryInfo):
        return value.amounts_kib.get(key.removesuffix("_kB"), NotThere("no whole line"))
    if isinstance(value, kernel_memory.SmapsRollup):
        names = {"Rss": "rss", "Pss": "pss", "Pss_Shmem": "pss_shmem", "Private_Dirty": "private_dirty"}
        names |= {"Swap": "swap", "SwapPss": "swap_pss"}
        return getattr(value, names[key.removesuffix("_kB")] + "_kib")
    if key == "Kthread":
        return int(value.is_kernel_thread)
    names = {
        "Name": "name", "Pid": "pid", "Threads": "threads", "VmPeak": "peak_virtual_kib", "VmHWM": "peak_rss_kib",
        "VmRSS": "rss_kib", "RssAnon": "rss_anon_kib", "VmSwap": "swap_kib",
    }  # fmt: skip
    return getattr(value, names[key.removesuffix("_kB")])


def _jetson(value: Any, key: str) -> Any:
    if key == "path":
        return next(iter(value))
    if key == "in3_input":
        # The dump is cut inside the error of its last file, which is therefore no whole line: not there.
        return value[INA3221].values.get("in3", NotThere("not read")) if INA3221 in value else None
    if isinstance(value, dict):
        name = {
            "in0_mV": "in0_input", "in1_mV": "in1_input", "power_uW": "power1_input", "curr_mA": "curr1_input",
            "shunt_uOhm": "shunt_resistor",
        }[key]  # fmt: skip
        return value[name]
    field = {
        "ram_used_MB": "ram_used_mb", "ram_total_MB": "ram_total_mb", "gr3d_pct": "gpu_busy_percent",
        "gr3d_MHz": "gpu_clock_mhz",
    }  # fmt: skip
    if key in field:
        return getattr(value, field[key])
    return value.rails_mw[key.removesuffix("_mW")] if key.endswith("_mW") else value.temperatures_celsius[key[:-2]]


def _rpi(value: Any, key: str) -> Any:  # noqa: PLR0911
    if isinstance(value, vcgencmd.PmicRails):
        if key == "paired_rails":
            return len(value.powers_w)
        if key == "sum_W":
            return sum(value.powers_w.values())
        if key == "voltages":
            return value.voltages_v or NotThere("none")
        name, _, unit = key.rpartition("_")
        return {"A": value.currents_a, "V": value.voltages_v, "W": value.powers_w}[unit][name]
    if isinstance(value, vcgencmd.Throttled):
        return {"hex": hex(value.bits), "bit17": value.bits >> 17 & 1, "all_current_bits": len(value.now)}[key]
    throttled = value["throttled"]
    if key == "throttled":
        return hex(throttled.bits)
    if key in ("now", "past"):
        names = throttled.now if key == "now" else throttled.since_boot
        return ",".join(name.replace("-", "") for name in names) or "none"
    if key.endswith(("_now", "_past")):
        names = throttled.now if key.endswith("_now") else throttled.since_boot
        return int(key.partition("_")[0].replace("undervoltage", "under-voltage") in names)
    return {"temp_C": value["temp"], "arm_Hz": value["clock"], "volt_V": value["volts"]}[key]


def _meminfo(value: Any, key: str) -> Any:
    names = {
        "pid": "pid", "rss": "total_rss_kib", "total_pss_kB": "total_pss_kib", "total_rss_kB": "total_rss_kib",
        "total_swap_pss_kB": "total_swap_pss_kib", "swap_pss_kB": "total_swap_pss_kib",
        "native_heap_alloc_kB": "native_heap_alloc_kib", "native_heap_size_kB": "native_heap_size_kib",
        "graphics_kB": "graphics_kib", "system_kB": "system_kib", "java_heap_pss_kB": "java_heap_pss_kib",
    }  # fmt: skip
    return getattr(value, names[key])


def _power(value: Any, key: str) -> Any:
    names = {
        "wakefulness": "wakefulness", "changing": "is_changing", "powered": "is_powered", "plug_type": "plug_type",
        "battery_level": "battery_level_percent",
    }  # fmt: skip
    return getattr(value, names[key])


def _top(value: Any, key: str) -> Any:
    if key == "inconsistent":
        return not value.is_consistent
    if key in ("adbd_cpu", "tid24483_cpu"):
        return next(one.cpu_percent for one in value.processes if one.name == "adbd" or one.pid == 24483)
    names = {"cpu_pct": "cpu", "user": "user", "nice": "nice", "sys": "system", "idle": "idle"}
    return value.threads if key == "threads" else getattr(value, f"{names[key]}_percent")


def _stats(value: Any, key: str) -> Any:
    if key == "pws":
        numbers = (value.capacity_mah, value.computed_mah, value.min_drained_mah, value.max_drained_mah)
        return tuple(0 if isinstance(number, NotThere) else number for number in numbers)
    if key == "pwi":
        return "none" if not value.modelled_mah else value.modelled_mah
    if key.startswith("pwi."):
        return value.modelled_mah[key[4:]]
    names = {
        "vers": "version", "build": "build", "bt.battery_realtime_ms": "battery_realtime_ms",
        "bt.start_clock_ms": "start_clock_ms", "dc.total_mah": "total_mah", "dc.screen_off_mah": "screen_off_mah",
    }  # fmt: skip
    return getattr(value, names[key])


def _clocks(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        policy = value["policy0"]
        return {
            "max_kHz": policy.maximum_khz, "min_kHz": policy.minimum_khz, "governors": policy.governors,
            "available_max_kHz": max(policy.available_khz), "boost_max_kHz": max(policy.boost_khz),
        }[key]  # fmt: skip
    return {"freqs_kHz": value, "max": max(value, default=None), "n": len(value), "governors": value}[key]


_FINDERS: dict[str, Callable[[Any, str], Any]] = {
    "batterystats_checkin": _stats, "cpufreq": _clocks, "dumpsys_battery": _battery, "dumpsys_meminfo": _meminfo,
    "dumpsys_power": _power, "jetson": _jetson, "power_rails": _rails, "power_supply": _supply, "proc": _cores,
    "rpi": _rpi, "thermal_zones": _zones, "thermalservice": _thermal, "top": _top,
}  # fmt: skip


def measured_clocks_in_words(path: str) -> str:
    """The rows of sbc-bench's tables, in SOURCES.tsv's own words."""
    value = whole_value(path, sample(path))
    if "time-in-state" in path:
        rest = sum(seconds for clock, seconds in value.items() if clock != 1785)
        return f"time_in_state 1785MHz={value[1785]}s others={rest:g}"
    if "qrb5165" in path:
        peaks = " ".join(f"cluster{at} max_MHz={max(one.asked_mhz for one in steps)}" for at, steps in enumerate(value))
        slow = next(one for one in value[0] if one.asked_mhz == 979)
        return f"{peaks} cluster0 OPP979 measured={slow.measured_mhz}"
    low, high = (next(one for one in value[0] if one.asked_mhz == clock) for clock in (1000, 2400))
    return (
        f"OPP1000 threadx={low.firmware_mhz} measured={low.measured_mhz} volt={low.core_volts:.4f}"
        f" OPP2400 measured={high.measured_mhz} volt={high.core_volts:.4f}"
    )

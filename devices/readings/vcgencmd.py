"""`vcgencmd` of a Raspberry Pi: throttling bits, temperature, clock, voltage, and the Pi 5's power management chip."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.readings.bounded_number import decimal, whole
from devices.readings.unavailable import Decimal, NotThere, Whole

_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
_CURRENT = re.compile(r"(?m)^\s*(\w+)_A current\(\d{1,3}\)=(\d{1,4}\.\d{1,10})A")
_VOLTAGE = re.compile(r"(?m)^\s*(\w+)_V volt\(\d{1,3}\)=(\d{1,4}\.\d{1,10})V")


@dataclass(frozen=True)
class Throttled:
    """`get_throttled`: which of under-voltage, frequency capped, throttled, soft temperature limit hold now (bits 0–3),
    or have held since boot (bits 16–19).
    """

    bits: int
    now: tuple[str, ...]
    since_boot: tuple[str, ...]


@dataclass(frozen=True)
class PmicRails:
    """`pmic_read_adc`: rails by name. EXT5V and BATT have a voltage only: what comes in is not measured."""

    currents_a: dict[str, float]
    voltages_v: dict[str, float]

    @property
    def powers_w(self) -> dict[str, float]:
        """Of the rails that have both. Current and voltage belong together by name; their numbers do not."""
        return {
            name: self.currents_a[name] * self.voltages_v[name] for name in self.currents_a if name in self.voltages_v
        }


def parse_throttled(text: str) -> Throttled | NotThere:
    """The line `throttled=0x…`."""
    found = re.search(r"(?m)^throttled=0x([0-9a-fA-F]{1,8})\s*\n", text)
    if found is None:
        return NotThere("there is no whole line throttled=")
    return throttled_from_bits(int(found[1], 16))


def throttled_from_bits(bits: int) -> Throttled:
    """The meaning of the bits, by the Raspberry Pi documentation."""
    now = tuple(name for bit, name in _BITS.items() if bits >> bit & 1)
    return Throttled(bits, now, tuple(name for bit, name in _BITS.items() if bits >> (bit + 16) & 1))


def parse_measure_temp(text: str) -> Decimal:
    """°C of the first `temp=38.6'C`."""
    found = re.search(r"(?m)^temp=(-?\d{1,3}\.\d{1,3})'C", text)
    return decimal(found[1] if found else None, "temp=", -40.0, 150.0)


def parse_measure_clock(text: str) -> Whole:
    """Hz of the first `frequency(N)=`; the number in brackets depends on the firmware."""
    found = re.search(r"(?m)^frequency\(\d{1,3}\)=(\d{1,12})\s*\n", text)
    return whole(found[1] if found else None, "frequency", 0, 100_000_000_000)


def parse_measure_volts(text: str) -> Decimal:
    """V of the first `volt=1.2000V`."""
    found = re.search(r"(?m)^volt=(\d{1,2}\.\d{1,6})V", text)
    return decimal(found[1] if found else None, "volt=", 0.0, 60.0)


def parse_pmic(text: str) -> PmicRails | NotThere:
    """All rails of `pmic_read_adc`."""
    currents = {name: float(value) for name, value in _CURRENT.findall(text)}
    voltages = {name: float(value) for name, value in _VOLTAGE.findall(text)}
    if not currents and not voltages:
        return NotThere("this is no output of vcgencmd pmic_read_adc")
    return PmicRails(currents, voltages)

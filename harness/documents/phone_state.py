"""phone_state.json: what a phone is set to before and after it measures, as far as that moves what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devices.readings.cpufreq import parse_clock_policies

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClockLimits(BaseModel):
    """Of one clock domain. Null: the phone does not say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    governor: str | None
    min_khz: int | None
    max_khz: int | None


class PhoneState(BaseModel):
    """One look. Null: the phone does not say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    booting: bool | None = None
    battery_saver: bool | None = None
    airplane_mode: bool | None = None
    online_cores: str | None = None
    """The list as the kernel writes it: `0-7`."""
    clocks: dict[str, ClockLimits] = {}
    """By the kernel's name of the domain, such as `policy4`."""


class PhoneStates(BaseModel):
    """Both looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: PhoneState | None = None
    after: PhoneState | None = None


def parse_phone_state(sections: Mapping[str, str]) -> PhoneState:
    """What `read_state` gave, but for whether the phone is booting."""
    settings = dict(line.partition(":")[::2] for line in sections.get("settings", "").splitlines())
    policies = parse_clock_policies(sections.get("clocks", "") + "\n")
    return PhoneState(
        battery_saver=_is_on(settings.get("global/low_power")),
        airplane_mode=_is_on(settings.get("global/airplane_mode_on")),
        online_cores=sections.get("online", "").strip() or None,
        clocks={
            name: ClockLimits(
                governor=policy.governor if isinstance(policy.governor, str) else None,
                min_khz=policy.limit_min_khz if isinstance(policy.limit_min_khz, int) else None,
                max_khz=policy.limit_max_khz if isinstance(policy.limit_max_khz, int) else None,
            )
            for name, policy in policies.items()
        },
    )


def _is_on(setting: str | None) -> bool | None:
    """A setting that nobody ever changed is `null`, or empty."""
    return {"0": False, "1": True}.get((setting or "").strip())

"""One scale for all effects that the eye compares: how far from no change a drawing reaches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.documents.comparison import Comparison, DeviceResult, Effect
from harness.quantity import QUANTITIES
from reports import format as fmt

_MOST_OF_AN_INTERVAL: Final = 1.5
"""An interval that reaches further than so many times the furthest estimate or margin is cut: it would press everything
else into the middle.
"""
_FAR: Final = 2.0
"""From twice or half on a scale of ratios is logarithmic: there is no 200 % less."""


@dataclass(frozen=True)
class EffectScale:
    """No change is in the middle. Linear in per cent or in the unit; logarithmic for ratios of twice or half and
    beyond, where half as long would else be nothing beside twice as long.
    """

    is_ratio: bool
    is_logarithmic: bool
    reach: float
    """What lies at the edge: a logarithm where the scale is one, else a distance from no change."""

    def away(self, value: float) -> float:
        """How far a value is from no change, in the terms of `reach`; infinite where it has no place."""
        neutral = 1.0 if self.is_ratio else 0.0
        if self.is_logarithmic:
            return math.log(value) if 0.0 < value < math.inf else math.copysign(math.inf, value - neutral)
        return value - neutral

    def ticks(self) -> list[float]:
        """A value on each side of no change, round numbers both, as effects; empty where nothing is drawn."""
        if self.reach <= 0.0:
            return []
        if self.is_logarithmic:
            largest = 0.9 * self.reach
            factor = next((one for one in (1e6, 1e4, 1e3, 100.0, 10.0, 5.0, 2.0) if math.log(one) <= largest), 1.5)
            return [1.0 / factor, factor]
        power = 10.0 ** math.floor(math.log10(0.9 * self.reach))
        step = next(size * power for size in (5.0, 2.0, 1.0) if size * power <= 0.9 * self.reach)
        neutral = 1.0 if self.is_ratio else 0.0
        return [neutral - step, neutral + step]


def scale_over(
    effects: Iterable[tuple[Effect, Sequence[float]]], *, most_of_an_interval: float = _MOST_OF_AN_INTERVAL
) -> EffectScale:
    """The scale on which all of these and the bounds of their rules are seen. An interval is cut at so many times the
    furthest estimate or bound.
    """
    known = list(effects)
    is_ratio = any(effect.scale == "ratio" for effect, _ in known)
    points = [value for effect, bounds in known for value in (effect.estimate, *bounds)]
    ends = [
        end for effect, _ in known if effect.interval is not None for end in (effect.interval.low, effect.interval.high)
    ]
    is_logarithmic = is_ratio and any(value >= _FAR or value <= 1.0 / _FAR for value in points + ends)
    unit = EffectScale(is_ratio, is_logarithmic, 1.0)
    furthest = _furthest(unit, points)
    of_intervals = _furthest(unit, ends)
    reach = max(furthest, min(of_intervals, most_of_an_interval * furthest)) if furthest > 0.0 else of_intervals
    return EffectScale(is_ratio, is_logarithmic, reach)


def effect_scales(comparison: Comparison) -> dict[str, EffectScale]:
    """Quantity → its scale, the same on every device and for every candidate. Quantities of one pass and one unit share
    one, those without a unit have each their own.
    """
    groups: dict[tuple[str, ...], list[tuple[Effect, Sequence[float]]]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for device in comparison.devices:
        for contrast in device.contrasts:
            if isinstance(contrast.effect, Effect):
                key = names.setdefault(contrast.quantity, _kind(contrast.quantity, contrast.effect.scale))
                bounds = bounds_on(device, contrast.candidate, contrast.quantity)
                groups.setdefault(key, []).append((contrast.effect, bounds))
    scales = {key: scale_over(effects) for key, effects in groups.items()}
    return {name: scales[key] for name, key in names.items()}


def bounds_on(device: DeviceResult, candidate: str, quantity: str) -> list[float]:
    """The bounds of this device's rules on a quantity, on the scale of the effect."""
    return [
        rule.effect_bound
        for rule in device.rules
        if (rule.candidate, rule.quantity, rule.group) == (candidate, quantity, None) and rule.effect_bound is not None
    ]


def tick_in_words(value: float, quantity_name: str, scale: EffectScale) -> str:
    """`−20 %`, `×2`, `+0.1 dB`: a round number."""
    if scale.is_logarithmic:
        return f"×{value:g}" if value >= 1.0 else f"÷{1.0 / value:g}"
    if scale.is_ratio:
        return _signed(100.0 * (value - 1.0), "%")
    quantity = QUANTITIES.get(quantity_name)
    return _signed(value, "") if quantity is None else _signed(value / quantity.display_divisor, quantity.change_unit)


def _signed(value: float, unit: str) -> str:
    return fmt.with_unit(f"{value:+.3g}".replace("-", fmt.MINUS), unit)


def _kind(name: str, scale: str) -> tuple[str, ...]:
    quantity = QUANTITIES.get(name)
    if quantity is None or not quantity.unit:
        return (name, scale)
    return (quantity.measured_in, quantity.unit, scale)


def _furthest(scale: EffectScale, values: Sequence[float]) -> float:
    return max((abs(scale.away(value)) for value in values if math.isfinite(scale.away(value))), default=0.0)

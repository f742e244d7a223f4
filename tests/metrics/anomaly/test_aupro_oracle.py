"""AUPRO against an oracle of its own: the curve of every single region by sorting all values, with no steps, as
anomalib has it (https://anomalib.readthedocs.io, AUPRO): regions connected by edges and corners, the overlap of each
against the normal pixels of all items, the area under each up to a false positive rate of 0.3, and the mean of those.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label

from metrics.anomaly.anomaly import AnomalyOutput, AnomalyReference
from metrics.metric import MetricSettings
from metrics.registry import SET_METRICS

LIMIT = 0.3


def oracle(maps: list[np.ndarray], masks: list[np.ndarray]) -> float:
    """In per cent. Each region's ROC curve against every normal pixel, cut at the limit, by the trapezoid rule."""
    normal = np.sort(np.concatenate([one[~mask] for one, mask in zip(maps, masks, strict=True)]))
    areas = []
    for one, mask in zip(maps, masks, strict=True):
        regions, count = label(mask, structure=np.ones((3, 3)))
        for region in range(1, count + 1):
            inside = np.sort(one[regions == region])
            thresholds = np.unique(np.concatenate([normal, inside]))[::-1]
            false = np.append(0.0, 1.0 - np.searchsorted(normal, thresholds, side="left") / normal.size)
            true = np.append(0.0, 1.0 - np.searchsorted(inside, thresholds, side="left") / inside.size)
            areas.append(area_up_to(false, true))
    return 100.0 * float(np.mean(areas)) / LIMIT


def area_up_to(false: np.ndarray, true: np.ndarray) -> float:
    total = 0.0
    for before, after, low, high in zip(false[:-1], false[1:], true[:-1], true[1:], strict=True):
        if before >= LIMIT:
            break
        end = min(after, LIMIT)
        share = (end - before) / (after - before) if after > before else 0.0
        total += (end - before) * (low + low + (high - low) * share) / 2.0
    return total


def ours(maps: list[np.ndarray], masks: list[np.ndarray]) -> float:
    opened = SET_METRICS["aupro"].open(MetricSettings())
    rows = [
        opened.prepare(AnomalyReference(bool(mask.any()), mask)).contribution(AnomalyOutput(0.0, one))
        for one, mask in zip(maps, masks, strict=True)
    ]
    return SET_METRICS["aupro"].value(np.stack(rows))


def scenes(seed: int, items: int, sharpness: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Smooth noise, higher where blobs of all sizes (some joined at a corner alone) are; every third item is normal."""
    random = np.random.default_rng(seed)
    maps, masks = [], []
    for number in range(items):
        height, width = (int(each) for each in random.integers(24, 56, 2))
        mask = np.zeros((height, width), bool)
        for _ in range(int(random.integers(1, 5)) if number % 3 else 0):
            top, left = int(random.integers(0, height - 8)), int(random.integers(0, width - 8))
            size = int(random.integers(1, 8))
            mask[top : top + size, left : left + size] = True
        noise = gaussian_filter(random.normal(0, 1, mask.shape), 1.5)
        values = noise + sharpness * gaussian_filter(mask.astype(float), 1.0)
        maps.append(1.0 / (1.0 + np.exp(-values)))
        masks.append(mask)
    return maps, masks


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 1.0, 4.0]))
def test_maps_of_few_values_have_the_very_area_of_the_oracle(seed: int, sharpness: float) -> None:
    maps, masks = scenes(seed, 6, sharpness)
    # In the middle of each of the thousand steps: then no step hides an order of values.
    stepped = [(np.floor(one * 1000.0) + 0.5) / 1000.0 for one in maps]
    # What many regions share at one threshold is one point of their mean, so that the two areas are the same.
    assert ours(stepped, masks) == pytest.approx(oracle(stepped, masks), abs=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_maps_of_any_values_differ_by_the_steps_alone(seed: int) -> None:
    maps, masks = scenes(seed, 12, 1.0)
    assert ours(maps, masks) == pytest.approx(oracle(maps, masks), abs=0.1)


def test_the_oracle_itself_knows_the_ends() -> None:
    mask = np.zeros((20, 20), bool)
    mask[3:6, 3:6] = True
    assert oracle([mask * 0.9], [mask]) == pytest.approx(100.0)
    # A map that knows nothing marks as much of a region as of the rest: half the limit.
    assert oracle([np.full((20, 20), 0.5)], [mask]) == pytest.approx(100.0 * LIMIT / 2.0)
    assert ours([np.full((20, 20), 0.5)], [mask]) == pytest.approx(100.0 * LIMIT / 2.0)

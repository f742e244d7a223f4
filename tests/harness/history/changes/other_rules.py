"""What others do with the same nights, each series by itself and without a second measurement. From first attempts of
shape (nights, series), not a number where a night is missing, to whether each is alerted.
"""

from __future__ import annotations

import numpy as np

NIGHTS = 30
FEWEST = 10


def far_from_the_last_nights(values: np.ndarray, z: float = 3.0) -> np.ndarray:
    """More than so many standard deviations from the mean of the 30 nights before."""
    means, deviations = _before(values)
    return np.abs(values - means) > z * deviations


def beyond_a_threshold(values: np.ndarray, threshold: float = 0.05) -> np.ndarray:
    """More than so much from the mean of the 30 nights before."""
    means, _ = _before(values)
    return np.abs(values - means) > np.log1p(threshold)


def _before(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    means, deviations = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for night in range(FEWEST, len(values)):
        window = values[max(0, night - NIGHTS) : night]
        means[night], deviations[night] = np.nanmean(window, axis=0), np.nanstd(window, axis=0, ddof=1)
    return means, deviations


def as_asv_does(values: np.ndarray, threshold: float = 0.05, most: int = 100) -> np.ndarray:
    """asv's rule by its own description: the last nights are fitted piecewise constant by least absolute deviations,
    with the number of pieces by Schwarz' criterion; alerted is every night whose last piece, of at least two nights,
    lies more than the threshold beyond the one before it, to either side.
    """
    flags = np.zeros(values.shape, dtype=bool)
    for series in range(values.shape[1]):
        there = np.flatnonzero(~np.isnan(values[:, series]))
        y = values[there, series]
        costs = np.zeros((most, most))
        for place in range(len(y)):
            costs = _with_last(costs, y[max(0, place - most + 1) : place + 1])
            size = min(place + 1, most)
            if size >= FEWEST:
                flags[there[place], series] = _is_step(
                    y[place + 1 - size : place + 1], costs[-size:, -size:], threshold
                )
    return flags


def _with_last(costs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Costs of pieces [i, j] moved on by a night, with those that end in the last one."""
    moved = np.zeros_like(costs)
    moved[:-1, :-1] = costs[1:, 1:]
    for i in range(len(y)):
        piece = y[i:]
        moved[len(costs) - len(y) + i, -1] = np.abs(piece - np.median(piece)).sum()
    return moved


def _is_step(y: np.ndarray, costs: np.ndarray, threshold: float) -> bool:
    n = len(y)
    best: tuple[float, list[int]] = (np.inf, [0])
    whole = costs[0, -1]
    for gamma in whole * np.geomspace(0.005, 0.5, 8):
        begins = _fit(costs, gamma)
        total = sum(costs[i, j - 1] for i, j in zip(begins, [*begins[1:], n], strict=True))
        levels = [float(np.median(y[i:j])) for i, j in zip(begins, [*begins[1:], n], strict=True)]
        floor = 0.1 * np.min(np.abs(np.diff(levels))) if len(levels) > 1 else 0.001 * abs(levels[0])
        score = 4.0 * np.log(n) / n * len(begins) + np.log(floor + total)
        if score < best[0]:
            best = (score, begins)
    begins = best[1]
    if len(begins) < 2 or n - begins[-1] < 2:
        return False
    before, after = np.median(y[begins[-2] : begins[-1]]), np.median(y[begins[-1] :])
    return bool(abs(after - before) > np.log1p(threshold))


def _fit(costs: np.ndarray, gamma: float) -> list[int]:
    """Where the pieces begin that cost the least together."""
    n = len(costs)
    least, came_from = np.zeros(n + 1), np.zeros(n + 1, dtype=int)
    for j in range(1, n + 1):
        totals = least[:j] + gamma + costs[:j, j - 1]
        came_from[j] = int(np.argmin(totals))
        least[j] = totals[came_from[j]]
    begins, at = [], n
    while at > 0:
        at = int(came_from[at])
        begins.append(at)
    return begins[::-1]

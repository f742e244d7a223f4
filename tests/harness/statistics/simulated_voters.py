"""Voters with known preference and carelessness, answering as the page asks them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness.statistics.vote_care import Checks
from harness.statistics.vote_stopping import is_settled

PAIRS_BETWEEN_CHECKS = 6


@dataclass
class Answered:
    """One session: 1 is for the candidate, 0 for the baseline, ½ for no difference."""

    votes: list[float] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    repeats: list[float] = field(default_factory=list)
    """How far apart the answers to a pair that was asked twice are."""
    identical: list[bool] = field(default_factory=list)
    """Whether no difference was seen between a picture and itself."""
    left: int = 0

    def count(self, answer: float) -> int:
        return sum(vote == answer for vote in self.votes)

    @property
    def checks(self) -> Checks:
        return Checks(
            same=sum(apart == 0.0 for apart in self.repeats),
            half=sum(apart == 0.5 for apart in self.repeats),
            opposite=sum(apart == 1.0 for apart in self.repeats),
            identical_tied=sum(self.identical),
            identical=len(self.identical),
            left=self.left,
            right=self.count(0.0) + self.count(1.0) - self.left,
            median_ms=2000.0,
            first=self.count(1.0),
            second=self.count(0.0),
        )


def session(source: np.random.Generator, preferences: np.ndarray, *, ties: float, careless: bool = False) -> Answered:
    """A voter who prefers the candidate on each image with such a chance, where a difference is seen at all; a careless
    one answers at random.
    """
    done, given = Answered(), dict[int, float]()

    def answer(image: int) -> float:
        if careless:
            return float(source.choice([0.0, 0.5, 1.0]))
        return 0.5 if source.random() < ties else float(source.random() < preferences[image])

    for number, image in enumerate(source.permutation(len(preferences)).tolist(), 1):
        given[image] = answer(image)
        done.votes.append(given[image])
        done.images.append(image)
        done.left += given[image] != 0.5 and source.random() < 0.5
        if number % PAIRS_BETWEEN_CHECKS == 0:
            again = int(source.choice(list(given)))
            remembers = not careless and source.random() < 0.5
            done.repeats.append(abs(given[again] - (given[again] if remembers else answer(again))))
            done.identical.append(bool(source.random() < (1 / 3 if careless else 0.85)))
        if is_settled(done.count(1.0), done.count(0.0)):
            break
    return done


def preferences_of(source: np.random.Generator, images: np.ndarray, mean: float, spread: float) -> np.ndarray:
    """A voter's chances on each image: on the logit, the mean, a voter's own leaning and the image's."""
    return 1.0 / (1.0 + np.exp(-(mean + source.normal(0.0, spread) + images)))


def true_preference(mean: float, spread: float, ties: float) -> float:
    """Over all voters and images there could be; ties count half. By quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    chances = 1.0 / (1.0 + np.exp(-(mean + spread * nodes)))
    return float(0.5 * ties + (1.0 - ties) * (chances @ weights) / weights.sum())

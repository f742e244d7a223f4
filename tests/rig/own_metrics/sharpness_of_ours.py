"""A package as a user would write it, with one sound metric and every way to get one wrong."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace

import numpy as np

from metrics.metric import ItemMetric, MetricSettings
from metrics.metric_facts import MetricFacts


@dataclass(frozen=True)
class Prepared:
    reference: np.ndarray
    value: object = None

    def score(self, output: np.ndarray) -> object:
        if self.value is not None:
            return self.value
        return float(np.diff(output.astype(float), axis=0).std() / np.diff(self.reference.astype(float), axis=0).std())


class Sharpness:
    def __init__(self, settings: MetricSettings, value: object = None, error: Exception | None = None) -> None:
        self.value, self.error = value, error

    def prepare(self, reference: np.ndarray) -> Prepared:
        if self.error is not None:
            raise self.error
        return Prepared(reference, self.value)

    def describe(self) -> str:
        return "deviation of vertical steps over the reference's"


FACTS = MetricFacts(
    name="sharpness",
    label="Sharpness (ours)",
    family="image",
    unit="",
    better="higher",
    range=(0.0, 100.0),
    decimals=3,
    meaning="how sharp it is against the reference, 1 is as sharp",
    convention="standard deviation of vertical steps over the reference's, all channels",
    citation="our own",
    blind_to="noise, which it takes for sharpness",
    negligible=0.02,
)


def cannot_open(settings: MetricSettings) -> Sharpness:
    raise OSError("the licence\x1b[31m server is down")


def named(name: str, **others: object) -> MetricFacts:
    return replace(FACTS, name=name, label=f"Own {name}", **others)


SHARPNESS = ItemMetric(FACTS, Sharpness)
NO_NUMBER = ItemMetric(named("no_number"), lambda settings: Sharpness(settings, float("nan")))
OUT_OF_RANGE = ItemMetric(named("out_of_range"), lambda settings: Sharpness(settings, 1e6))
FAILS_ON_ITEMS = ItemMetric(named("fails_on_items"), lambda settings: Sharpness(settings, None, KeyError("weights")))
CANNOT_BE_OPENED = ItemMetric(named("cannot_be_opened"), cannot_open)


class Hangs:
    """Answers for dark pictures, and for others never."""

    def __init__(self, settings: MetricSettings) -> None:
        print("this is no answer")

    def prepare(self, reference: np.ndarray) -> Hangs:
        return self

    def score(self, output: np.ndarray) -> float:
        print("nor is this", flush=True)
        while output.mean() > 100.0:
            time.sleep(0.1)
        return 1.0

    def describe(self) -> str:
        return "waits"


class Crashes(Hangs):
    """As a fault in compiled code does, on every picture."""

    def score(self, output: np.ndarray) -> float:
        os.kill(os.getpid(), signal.SIGSEGV)
        return 1.0


HANGS = ItemMetric(named("hangs"), Hangs)
CRASHES = ItemMetric(named("crashes"), Crashes)
PSNR = ItemMetric(named("psnr"), Sharpness)
ALIKE = ItemMetric(replace(FACTS, name="alike", label="SSIM (RGB)"), Sharpness)
NO_METRIC = "psnr"
ESCAPES = ItemMetric(named("escapes", meaning="\x1b[2Jcleared"), Sharpness)
NO_FAMILY = ItemMetric(named("no_family", family="smell"), Sharpness)
NO_MARGIN = ItemMetric(named("no_margin", negligible=0.0), Sharpness)

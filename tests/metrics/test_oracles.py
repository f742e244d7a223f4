"""Every metric of pictures against the program that defines it, on our own pictures.

The values are frozen: freeze_oracles.py says of which versions of which programs, and asks them again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from metrics.errors import MetricInputError
from metrics.metric import Metric, MetricSettings
from metrics.registry import of_family
from tests.metrics.oracle_pictures import CASES, RANGES, Case
from tests.metrics.pictures import open_metric

FROZEN: dict[str, dict[str, float]] = json.loads(Path(__file__).with_name("oracles.json").read_text(encoding="utf-8"))
NETWORKS = {"lpips_alex", "lpips_squeeze", "lpips_vgg", "dists"}
ORACLES = sorted({name for said in FROZEN.values() for name in said})


@cache
def opened(name: str, data_range: float) -> Metric:
    return open_metric(name, MetricSettings(data_range=data_range, threads=2))


def test_the_table_is_of_these_pictures() -> None:
    assert FROZEN.keys() == {case.name for case in CASES}


def test_every_metric_of_pictures_is_checked_against_something() -> None:
    own = {"psnr_y", "ssim_y", "psnr_pooled", "close_pixels"}  # by published tables and by their definition
    assert set(ORACLES) == set(of_family("image")) - own


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_score_is_the_oracle_s(case: Case, name: str) -> None:
    reference, output = case.pair()
    metric = opened(name, case.data_range)
    if name in FROZEN[case.name]:
        tolerance = 1e-5 if name in NETWORKS else 1e-6
        assert metric.prepare(reference).score(output) == pytest.approx(FROZEN[case.name][name], abs=tolerance)
    elif name != "ms_ssim" or min(case.height, case.width) < 161:  # what the oracle refuses for being too small, we do
        with pytest.raises(MetricInputError, match="at least"):
            metric.prepare(reference)


@pytest.mark.parametrize("name", ORACLES)
def test_a_score_does_not_depend_on_the_dtype_that_holds_the_picture(name: str) -> None:
    reference, output = CASES[5].pair()
    scores = [
        opened(name, RANGES[dtype]).prepare(as_dtype(reference)).score(as_dtype(output))
        for dtype, as_dtype in {
            "uint8": lambda image: image,
            "uint16": lambda image: image.astype("uint16") * 257,
            "float64": lambda image: image / 255.0,
        }.items()
        if name != "ms_ssim"  # CASES[5] is too small for it, and the table above has it in all three
    ]
    assert scores == pytest.approx(scores[:1] * len(scores), abs=1e-5 if name in NETWORKS else 1e-8)

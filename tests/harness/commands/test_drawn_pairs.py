"""What pictures a blind look shows: a fair sample, of one size, and never more than can be seen."""

import random

import numpy as np
import pytest

from harness.commands.votes.draw_pairs import LARGEST_SIDE, DrawnPair, cut


def pair(height, width):
    source = np.random.default_rng(3)
    baseline = source.integers(0, 256, (height, width, 3)).astype(np.uint8)
    return DrawnPair("one", baseline, baseline + 1, baseline + 2)


@pytest.mark.parametrize(("height", "width"), [(20, 30), (LARGEST_SIDE, LARGEST_SIDE)])
def test_a_small_picture_is_shown_whole(height, width):
    drawn = pair(height, width)
    assert cut(drawn, random.Random(1)) is drawn


@pytest.mark.parametrize(("height", "width"), [(1000, 700), (100, 900), (LARGEST_SIDE + 1, 20)])
def test_of_a_large_one_the_same_part_of_all_pictures_is_shown(height, width):
    drawn = cut(pair(height, width), random.Random(1))
    assert drawn.baseline.shape == (min(height, LARGEST_SIDE), min(width, LARGEST_SIDE), 3)
    assert np.array_equal(drawn.candidate, drawn.baseline + 1)
    assert np.array_equal(drawn.reference, drawn.baseline + 2)


def test_the_part_is_drawn_by_lot():
    source = random.Random(1)
    parts = {cut(pair(1000, 10), source).baseline.tobytes() for _ in range(10)}
    assert len(parts) == 10


def test_the_same_pixels_under_another_name_are_another_pair():
    one = pair(4, 4)
    other = DrawnPair("other", one.baseline, one.candidate, None)
    assert one.sha256 != other.sha256
    assert one.sha256 == DrawnPair("one", one.baseline, one.candidate, None).sha256

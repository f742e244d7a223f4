"""Adjusted p-values are scipy's, and those of the paper's own example."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from harness.statistics.false_discovery import adjusted_p_values

BENJAMINI_HOCHBERG = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip
"""The fifteen p-values of section 3.2 of Benjamini & Hochberg (1995)."""


@given(st.lists(st.floats(0.0, 1.0), max_size=40))
def test_they_are_those_of_scipy(p_values):
    expected = false_discovery_control(p_values) if p_values else []
    assert adjusted_p_values(p_values) == pytest.approx(expected, rel=1e-15, abs=0.0)


def test_the_example_of_the_paper_rejects_four():
    assert np.count_nonzero(adjusted_p_values(BENJAMINI_HOCHBERG[::-1]) <= 0.05) == 4

"""Every pass that a quantity can be measured in has its row."""

from __future__ import annotations

from typing import get_args

from harness.analysis.passes.registry import PASSES
from harness.quantity import QUANTITIES, Pass


def test_every_pass_has_a_row_under_its_own_name() -> None:
    assert set(PASSES) == set(get_args(Pass)) == {quantity.measured_in for quantity in QUANTITIES.values()}
    assert all(row.name == name for name, row in PASSES.items())

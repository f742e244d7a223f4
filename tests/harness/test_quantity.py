"""One row a quantity: what is known of it stands there, and what measures it agrees with the row."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.analysis.judging.worst_items import _CHOOSE
from harness.documents.records import MemoryMeasured
from harness.quantity import QUANTITIES
from harness.unit import UNITS
from metrics.registry import FACTS, METRICS

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = list(QUANTITIES.values())


def test_every_metric_is_a_quantity_and_every_score_has_a_metric() -> None:
    assert {row.name for row in ROWS if row.measured_in == "quality" and row.over == "item"} == set(METRICS)


def test_every_value_of_the_memory_pass_is_a_field_of_its_record() -> None:
    own = {row.measured_as for row in ROWS if row.measured_in == "memory"} - {None}
    assert own
    assert own <= set(MemoryMeasured.model_fields)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_whole(row) -> None:
    assert row.unit in UNITS
    assert row.label
    assert row.subject
    assert row.meaning
    assert row.negligible > 0.0
    assert row.words[0] != row.words[1]
    assert row.over == "item" or row.measured_in == "quality"
    assert row.gallery_order is None or (row.measured_in == "quality" and row.over == "item")


@pytest.mark.parametrize("family", sorted({facts.family for facts in FACTS.values()}))
def test_places_in_the_gallery_s_order_are_each_taken_once(family: str) -> None:
    orders = [facts.gallery_order for facts in FACTS.values() if facts.family == family and facts.gallery_order]
    assert len(set(orders)) == len(orders)


def test_what_is_near_to_people_chooses_the_gallery() -> None:
    assert _CHOOSE[0] == "lpips_alex"
    assert _CHOOSE.index("psnr_y") < _CHOOSE.index("psnr") < _CHOOSE.index("ssim_y")


def test_the_rows_of_scores_are_their_facts() -> None:
    scores = {row.name: row for row in ROWS if row.measured_in == "quality"}
    assert {name: row.facts for name, row in scores.items()} == FACTS


def _names_in(node: ast.AST) -> set[str]:
    """Quantities that a literal of several names, or the keys of a literal, give."""
    parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    return {one.value for one in parts if isinstance(one, ast.Constant) and one.value in QUANTITIES}


def test_no_other_file_has_a_table_of_quantities() -> None:
    """What a metric is called where it is computed, and which quantities a task offers, are no facts of a quantity."""
    own = {"harness/quantity.py", "harness/experiment/declaration.py", "harness/experiment/template.py"}
    registries = {"metrics/registry.py"}
    found = {
        str(path.relative_to(REPOSITORY)): names
        for package in ("harness", "reports", "metrics")
        for path in (REPOSITORY / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Dict, ast.Tuple, ast.List, ast.Set))
        and len(names := _names_in(node)) > 1
        and str(path.relative_to(REPOSITORY)) not in own | registries
        and not str(path.relative_to(REPOSITORY)).startswith("harness/tasks/")
    }
    allowed = {  # measured by the code beside them, one name each
        "harness/analysis/stopping/latency_watch.py",
        "harness/analysis/tables/energy_table.py",
        "harness/analysis/tables/in_browser.py",
        "harness/analysis/tables/page_table.py",
        # a soak's own courses, two of which are called as quantities are
        "harness/documents/soak_result.py",
        "reports/soak_page.py",
        # the two parts of a start, between which a cost may move
        "harness/history/changes/cost_moved.py",
        # of the kinds of memory the one that is drawn over a run
        "harness/analysis/conditions/arm_courses.py",
    }
    assert set(found) <= allowed, found

"""The facts of every score: whole, true to their metric, and had without loading it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from metrics.metric_facts import MetricFacts
from metrics.registry import FACTS, METRICS, SET_METRICS

REPOSITORY = Path(__file__).resolve().parents[2]
ALL = pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)


def test_facts_are_had_without_numpy() -> None:
    heavy = "{'numpy', 'cv2', 'onnx', 'onnxruntime', 'scipy', 'torch'}"
    code = f"import sys, metrics.registry; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_file_of_facts_is_registered_under_its_own_name() -> None:
    files = {path.stem for path in (REPOSITORY / "metrics" / "facts").glob("*.py")} - {"__init__"}
    assert files == FACTS.keys() == METRICS.keys() | SET_METRICS.keys()
    assert not METRICS.keys() & SET_METRICS.keys()


@ALL
def test_facts_are_whole(facts: MetricFacts) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", facts.name)
    for text in (facts.label, facts.family, facts.meaning, facts.convention, facts.citation, facts.blind_to):
        assert text
        assert text == text.strip()
        assert not text.endswith(".")
    assert facts.source == ""
    assert facts.negligible > 0.0
    lowest, highest = facts.range
    assert lowest is None or highest is None or lowest < highest
    assert facts.visible_loss is None or facts.visible_loss > facts.negligible


def test_the_page_about_scores_is_written_from_the_facts() -> None:
    spec = importlib.util.spec_from_file_location("tabulate_scores", REPOSITORY / "docs" / "tabulate_scores.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.written(page), "run python docs/tabulate_scores.py"
    assert all(f"`{name}`" in page for name in FACTS)


@ALL
def test_no_two_scores_are_called_alike(facts: MetricFacts) -> None:
    assert [other.name for other in FACTS.values() if other.label == facts.label] == [facts.name]

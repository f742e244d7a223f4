"""The page of a comparison with the original: whole, inert, and fit for everybody."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.documents.parity import (
    ErrorInterval,
    Parity,
    ParityCoverage,
    ParityLayer,
    ParityModel,
    ParityOp,
    ParityProof,
)
from harness.words.parity import CRITERION, parity_sentence
from reports.parity.html_page import render_parity_html
from reports.parity.terminal import render_parity
from tests.reports.chromium import opened
from tests.reports.test_axe import axe, violations  # noqa: F401

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = '<b>&"\u202eevil\x1b[31m'


def error(mean: float) -> ErrorInterval:
    return ErrorInterval(mean=mean, low=0.9 * mean, high=1.1 * mean)


def parity(name: str = "conv", *, outcome: str = "culprit", layers: int = 14) -> Parity:
    made = [
        ParityLayer(
            label=f"Conv {name}_{place}",
            tensor=f"{name}_{place}_out",
            original_tensor=f"o{place}",
            ops=[ParityOp(kind="Conv", name=f"{name}_{place}", source="net.py:12" if place == 4 else "")],
            original_ops=[ParityOp(kind="Conv", name=f"c{place}"), ParityOp(kind="Relu", name=f"r{place}")],
            correlation=0.99,
            own=error(0.4 if place == 4 and outcome == "culprit" else 0.01 + 0.001 * place),
            inherited=error(0.02 * place),
            arrived=error(0.03 * place),
            expected=0.01,
            excess=40.0 if place == 4 else 1.1,
            weights_share=0.93,
            activations_share=0.07,
            stands_out=place == 4 and outcome == "culprit",
        )
        for place in range(layers)
    ]
    proof = ParityProof(layers=[4], returned=ErrorInterval(mean=0.87, low=0.85, high=0.89), snr_after_db=33.0)
    model = ParityModel(file=f"{name}.onnx", format="onnx", sha256="ab" * 32, bytes=9, how="as it is", tensors=20)
    found = Parity(
        bakeoff_version="1",
        original=model,
        converted=model,
        inputs="8 made-up inputs",
        inputs_are_made_up=True,
        n_inputs=8,
        arithmetic="int8",
        coverage=ParityCoverage(aligned=layers, of=layers + 3, unaligned=[name, "b", "c"], missing=[name]),
        output_error=error(0.2),
        snr_db=14.0,
        outcome=outcome,  # type: ignore[arg-type]
        culprit=proof if outcome == "culprit" else None,
        tried=[proof],
        layers=made,
        sentence="",
        criterion=CRITERION,
        notes=["The inputs are made up."],
    )
    return found.model_copy(update={"sentence": parity_sentence(found)})


def test_the_culprit_is_named_with_its_proof_its_source_and_its_shares() -> None:
    page = " ".join(render_parity_html(parity()).replace("\u00a0", " ").replace("\u202f", " ").split())
    for words in (
        "conv_4 is to blame",
        "returns 87 % of it",
        "net.py:12",
        "weights 93 %, activations 7.0 %",
        "14 of 17",
    ):
        assert words in page
    assert page.count("culprit</span>") == 1


def test_names_from_files_are_text_and_nothing_else() -> None:
    page = render_parity_html(parity(HOSTILE))
    assert "<b>&" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    written = io.StringIO()
    render_parity(parity(HOSTILE), Console(file=written, width=80), Path("parity.html"))
    assert "\x1b" not in written.getvalue()


def test_the_terminal_has_the_worst_layers_on_80_columns() -> None:
    written = io.StringIO()
    render_parity(parity("a_rather_long_name_of_a_layer" * 3), Console(file=written, width=80), Path("parity.html"))
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("10 largest of 14 layers" in line for line in lines)


@pytest.mark.parametrize(
    ("width", "scheme", "outcome"), [(1280, "light", "culprit"), (360, "dark", "culprit"), (360, "light", "spread")]
)
def test_axe_finds_nothing_and_nothing_sticks_out(
    chromium: Browser,
    tmp_path: Path,
    axe: str,  # noqa: F811
    width: int,
    scheme: str,
    outcome: str,
) -> None:
    page = tmp_path / "parity.html"
    page.write_text(render_parity_html(parity(outcome=outcome)), encoding="utf-8")
    with opened(chromium, page, width, color_scheme=scheme) as shown:
        assert violations(shown, axe) == []
        assert shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        shown.screenshot(path=tmp_path / "shot.png", full_page=True)

"""Every format: whole, the same each time, and with nothing of a stranger's text at work in it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from harness.documents.comparison import Comparison
from reports.exports.csv_cells import table
from reports.exports.markdown_summary import escaped
from reports.exports.registry import EXPORTS, open_export
from tests.reports import sample_comparison as sample


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=1)


def skip_without_chromium(name: str) -> None:
    if name == "pdf" and shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine; run scripts/install_test_packages.sh")


def exported(name: str, comparison: Comparison, folder: Path) -> str:
    return open_export(name).render(comparison, folder).decode()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_is_the_one_it_is_listed_as_and_the_same_each_time(
    name: str, comparison: Comparison, tmp_path: Path
) -> None:
    export = open_export(name)
    assert export.name == name
    assert export.meaning
    skip_without_chromium(name)
    once = export.render(comparison, tmp_path)
    assert once == export.render(comparison, tmp_path)
    assert once.endswith(b"\n") or name == "html"


@pytest.mark.parametrize("name", EXPORTS)
def test_a_comparison_without_any_result_is_written_too(name: str, comparison: Comparison, tmp_path: Path) -> None:
    skip_without_chromium(name)
    empty = comparison.model_copy(update={"devices": [], "verdicts": [], "warnings": []})
    assert open_export(name).render(empty, tmp_path)


def test_json_is_read_back_as_the_same_comparison(comparison: Comparison, tmp_path: Path) -> None:
    assert Comparison.model_validate(json.loads(exported("json", comparison, tmp_path))) == comparison


def test_csv_has_a_row_for_every_contrast_with_its_numbers_in_full(comparison: Comparison, tmp_path: Path) -> None:
    found = rows(exported("csv", comparison, tmp_path))
    contrasts = [(device, one) for device in comparison.devices for one in device.contrasts]
    assert len(found) == len(contrasts)
    for row, (device, contrast) in zip(found, contrasts, strict=True):
        assert None not in row
        assert (row["device"], row["quantity"], row["result"]) == (device.device, contrast.quantity, contrast.outcome)
        if contrast.effect.kind == "effect":
            assert float(row["change"]) == contrast.effect.estimate
            assert row["method"] == (contrast.effect.interval.method if contrast.effect.interval else "")
        else:
            assert row["change"] == row["low"] == row["method"] == ""
            assert contrast.effect.reason in row["unavailable_because"] + row["words"]
    assert {row["result"] for row in found} > {"better", "unavailable"}


def test_csv_has_a_row_for_every_rule_on_every_device(comparison: Comparison, tmp_path: Path) -> None:
    found = rows(exported("csv-rules", comparison, tmp_path))
    assert len(found) == sum(len(device.rules) for device in comparison.devices)
    assert {row["outcome"] for row in found} <= {"met", "broken", "open", "unavailable"}
    assert all(row["reason"] for row in found)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(1)", " =1", "\t=1"])
def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    (row,) = rows(table(["a", "b"], [[text, -1.5]]).decode())
    assert row["a"].startswith("'")
    assert row["b"] == "-1.5"


def test_a_cell_stays_on_its_line_whatever_is_in_it() -> None:
    (row,) = rows(table(["a", "b"], [['x"y,\r\nz\x1b[31m', None]]).decode())
    assert row == {"a": 'x"y, z\ufffd[31m', "b": ""}


def test_markdown_has_the_verdict_first_then_rules_devices_and_warnings(comparison: Comparison, tmp_path: Path) -> None:
    text = exported("markdown", comparison, tmp_path)
    places = [
        text.index(part) for part in ("# Super", "**UNDECIDED**", "## Rules", "## adb:", "## ssh:", "## Warnings")
    ]
    assert places == sorted(places)
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x>",
        "[a](http://x)",
        "a | b",
        "**bold**",
        "# head",
        "`code`",
        "a\n\n# head",
        "@everyone",
        "![i](j)",
        "&lt;",
        "- a",
        "1. a",
    ],
)
def test_nothing_of_a_name_is_markup(text: str, comparison: Comparison, tmp_path: Path) -> None:
    written = escaped(text)
    assert "\n" not in written
    assert not re.search(r"(?<!\\)[<\[`*#|!&]|^[-+]|^\d+[.)]", written)
    assert "@everyone" not in written
    assert "http://x" not in written
    named = comparison.model_copy(update={"name": text})
    assert exported("markdown", named, tmp_path).splitlines()[0] == f"# {written}"

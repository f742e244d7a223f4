"""`bakeoff report --format`: to stdout or a file, and what is refused."""

from __future__ import annotations

import json

import pytest

from harness.documents.folder import write_model
from tests.reports import sample_comparison as sample
from tests.rig.command import bakeoff


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_model(folder / "comparison.json", sample.comparison(folder, images=0))
    return folder


def test_a_format_is_printed_alone_and_report_html_is_left_as_it_is(run):
    said = bakeoff("report", run, "--format", "json")
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["schema"] == "bakeoff.comparison/1"
    assert not (run / "report.html").exists()


def test_a_format_is_written_to_a_file(run, tmp_path):
    said = bakeoff("report", run, "--format", "csv", "--out", tmp_path / "new" / "table.csv")
    assert (said.exit_code, said.stdout) == (0, ""), said.stderr
    assert (tmp_path / "new" / "table.csv").read_bytes().startswith(b"device,candidate,quantity,")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x"], "--out says where to, and not in which format"),
        (["--json", "--format", "csv"], "--json and --format are two formats"),
        (["--format", "csv", "--out", "."], "is a folder"),
        (["--format", "docx"], "invalid choice: 'docx'"),
    ],
)
def test_what_makes_no_sense_is_refused(run, arguments, words):
    said = bakeoff("report", run, *arguments, cwd=run)
    assert said.exit_code == 2
    assert words in said.stderr
    assert "Traceback" not in said.stderr

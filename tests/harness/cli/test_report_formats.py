"""`bakeoff report --format`: to stdout or a file, and what is refused."""

from __future__ import annotations

import json

import pytest

from harness.documents.folder import write_model
from tests.reports import sample_comparison as sample
from tests.rig.command import bakeoff

PRIVATE = ["R5CT30ABCDE", "bench-4", "1b6f0b7e-7d4b-4b6e-8f0a-0d3f0b1c2d3e"]


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


def test_what_is_mailed_has_aliases_and_the_local_copy_keeps_the_names(run):
    said = bakeoff("report", run)
    assert said.exit_code == 0, said.stderr
    for mailed in ("report.html", "comparison.shared.json"):
        text = (run / mailed).read_text(encoding="utf-8")
        assert "phone A" in text
        assert not any(private in text for private in PRIVATE), mailed
    assert not (run / "report.local.html").exists()
    assert "adb:R5CT30ABCDE" in said.stdout  # the terminal is the maker's own
    page = (run / "report.html").read_bytes()
    said = bakeoff("report", run, "--share", "names")
    assert "report.local.html" in "".join(said.stdout.split())  # a long path is folded
    assert all(private in (run / "report.local.html").read_text(encoding="utf-8") for private in PRIVATE)
    assert (run / "report.html").read_bytes() == page


@pytest.mark.parametrize("name", ["markdown", "csv", "json"])
def test_a_format_tells_what_share_says(run, name):
    assert "bench-4" not in bakeoff("report", run, "--format", name).stdout
    assert "bench-4" in bakeoff("report", run, "--format", name, "--share", "names").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x"], "--out says where to, and not in which format"),
        (["--json", "--format", "csv"], "--json and --format are two formats"),
        (["--format", "csv", "--out", "."], "is a folder"),
        (["--share", "all"], "invalid choice: 'all'"),
        (["--format", "docx"], "invalid choice: 'docx'"),
    ],
)
def test_what_makes_no_sense_is_refused(run, arguments, words):
    said = bakeoff("report", run, *arguments, cwd=run)
    assert said.exit_code == 2
    assert words in said.stderr
    assert "Traceback" not in said.stderr

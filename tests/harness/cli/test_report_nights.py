"""`bakeoff report` of a night: every format from nightly.json alone, and what is refused."""

from __future__ import annotations

import json
import os

import pytest

from harness.cli.main import main
from harness.documents.folder import write_model
from reports.nightly.registry import RENDERINGS, open_rendering
from tests.reports.nightly import sample_night as sample
from tests.rig.command import bakeoff


@pytest.fixture
def night(tmp_path):
    folder = tmp_path / "upscalers" / sample.NIGHT
    folder.mkdir(parents=True)
    write_model(folder / "nightly.json", sample.night())
    return folder


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_format_is_printed_alone(night, name, capfdbinary):
    assert main(["report", str(night), "--format", name, "--share", "names"]) == 0
    assert capfdbinary.readouterr().out == open_rendering(name).render(sample.night())
    assert [path.name for path in night.iterdir()] == ["nightly.json"]


@pytest.mark.parametrize("name", RENDERINGS)
def test_people_are_told_aliases_and_programs_names(night, name, capfdbinary):
    assert main(["report", str(night), "--format", name]) == 0
    told = capfdbinary.readouterr().out.decode()
    rendering = open_rendering(name)
    assert rendering.for_programs or sample.PHONE not in told
    assert not rendering.for_programs or sample.PHONE in told


def test_without_a_format_the_page_is_written_and_the_night_is_told(night):
    said = bakeoff("report", night / "nightly.json")
    assert said.exit_code == 0, said.stderr
    assert said.stdout.startswith("REGRESSION: Latency got worse")
    assert (night / "index.html").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_format_of_runs_is_none_of_nights_and_the_other_way_round(night, tmp_path):
    said = bakeoff("report", night, "--format", "csv")
    assert said.exit_code == 2
    assert "--format csv: a night is not written in it" in said.stderr
    (tmp_path / "run").mkdir()
    said = bakeoff("report", tmp_path / "run", "--format", "mail")
    assert said.exit_code == 2
    assert "--format mail: a run is not written in it" in said.stderr


def test_all_nights_of_a_suite_are_one_openmetrics_text_with_moments(night):
    other = night.parent / "2026-11-29"
    other.mkdir()
    write_model(other / "nightly.json", sample.fine_night(night=other.name, finished_at="2026-11-29T03:41:00+00:00"))
    said = bakeoff("report", night.parent, "--format", "openmetrics")
    assert said.exit_code == 0, said.stderr
    lines = [line for line in said.stdout.splitlines() if line.startswith("bakeoff_nightly_regressions{")]
    assert [line.split(" ")[1:] for line in lines] == [["0.0", "1795923660.0"], ["1.0", "1796010060.0"]]
    assert bakeoff("report", night.parent, "--format", "markdown").exit_code == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "names no schema"),
        ('{"schema": "bakeoff.nightly/2"}', "is of the schema 'bakeoff.nightly/2'"),
        ('{"schema": "bakeoff.nightly/1"}', "cannot be understood: bakeoff_version: Field required (and "),
        ("\xff", "is not JSON"),
    ],
)
def test_a_damaged_night_is_refused_in_two_lines(night, content, words, capfd):
    (night / "nightly.json").write_text(content, encoding="latin-1")
    assert main(["report", str(night), "--format", "markdown"]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert words in said.err
    assert len(said.err.splitlines()) <= 2


def test_a_pipe_in_the_place_of_a_night_is_not_waited_for(night):
    (night / "nightly.json").unlink()
    os.mkfifo(night / "nightly.json")
    said = bakeoff("report", night / "nightly.json", "--format", "json")
    assert said.exit_code == 2
    assert "named pipe" in said.stderr


def test_what_is_written_as_json_is_read_again(night):
    said = bakeoff("report", night, "--json")
    assert json.loads(said.stdout) == json.loads((night / "nightly.json").read_text())

"""`bakeoff index` and `bakeoff open` over a folder of runs."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.commands.earlier_runs import newest_page, runs_below
from harness.commands.index_runs import index_runs
from harness.documents.folder import write_model
from harness.errors import UserError
from reports.run_index import IndexedRun, render_run_index
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import elements, parse, seen_text
from tests.rig.command import bakeoff

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def a_run(folder: Path, name: str, created_at: str = "2026-01-01T00:00:00Z", **changes: object) -> Path:
    folder.mkdir(parents=True)
    comparison = sample.comparison(folder, images=0)
    write_model(
        folder / "comparison.json", comparison.model_copy(update={"name": name, "created_at": created_at, **changes})
    )
    (folder / "report.html").write_text("<title>it</title>")
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    a_run(folder / "20260101-upscaler", "Upscaler <int8>", "2026-01-01T00:00:00Z")
    a_run(folder / "nights" / "2026-02-02" / "runs" / "faces-local-1", "Faces", "2026-02-02T00:00:00Z")
    a_run(folder / "javascript:alert(1)", "Of a hostile folder", "2025-01-01T00:00:00Z")
    broken = a_run(folder / "broken", "x")
    (broken / "comparison.json").write_text('{"schema": "bakeoff.comp')
    (folder / "elsewhere").symlink_to("/etc")
    (folder / "notes").mkdir()
    (folder / os.fsdecode(b"not-\xff-utf8")).mkdir()
    return folder


def test_runs_are_found_below_a_folder_and_links_are_not_followed(runs: Path) -> None:
    found = {str(place.relative_to(runs)) for place in runs_below(runs)}
    assert found == {"20260101-upscaler", "nights/2026-02-02/runs/faces-local-1", "javascript:alert(1)", "broken"}


def test_the_page_has_the_newest_first_with_verdicts_and_links(runs: Path) -> None:
    page, faults = index_runs(runs, names_told=False)
    tree = parse(page.read_text(encoding="utf-8"))
    assert [seen_text(each) for each in elements(tree, "h2")] == [
        "Faces",
        "Upscaler <int8>",
        "Of a hostile folder",
        "broken",
    ]
    links = [each.attrib["href"] for each in elements(tree, "a")]
    assert links == [
        "./nights/2026-02-02/runs/faces-local-1/report.html",
        "./20260101-upscaler/report.html",
        "./javascript%3Aalert%281%29/report.html",
    ]
    assert "whether it looks worse is still open" in seen_text(tree)
    assert len(faults) == 1
    assert "comparison.json is cut short" in seen_text(tree)
    assert str(runs) not in page.read_text(encoding="utf-8")


def test_devices_are_told_as_share_says(runs: Path) -> None:
    page, _ = index_runs(runs, names_told=False)
    assert "bench-4" not in page.read_text(encoding="utf-8")
    page, _ = index_runs(runs, names_told=True)
    assert "bench-4" in page.read_text(encoding="utf-8")


def test_only_the_page_s_own_script_may_run(runs: Path) -> None:
    text = index_runs(runs, names_told=False)[0].read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize("name", sample.HOSTILE_NAMES)
def test_a_hostile_name_does_nothing(tmp_path: Path, name: str) -> None:
    comparison = sample.comparison(tmp_path, images=0).model_copy(update={"name": name})
    page = render_run_index([IndexedRun(Path(name.replace("/", "_")), comparison, has_page=True)], name)  # type: ignore[arg-type]
    tree = parse(page)
    assert len(elements(tree, "script")) == 1
    assert all(each.attrib["href"].startswith("./") for each in elements(tree, "a"))


def test_a_reader_searches_and_without_javascript_reads_everything(chromium: Browser, runs: Path) -> None:
    page_file, _ = index_runs(runs, names_told=False)
    page = chromium.new_page(viewport={"width": 360, "height": 700})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(page_file.as_uri())
    page.get_by_label("Search").fill("FACES ship")
    assert page.locator("[data-run]:visible").count() == 0
    page.get_by_label("Search").fill("upscaler int8")
    assert page.locator("[data-run]:visible").count() == 1
    assert page.locator("#count").inner_text() == "1 of 4 runs"
    page.get_by_label("Search").fill("")
    assert page.locator("[data-run]:visible").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert said == []
    plain = chromium.new_context(java_script_enabled=False).new_page()
    plain.goto(page_file.as_uri())
    assert plain.locator("[data-run]:visible").count() == 4
    assert plain.locator("#search:visible").count() == 0
    page.close()
    plain.context.close()


def test_a_night_s_own_page_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "nightly.json").write_text("{}")
    with pytest.raises(UserError, match="the night's page"):
        index_runs(tmp_path, names_told=False)


def test_an_empty_folder_has_a_page_that_says_so_and_no_folder_is_refused(tmp_path: Path) -> None:
    said = bakeoff("index", tmp_path)
    assert (said.exit_code, said.stdout) == (0, f"{tmp_path / 'index.html'}\n")
    assert "There is no run here." in (tmp_path / "index.html").read_text()
    assert bakeoff("index", tmp_path / "none").exit_code == 2


def test_the_newest_page_is_the_one_that_was_written_last(runs: Path) -> None:
    older, newer = runs / "20260101-upscaler" / "report.html", runs / "javascript:alert(1)" / "report.html"
    for place in runs.rglob("report.html"):
        os.utime(place, (1, 1))
    os.utime(older, (100, 100))
    os.utime(newer, (200, 200))
    index_runs(runs, names_told=False)  # a gallery is no report
    assert newest_page(runs) == newer
    assert newest_page(runs / "20260101-upscaler") == older
    assert newest_page(older) == older
    with pytest.raises(UserError, match="there is no report in it"):
        newest_page(runs / "notes")


def test_open_hands_the_page_to_the_desktop_and_prints_where_it_is(runs: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$#" "$@" >{tmp_path}/opened\n')
    opener.chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}", "WAYLAND_DISPLAY": ""}
    page = runs / "javascript:alert(1)" / "report.html"
    for display, opened in (("", False), (":0", True)):
        said = bakeoff("open", page.parent, cwd=tmp_path, DISPLAY=display, **path)
        assert (said.exit_code, said.stdout) == (0, f"{page}\n"), said.stderr
        assert (tmp_path / "opened").exists() == opened
    assert (tmp_path / "opened").read_text() == f"1\n{page}\n"


def test_open_without_any_run_says_what_to_do(tmp_path: Path) -> None:
    said = bakeoff("open", cwd=tmp_path)
    assert said.exit_code == 2
    assert "runs: is not there" in said.stderr

"""[[scores]]: values made elsewhere, declared, checked, recorded, and read again whenever the run is analysed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.commands.recompute import recompute
from harness.documents.comparison import Comparison, Effect
from harness.documents.folder import RunFolder
from harness.errors import UserError
from harness.experiment.file import read_experiment
from harness.experiment.resolve import resolve
from harness.experiment.scores_file import read_scores
from harness.quantity import QUANTITIES
from harness.runs.planning.make_manifest import make_manifest
from harness.runs.session.progress import SilentProgress
from reports.html import render_html

ITEMS = [f"picture{n}" for n in range(4)]
ARMS = ["baseline", "candidate"]
HEADER = "item,arm,value\n"
DECLARED = '[[scores]]\nquantity = "opinion"\nfile = "opinion.csv"\nbetter = "higher"\nmargin = 0.1\n'
RULE = '[[rules]]\nquantity = "opinion"\nno_worse_than = "0.5"\n'


@pytest.fixture(autouse=True)
def _forgotten_afterwards() -> Iterator[None]:
    before = dict(QUANTITIES)
    yield
    QUANTITIES.clear()
    QUANTITIES.update(before)


def lines(candidate: float, items: list[str] = ITEMS) -> str:
    return HEADER + "".join(
        f"{item},baseline,{4.0 + place / 8}\n{item},candidate,{candidate + place / 8 + place % 2 / 100}\n"
        for place, item in enumerate(items)
    )


def looked_up(tiny, content: str | bytes | None, declared: str = DECLARED + RULE):
    path = tiny.write()
    path.write_text(path.read_text() + declared)
    if content is not None:
        (tiny.folder / "opinion.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return resolve(read_experiment(path), lambda done, total: None)


def test_it_is_a_quantity_that_rules_ask_about_and_its_file_is_in_the_manifest(tiny) -> None:
    found = looked_up(tiny, lines(4.0))
    assert QUANTITIES["opinion"].display_decimals == 2
    assert QUANTITIES["opinion"].negligible == 0.1
    (recorded,) = make_manifest(found, ["local"], quick=False).scores
    assert (recorded.quantity, recorded.path) == ("opinion", str(tiny.folder / "opinion.csv"))
    assert len(recorded.sha256) == 64
    assert found.notes == []


def test_what_has_no_value_yet_is_said_and_no_fault(tiny) -> None:
    assert looked_up(tiny, HEADER).notes == [
        "opinion.csv has no opinion of baseline for 4 of 4 items",
        "opinion.csv has no opinion of candidate for 4 of 4 items",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"opinion\.csv: no such file, and the scores of 'opinion' are read from it"),
        (b"", "line 1: is not item,arm,value"),
        ("item,value\n", "line 1: is not item,arm,value"),
        (HEADER + "picture1,baseline\n", "line 2: has 2 columns instead of 3"),
        (HEADER + "picture1,bassline,1\n", "line 2: there is no arm 'bassline'"),
        (HEADER + "picture9,baseline,1\n", "line 2: there is no item 'picture9'"),
        (HEADER + "picture1,baseline,1\npicture1,baseline,1\n", "line 3: is the second value of 'picture1'"),
        (HEADER + "picture1,baseline,nan\n", "line 2: 'nan' is no finite number"),
        (HEADER + "picture1,baseline,1e999\n", "line 2: '1e999' is no finite number"),
        (HEADER + "picture1,baseline,\n", "line 2: '' is no finite number"),
        (HEADER + "picture1,baseline,1_000\n", "line 2: '1_000' is no finite number"),
        (HEADER + 'picture1,"base\n', "is not CSV"),
        (HEADER.encode() + b"\xff,baseline,1\n", "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_none_is_refused_at_its_line(tiny, content: str | bytes | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        looked_up(tiny, content)


def test_an_endless_file_is_not_read() -> None:
    with pytest.raises(UserError, match="a device file, and a plain one is needed"):
        read_scores(Path("/dev/zero"), "opinion", ITEMS, ARMS, others_are_known=False)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (DECLARED.replace('"opinion"', '"psnr"'), "'psnr' is one of bakeoff's own quantities"),
        (DECLARED.replace('"opinion"', '"latency_p50"'), "'latency_p50' is one of bakeoff's own quantities"),
        (DECLARED + 'label = "SSIM (RGB)"\n', r"'opinion' is labelled 'SSIM \(RGB\)', as 'ssim' is"),
        (DECLARED + DECLARED, r"two of \[\[scores\]\] are called 'opinion'"),
        (DECLARED + DECLARED.replace("higher", "lower"), "'opinion' means two things here"),
        (DECLARED.replace("0.1", "0"), r"`scores\[0\].margin`: Input should be greater than 0"),
        (DECLARED.replace("0.1", "nan"), r"`scores\[0\].margin`"),
        (DECLARED.replace('"opinion"', '"Opinion!"'), r"`scores\[0\].quantity`"),
        (DECLARED + 'label = "a\\u001bb"\n', r"`scores\[0\].label`: 'a\\x1bb' is no text of one line"),
        (DECLARED + 'unit = "JND"\n', r"`scores\[0\].unit`"),
        (DECLARED + "weight = 2\n", r"unknown key `scores\[0\].weight`"),
        (RULE, "unknown quantity 'opinion'"),
    ],
)
def test_a_declaration_that_is_none_is_refused_at_its_place(tiny, declared: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        looked_up(tiny, lines(4.0), declared)


def analysed(run: RunFolder) -> Comparison:
    recompute(run, SilentProgress())
    return Comparison.model_validate_json(run.comparison.read_text(encoding="utf-8"))


def declare(run: RunFolder, path: Path) -> None:
    """As a run's folder is whose experiment declared it."""
    written = json.loads(run.manifest.read_text())
    written["experiment"]["scores"] = [
        {"quantity": "opinion", "file": path.name, "better": "higher", "margin": 0.1, "label": "Opinion <b>"}
    ]
    written["experiment"]["rules"].append({"quantity": "opinion", "no_worse_than": "0.5"})
    written["scores"] = [{"quantity": "opinion", "path": str(path), "sha256": "0" * 64}]
    run.manifest.write_text(json.dumps(written))


def test_it_is_read_at_every_analysis_judged_as_any_score_and_shown_with_its_source(
    finished_run, tmp_path: Path
) -> None:
    run, path = RunFolder(finished_run.copy_to(tmp_path / "run")), tmp_path / "opinion.csv"
    declare(run, path)
    outcomes, estimates = [], []
    for candidate in (3.9, 2.0):
        path.write_text(lines(candidate))
        comparison = analysed(run)
        (contrast,) = [one for one in comparison.devices[0].contrasts if one.quantity == "opinion"]
        assert isinstance(contrast.effect, Effect)
        estimates.append(contrast.effect.estimate)
        outcomes.append(next(one.outcome for one in comparison.devices[0].rules if one.quantity == "opinion"))
    assert estimates == [pytest.approx(-0.095), pytest.approx(-1.995)]
    assert outcomes == ["met", "broken"]
    assert "opinion.csv" in " ".join(comparison.method)
    assert str(tmp_path) not in " ".join(comparison.method)
    page = render_html(comparison, run.path)
    assert "Opinion &lt;b&gt;" in page
    assert "Opinion <b>" not in page

    path.write_text(lines(3.9, ITEMS[:3]))
    (contrast,) = [one for one in analysed(run).devices[0].contrasts if one.quantity == "opinion"]
    assert isinstance(contrast.effect, Effect)
    assert contrast.effect.n == 3

    path.unlink()
    with pytest.raises(UserError, match="no such file, and the scores of 'opinion' are read from it"):
        analysed(run)


def test_its_report_is_read_by_one_who_never_saw_its_experiment(finished_run, tmp_path: Path) -> None:
    run, path = RunFolder(finished_run.copy_to(tmp_path / "run")), tmp_path / "opinion.csv"
    declare(run, path)
    path.write_text(lines(3.9))
    analysed(run)
    del QUANTITIES["opinion"]
    comparison = Comparison.model_validate_json(run.comparison.read_text(encoding="utf-8"))
    assert QUANTITIES["opinion"].label == "Opinion <b>"
    assert "Opinion &lt;b&gt;" in render_html(comparison, run.path)

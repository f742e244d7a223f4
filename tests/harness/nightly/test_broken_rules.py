"""What is bad from the first night on shows no change: its broken rule is news, once."""

import json
from pathlib import Path

import pytest

from harness.commands.nightly.broken_rules import known_as_worse
from harness.documents.nightly import Change, ChangedSeries, SeriesName
from tests.rig.command import bakeoff
from tests.rig.tiny_experiment import BLUR, DOUBLE, write_upscaler
from tests.rig.tiny_suite import TinySuite

NAME = SeriesName(experiment="first", device="local", candidate="candidate", quantity="psnr_y")


@pytest.fixture
def suite(tmp_path: Path) -> TinySuite:
    return TinySuite(tmp_path / "suite", rules=[{"quantity": "psnr_y", "no_worse_than": "0.1 dB"}])


def night(suite: TinySuite, path: Path, date: str, workdir: Path) -> tuple[int, dict]:
    done = bakeoff(
        "nightly", path, "--night", date, "--json",
        BAKEOFF_LOCAL_WORKDIR=str(workdir), BAKEOFF_HISTORY=f"sqlite:///{suite.folder}/history.db",
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)


def test_a_rule_that_is_broken_from_the_first_night_on_is_told_once(suite: TinySuite, workdir: Path) -> None:
    path = suite.write()  # its candidate blurs, and its rule allows 0.1 dB
    code, first = night(suite, path, "2026-11-01", workdir)
    assert code == 1
    (change,) = first["changes"]
    assert (change["kind"], change["confirmation"], change["is_new"]) == ("rule broken", "confirmed", True)
    assert change["sentence"] == "candidate breaks 1 rule against the pinned baseline on 1 device."
    assert [member["name"]["quantity"] for member in change["members"]] == ["psnr_y"]
    assert first["jobs"][0]["measured_again"]
    assert "breaks 1 rule" in first["sentence"]

    code, second = night(suite, path, "2026-11-02", workdir)
    assert code == 0
    assert second["changes"] == []
    assert not second["jobs"][0]["measured_again"]
    assert second["jobs"][0]["decision"] == "hold"
    assert "rules are broken" in second["sentence"]


def test_an_equal_candidate_breaks_none(suite: TinySuite, workdir: Path) -> None:
    path = suite.write()
    write_upscaler(suite.folder / "first" / BLUR)
    assert (suite.folder / "first" / BLUR).read_bytes() == (suite.folder / "first" / DOUBLE).read_bytes()
    code, first = night(suite, path, "2026-11-01", workdir)
    assert (code, first["changes"]) == (0, []), first["sentence"]


def told(kind: str, night: str, *, is_worse: bool, confirmation: str = "confirmed") -> Change:
    member = ChangedSeries(
        name=NAME, label="PSNR (Y)", scale="difference", unit="dB", before=0.0, after=-1.0, low=None, high=None,
        p_value=None, is_worse=is_worse, words="1 dB lower",
    )  # fmt: skip
    return Change(
        id="0" * 16, kind=kind, confirmation=confirmation, sentence="It.", last_good_night=None,
        first_bad_night=night, members=[member], how_sure="surely",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("history", "is_known"),
    [
        ([], False),
        ([told("rule broken", "2026-11-01", is_worse=True)], True),
        ([told("regression", "2026-11-01", is_worse=True)], True),
        ([told("rule broken", "2026-11-01", is_worse=True, confirmation="not confirmed")], False),
        ([told("rule broken", "2026-11-01", is_worse=True), told("improvement", "2026-11-03", is_worse=False)], False),
        ([told("improvement", "2026-11-03", is_worse=False), told("regression", "2026-11-04", is_worse=True)], True),
        ([told("rule broken", "2026-11-01", is_worse=True), told("new series", "2026-11-03", is_worse=False)], False),
    ],
)
def test_what_was_told_as_worse_is_no_news_until_it_got_better(history: list[Change], is_known: bool) -> None:
    assert (NAME in known_as_worse(history)) == is_known

"""Who is told of which night, and that one who cannot be told keeps nobody else from it."""

from __future__ import annotations

import pytest

from harness.nightly.telling.settings import Tell
from harness.nightly.telling.tell import TELLERS, tell_of
from harness.nightly.telling.when import is_due
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample
from tests.rig.http_peer import HttpPeer, answers

KNOWN = sample.change(1, is_new=False)
REFUTED = sample.change(2, confirmation="not confirmed")
SUSPECTED = sample.change(3, confirmation="suspected")
BETTER = sample.change(4, kind="improvement", members=[sample.member("e", "d", "latency_p50", worse=False)])


@pytest.mark.parametrize(
    ("nightly", "regression", "change"),
    [
        (sample.night(), True, True),
        (sample.fine_night(), False, False),
        (sample.empty_night(), True, True),
        (sample.fine_night(changes=[KNOWN]), False, False),
        (sample.fine_night(changes=[REFUTED]), False, False),
        (sample.fine_night(changes=[SUSPECTED]), False, True),
        (sample.fine_night(changes=[BETTER]), False, True),
        (sample.fine_night(outcome="partly"), False, True),
        (sample.fine_night(changes=[sample.change(5, kind="drift")]), True, True),
        (sample.fine_night(changes=[sample.change(6, kind="device changed")]), False, True),
    ],
)
def test_only_what_is_new_wakes_anybody(nightly, regression, change):
    assert (is_due(nightly, "regression"), is_due(nightly, "change"), is_due(nightly, "always")) == (
        regression,
        change,
        True,
    )


def render(name, nightly):
    return open_rendering(name).render(nightly)


def test_monitors_are_told_of_every_night_and_people_when_they_asked(tmp_path):
    with HttpPeer(answers(200)) as peer:
        settings = Tell.model_validate(
            {
                "webhook": [{"url": f"{peer.url}/quiet"}, {"url": f"{peer.url}/always", "on": "always"}],
                "textfile": {"folder": str(tmp_path)},
            }
        )
        assert tell_of(sample.fine_night(), settings, render) == []
        assert [asked.path for asked in peer.asked] == ["/always"]
        assert len(list(tmp_path.iterdir())) == 1
        assert tell_of(sample.night(), settings, render) == []
    assert [asked.path for asked in peer.asked] == ["/always", "/quiet", "/always"]


def test_one_who_cannot_be_told_keeps_nobody_else_from_it(tmp_path):
    with HttpPeer(answers(404), answers(200)) as peer:
        settings = Tell.model_validate(
            {
                "on": "always",
                "webhook": [{"url": f"{peer.url}/gone"}, {"url": f"{peer.url}/there"}],
                "textfile": {"folder": str(tmp_path / "none")},
                "mail": {"to": ["a@example.org"], "sendmail": str(tmp_path / "none")},
            }
        )
        problems = tell_of(sample.night(), settings, render)
    assert [asked.path for asked in peer.asked] == ["/gone", "/there"]
    assert [problem.split(" ")[0] for problem in problems] == ["textfile", "webhook", "mail"]


def test_every_way_to_tell_has_its_table():
    assert set(TELLERS) == set(Tell.model_fields) - {"on", "share"}

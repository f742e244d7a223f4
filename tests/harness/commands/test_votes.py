"""People are asked blind, their files come back, and what they prefer is a quantity of the run."""

import json
import os

import numpy as np
import pytest

from harness.cli.main import main
from harness.documents.ballot import Ballot, BallotKey, BallotPair
from harness.documents.folder import write_model
from harness.documents.vote import Vote
from tests.rig.vote_files import sealed, write_vote

PICTURES = [f"picture{n}" for n in range(4)]


@pytest.fixture
def run(finished_run, tmp_path):
    """A copy of a run that asked about 24 pairs."""
    folder = finished_run.copy_to(tmp_path / "run")
    run_id = json.loads((folder / "run.json").read_text())["run_id"]
    source = np.random.default_rng(1)
    pairs = [
        BallotPair(
            pair=source.bytes(8).hex(),
            item=f"picture{n}",
            baseline=source.bytes(8).hex(),
            candidate=source.bytes(8).hex(),
        )
        for n in range(24)
    ]
    ballot = Ballot(
        ballot="00112233aabbccdd", device="local", candidate="candidate", digest="d" * 64, pictures_sha256="e" * 64,
        pairs=pairs, identical=["same"],
    )  # fmt: skip
    write_model(folder / "votes" / "key.json", BallotKey(run_id=run_id, ballots=[ballot]))
    return Asked(folder, run_id, ballot, tmp_path)


class Asked:
    """The run, and people to ask."""

    def __init__(self, folder, run_id, ballot, home):
        self.folder, self.run_id, self.ballot, self.home = folder, run_id, ballot, home
        self.source = np.random.default_rng(2)

    def vote(self, name, preference=0.8, **more):
        path = self.home / f"{name}.json"
        chances = np.full(len(self.ballot.pairs), preference)
        write_vote(path, self.run_id, self.ballot, self.source, chances, ties=0.2, **more)
        return path

    def votes(self):
        return json.loads((self.folder / "votes" / "votes.json").read_text())["preferences"][0]


@pytest.fixture
def said(capsys):
    """A command in this process: what would be a traceback is an error of the test."""

    def say(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return say


def test_300_files_are_joined_and_the_careless_ones_are_left_out(said, run):
    careless = {n for n in range(300) if n % 10 == 0}
    files = [run.vote(f"vote-{n}", 0.7, careless=n in careless) for n in range(300)]
    code, out, err = said("votes", run.folder, *files)
    assert (code, err) == (0, "")
    joined = run.votes()
    # Of votes that see a difference (80 %) 70 % are for it, and the others count half.
    assert joined["low"] < 0.66 < joined["high"]
    assert joined["high"] - joined["low"] < 0.08
    left_out = {one["file"] for one in joined["careless"]}
    assert len(left_out & {f"vote-{n}.json" for n in careless}) > 0.6 * len(careless)
    assert len(left_out) < 1.4 * len(careless)
    assert joined["voters"] == 300 - len(left_out)
    assert "people prefer it" in out
    assert "Left out as careless" in out


def test_one_voter_says_nothing_of_others(said, run):
    code, out, _ = said("votes", run.folder, run.vote("vote"))
    assert code == 0
    assert "by a single voter: that says nothing of others" in out
    assert run.votes()["low"] is None


def test_votes_are_told_as_json(said, run):
    code, out, _ = said("votes", run.folder, run.vote("a"), run.vote("b"), "--json")
    assert code == 0
    assert json.loads(out)["preferences"][0]["voters"] == 2


def changed(**fields):
    return lambda run: run.vote("bad", changed=fields)


def edited(run):
    """One answer turned around by hand."""
    path = run.vote("bad")
    path.write_text(path.read_text().replace('"chose":"a"', '"chose":"b"'))
    return path


def turned(run, change):
    """A file whose seal fits, made by somebody who knows how."""
    document = json.loads(run.vote("bad").read_text())
    change(document)
    path = run.home / "bad.json"
    path.write_text(sealed(document).model_dump_json(by_alias=True))
    return path


def of_content(content):
    def write(run):
        path = run.home / "bad.json"
        path.write_bytes(content)
        return path

    return write


def piped(run):
    path = run.home / "bad.json"
    os.mkfifo(path)
    return path


def on_and_on(document):
    """Twenty answers for one build: the page stops at eight."""
    unique = {answer["pair"]: answer for answer in document["answers"] if answer["a"] != answer["b"]}
    key = {pair.pair: pair for pair in KEY}
    document["answers"] = [
        {**answer, "chose": "a" if answer["a"] == key[answer["pair"]].candidate else "b"} for answer in unique.values()
    ]


KEY: list[BallotPair] = []
REFUSED = {
    "of another run": (changed(run_id="20200101-000000-aaaaaa"), "is of run 20200101-000000-aaaaaa"),
    "of a page that was not made here": (changed(ballot="ff" * 8), "a page that this run did not make"),
    "of other pictures": (changed(digest="0" * 64), "other pictures"),
    "edited by hand": (edited, "was changed after the page wrote it"),
    "about a pair that is not there": (
        lambda run: turned(run, lambda vote: vote["answers"][0].update(pair="0" * 16)),
        "answers what its page does not ask (answer 1)",
    ),
    "about pictures of two pairs": (
        lambda run: turned(run, lambda vote: vote["answers"][0].update(a=vote["answers"][1]["a"])),
        "answers what its page does not ask (answer 1)",
    ),
    "one pair again and again": (
        lambda run: turned(run, lambda vote: vote.update(answers=vote["answers"][:1] * 9)),
        "one pair more often than its page asks (answer 3)",
    ),
    "on and on": (lambda run: turned(run, on_and_on), "goes on where its page ends (answer 9)"),
    "without an answer": (of_content(b'{"schema": "bakeoff.vote/1"}'), "is damaged"),
    "cut short": (lambda run: of_content(run.vote("bad").read_bytes()[:400])(run), "is damaged: Invalid JSON"),
    "no JSON": (of_content(b"\x89PNG\r\n"), "is no file of votes"),
    "a comparison": (of_content(b'{"schema": "bakeoff.comparison/1"}'), "is no file of votes"),
    "nested deep": (of_content(b"[" * 100_000), "is no file of votes"),
    "huge": (of_content(b" " * 1_000_001), "longer than 1,000,000 bytes"),
    "a pipe": (piped, "it is a named pipe"),
    "not there": (lambda run: run.home / "nowhere.json", "cannot be read: No such file"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_foreign_and_forged_files_are_refused_in_words_and_others_count(said, run, make, words):
    KEY[:] = run.ballot.pairs
    bad, good = make(run), run.vote("good")
    code, _, err = said("votes", run.folder, bad, good)
    assert code == 3
    assert words in err
    assert len(err.splitlines()) == 1
    assert run.votes()["voters"] == 1

    code, _, err = said("votes", run.folder, bad)
    assert code == 2
    assert words in err


def test_a_file_that_was_sent_twice_counts_once(said, run):
    path = run.vote("vote")
    copy = run.home / "again.json"
    copy.write_bytes(path.read_bytes())
    code, _, err = said("votes", run.folder, path, copy)
    assert code == 0
    assert "is the same as vote.json and counts once" in err
    assert run.votes()["voters"] == 1


def test_two_files_of_one_session_that_differ_are_not_both_believed(said, run):
    first = run.vote("vote")
    second = turned(run, lambda vote: vote.update(session=Vote.model_validate_json(first.read_bytes()).session))
    code, _, err = said("votes", run.folder, first, second)
    assert code == 3
    assert "says otherwise than vote.json" in err


def test_who_asked_nobody_has_no_votes_to_join(said, finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    code, _, err = said("votes", folder, folder / "report.html")
    assert code == 2
    assert "has not asked anybody" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "neither --page nor a file"),
        (["vote.json", "--page"], "two steps"),
        (["--page", "--json"], "--json is for joining"),
        (["vote.json", "--pairs", "3"], "--pairs goes with --page"),
        (["--page", "--pairs", "1"], "not between 2 and 500"),
        (["--page", "--device", "nowhere"], "is no device of this run"),
        (["--page", "--candidate", "baseline"], "is no candidate of this run"),
    ],
)
def test_what_cannot_be_meant_is_refused(said, run, arguments, words):
    code, _, err = said("votes", run.folder, *arguments)
    assert code == 2
    assert words in err


def with_rules(folder, *rules):
    path = folder / "run.json"
    manifest = json.loads(path.read_text())
    manifest["experiment"]["rules"] += rules
    path.write_text(json.dumps(manifest))


def analysed(said, folder):
    code, out, err = said("analyze", folder, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_rule_on_preference_waits_for_votes_and_is_judged_by_them(said, run):
    with_rules(run.folder, {"quantity": "preference", "no_worse_than": "5 points"})
    before = analysed(said, run.folder)["devices"][0]["rules"][-1]
    assert before["outcome"] == "unavailable"
    assert "nobody voted yet" in before["reason"]

    assert said("votes", run.folder, *(run.vote(f"v{n}", 0.9) for n in range(3)))[0] == 0
    few = analysed(said, run.folder)["devices"][0]["rules"][-1]
    assert few["outcome"] == "open"
    assert "only 3 people voted" in few["reason"]

    assert said("votes", run.folder, *(run.vote(f"w{n}", 0.9) for n in range(20)))[0] == 0
    after = analysed(said, run.folder)
    device = after["devices"][0]
    assert device["rules"][-1]["outcome"] == "met"
    contrast = next(one for one in device["contrasts"] if one["quantity"] == "preference")
    joined = run.votes()
    assert contrast["candidate_value"]["value"] == pytest.approx(100 * joined["share"])
    assert contrast["baseline_value"]["value"] == pytest.approx(100 - 100 * joined["share"])
    assert contrast["effect"]["estimate"] == pytest.approx(200 * joined["share"] - 100)
    assert contrast["effect"]["interval"]["low"] == pytest.approx(200 * joined["low"] - 100)
    assert contrast["effect"]["replicate"] == "voter"

    # The candidate blurs: every metric calls it worse, and the pictures that people chose it on are named.
    votes = device["votes"][0]
    clear = {one["item"] for one in votes["preference"]["items"] if one["p_value"] < 0.05} & set(PICTURES)
    assert clear
    assert {(one["item"], one["quantity"]) for one in votes["disagreements"]} == {
        (name, metric) for name in clear for metric in ("psnr", "psnr_y", "ssim")
    }
    assert any("on 1 image both arms gave the same" in one["text"] for one in contrast["warnings"])
    assert any("People and PSNR (RGB) disagree on " in one["text"] for one in contrast["warnings"])
    assert "people and metrics disagree" in json.dumps(after["verdicts"])
    assert any("Preference of people: blind votes" in sentence for sentence in after["method"])


def test_votes_of_another_run_are_not_taken_into_a_verdict(said, run):
    assert said("votes", run.folder, run.vote("vote"))[0] == 0
    path = run.folder / "votes" / "votes.json"
    path.write_text(path.read_text().replace(run.run_id, "20200101-000000-aaaaaa"))
    code, _, err = said("analyze", run.folder)
    assert code == 2
    assert "is of run 20200101-000000-aaaaaa" in err


def test_a_page_of_the_same_pictures_keeps_its_ballot(said, finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    code, out, _ = said("votes", folder, "--page")
    assert code == 0
    assert "4 pairs of candidate and the baseline" in out
    first, key = (folder / "vote.html").read_text(), (folder / "votes" / "key.json").read_text()
    assert said("votes", folder, "--page", "--out", tmp_path / "again.html")[0] == 0
    assert (folder / "votes" / "key.json").read_text() == key
    assert first != (tmp_path / "again.html").read_text()
    assert said("votes", folder, "--page", "--pairs", "3")[0] == 0
    assert len(BallotKey.model_validate_json((folder / "votes" / "key.json").read_bytes()).ballots) == 2


def test_the_page_does_not_say_which_picture_is_whose(said, finished_run, tmp_path):
    folder = finished_run.copy_to(tmp_path / "run")
    said("votes", folder, "--page")
    page = (folder / "vote.html").read_text().split("</style>")[1]  # where baseline is a word of typography
    ballot = BallotKey.model_validate_json((folder / "votes" / "key.json").read_bytes()).ballots[0]
    assert "candidate" not in page
    assert "baseline" not in page
    assert not any(name in page for name in (*PICTURES, "double", "blur", "local"))
    content = json.loads(page.split('<script type="application/json" id="content">')[1].split("</script>")[0])
    shown = {pair["pair"]: pair["pictures"] for pair in content["pairs"]}
    for pair in ballot.pairs:
        one, other = shown[pair.pair]
        assert {one["id"], other["id"]} == {pair.baseline, pair.candidate}
        assert len(one["data"]) == len(other["data"])  # the sharper picture is the longer file


def test_where_people_decide_the_page_that_asks_lies_beside_the_report_which_links_it(said, run):
    (run.folder / "vote.html").unlink(missing_ok=True)
    assert said("report", run.folder)[0] == 0
    assert "bakeoff votes RUN --page" in (run.folder / "report.html").read_text()
    with_rules(run.folder, {"quantity": "preference", "no_worse_than": "5 points"})
    analysed(said, run.folder)
    page = (run.folder / "vote.html").read_text()
    assert 'href="./vote.html"' in (run.folder / "report.html").read_text()
    assert not [name for name in ("candidate", "picture0", str(run.folder)) if name in page]
    first = (run.folder / "votes" / "key.json").read_text()
    analysed(said, run.folder)
    assert ((run.folder / "vote.html").read_text(), (run.folder / "votes" / "key.json").read_text()) == (page, first)

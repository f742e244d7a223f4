"""The blind look in a real Chromium: whole sessions by keyboard, mouse and touch, and the file that comes out."""

from __future__ import annotations

import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from harness.commands.votes.join_votes import join_votes
from harness.commands.votes.read_votes import read_votes
from harness.documents.ballot import Ballot, BallotKey, BallotPair
from reports.vote_page import BlindPair, render_vote_page
from tests.reports.chromium import opened
from tests.reports.test_axe import axe, violations

__all__ = ["axe"]

RUN = "20261130-120000-abcdef"


def png(grey: int) -> bytes:
    content = io.BytesIO()
    picture = np.full((24, 32, 3), grey, np.uint8)
    picture[::4] = 255 - grey
    Image.fromarray(picture).save(content, format="PNG")
    return content.getvalue()


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# The baseline is dark and the candidate bright, so that a test can see which is which: by the picture, as a voter does.
PAIRS = [
    BallotPair(pair=name(f"p{n}"), item=f"picture{n}", baseline=name(f"b{n}"), candidate=name(f"c{n}"))
    for n in range(14)
]
BALLOT = Ballot(
    ballot=name("ballot"), device="local", candidate="int8", digest="d" * 64, pictures_sha256="e" * 64, pairs=PAIRS
)
KEY = BallotKey(run_id=RUN, ballots=[BALLOT])


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    blind = [BlindPair(one.pair, (one.baseline, png(40)), (one.candidate, png(200)), png(120)) for one in PAIRS]
    file = tmp_path_factory.mktemp("vote") / "vote.html"
    file.write_text(render_vote_page(RUN, BALLOT.ballot, BALLOT.digest, blind), encoding="utf-8")
    return file


BRIGHTER = """() => {
  const grey = (id) => {
    const context = document.createElement("canvas").getContext("2d");
    context.drawImage(document.getElementById(id), 0, 0);
    return context.getImageData(1, 1, 1, 1).data[0];
  };
  return Math.sign(grey("picture-a") - grey("picture-b"));
}"""


def shown(page, number):
    """Once a pair is there: which of A and B is the brighter one, 1, -1 or, of one picture twice, 0."""
    page.wait_for_selector(f"#told:text-is('Pair {number}')", state="attached")
    return page.evaluate(BRIGHTER)


def session(page, answer):
    """Answers, by what is seen and the number of the pair, until the page stops; gives what was seen."""
    seen = []
    while page.locator("#asking").is_visible():
        seen.append(shown(page, len(seen) + 1))
        answer(seen[-1], len(seen))
    return seen


def saved(page, folder):
    with page.expect_download() as waiting:
        page.locator("#save").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.read_text(encoding="utf-8") == page.locator("#text").input_value()
    return path


def voters(*files):
    found = read_votes(files, KEY)
    assert found.refused == []
    return found.voters


def test_a_whole_session_by_keyboard_is_joined_as_it_was_meant(chromium, page_file, tmp_path):
    """Turns about, so that the page never stops early."""
    meant = []

    def press(brighter, number):
        chooses = "neither" if brighter == 0 else ("brighter", "darker", "neither")[number % 3]
        if brighter != 0:
            meant.append(chooses)
        is_a = (chooses == "brighter") == (brighter == 1)
        keys = ("a", "ArrowLeft") if is_a else ("b", "ArrowRight")
        page.keyboard.press("n" if chooses == "neither" else keys[number % 2])

    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        seen = session(page, press)
        assert page.locator("#end-title").evaluate("heading => heading === document.activeElement")
        path = saved(page, tmp_path)
    # 14 pairs; after six and six of them one again and one picture twice.
    assert len(seen) == 18
    assert seen.count(0) == 2
    (voter,) = voters(path)
    assert voter.vote.ended == "all"
    assert (len(voter.votes), len(voter.repeats), voter.identical) == (14, 2, [True, True])
    as_votes = {"brighter": 1.0, "darker": 0.0, "neither": 0.5}
    answered = [answer for answer in voter.vote.answers if answer.a != answer.b]
    bright = {pair.candidate for pair in PAIRS}
    assert [
        0.5 if one.chose == "neither" else float((one.a if one.chose == "a" else one.b) in bright) for one in answered
    ] == [as_votes[each] for each in meant]


def test_it_stops_by_itself_once_a_voter_is_settled(chromium, page_file, tmp_path):
    """Always the brighter one, by clicks: eight alike are enough."""
    with opened(chromium, page_file) as page:
        page.locator("#start").click()
        session(page, lambda brighter, _: page.locator("#choose-" + {1: "a", -1: "b", 0: "neither"}[brighter]).click())
        assert "settle which of the two you prefer" in page.locator("#outcome").inner_text()
        path = saved(page, tmp_path)
    (voter,) = voters(path)
    assert voter.vote.ended == "settled"
    assert voter.votes == [1.0] * 8
    assert voter.repeats == [0.0]
    assert join_votes(KEY, [voter]).preferences[0].voters in (0, 1)  # a test is faster than people


def test_sides_are_drawn_by_lot(chromium, page_file):
    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        orders = []
        for _ in range(3):
            page.reload()
            page.keyboard.press("Enter")
            orders.append(tuple(session(page, lambda *_: page.keyboard.press("n"))))
    assert len(set(orders)) > 1
    sides = [side for order in orders for side in order if side]
    assert 8 < sides.count(1) < 40  # of 48; a fair coin is outside less than once in a million times


def test_by_touch_on_a_telephone_everything_fits(chromium, page_file, tmp_path):
    with opened(chromium, page_file, 390, 844, has_touch=True, is_mobile=True) as page:
        page.locator("#start").tap()
        shown(page, 1)
        for button in ("choose-a", "choose-neither", "choose-b", "stop"):
            box = page.locator(f"#{button}").bounding_box()
            assert box["y"] + box["height"] <= 844, button
            assert box["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.locator("#choose-a").tap()
        shown(page, 2)
        page.locator("#stop").tap()
        (voter,) = voters(saved(page, tmp_path))
    assert voter.vote.ended == "voter"
    assert len(voter.vote.answers) == 1


def test_aids_are_used_by_keyboard_and_told(chromium, page_file, tmp_path):
    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        shown(page, 1)
        page.keyboard.press("z")
        before = page.locator("#picture-a").evaluate("image => image.style.transform")
        page.keyboard.press("ArrowLeft")  # zoomed in it moves both, and answers nothing
        moved = [page.locator(f"#picture-{side}").evaluate("image => image.style.transform") for side in "ab"]
        assert moved[0] == moved[1] != before
        page.keyboard.press("d")
        page.keyboard.press("r")
        assert page.locator("#picture-r").is_visible()
        grey = "canvas => canvas.getContext('2d').getImageData(1, 1, 1, 1).data[0]"
        assert page.locator("#difference").evaluate(grey) == 255  # 8 · |200 − 40|
        page.keyboard.press("f")
        visible = [page.locator(f"#figure-{side}").is_visible() for side in "ab"]
        assert sorted(visible) == [False, True]
        page.keyboard.press("a")
        shown(page, 2)
        assert page.locator("#figure-a").is_visible()
        assert page.locator("#figure-b").is_visible()
        page.keyboard.press("n")
        shown(page, 3)
        page.keyboard.press("Escape")
        (voter,) = voters(saved(page, tmp_path))
    assert voter.vote.answers[0].aids == ["difference", "flicker", "reference", "zoom"]
    assert voter.vote.answers[1].aids == []


def test_dragging_moves_both_pictures(chromium, page_file):
    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        shown(page, 1)
        page.locator("#zoom").click()
        box = page.locator("#figure-a .window").bounding_box()
        page.mouse.move(box["x"] + 50, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 80, box["y"] + 60)
        page.mouse.up()
        assert "translate(30px, 10px)" in page.locator("#picture-b").evaluate("image => image.style.transform")


def test_the_text_can_be_taken_where_no_file_can_be_saved(chromium, page_file, tmp_path):
    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        shown(page, 1)
        page.keyboard.press("b")
        page.keyboard.press("Escape")
        page.locator("#copy").click()
        assert page.locator("#text").is_visible()
        path = tmp_path / "copied.json"
        path.write_text(page.locator("#text").input_value().strip(), encoding="utf-8")
    assert len(voters(path)) == 1


def test_without_javascript_it_says_what_is_missing(chromium, page_file):
    with opened(chromium, page_file, java_script_enabled=False) as page:
        assert "needs JavaScript" in page.locator("noscript").inner_text()


def test_no_script_but_its_own_runs(chromium, page_file, tmp_path):
    broken = tmp_path / "broken.html"
    text = page_file.read_text(encoding="utf-8")
    broken.write_text(text.replace("<h1>", "<script>document.title = 'acted'</script><h1>"), encoding="utf-8")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(broken.as_uri())
    assert page.title() == "Which picture looks better?"
    context.close()


def test_the_seal_is_the_same_in_the_page_and_here(chromium, page_file, tmp_path):
    """For texts of many lengths: a SHA-256 has blocks."""
    with opened(chromium, page_file) as page:
        page.keyboard.press("Enter")
        session(page, lambda brighter, number: page.keyboard.press("abn"[number % 3]))
        path = saved(page, tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"[0-9a-f]{64}", document["seal"])
    assert len(voters(path)) == 1


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_in_any_state(chromium, page_file, axe, width, scheme):
    with opened(chromium, page_file, width, color_scheme=scheme) as page:
        assert violations(page, axe) == []
        page.locator("#start").click()
        shown(page, 1)
        assert violations(page, axe) == []
        for aid in ("zoom", "amplify", "reference"):
            page.locator(f"#{aid}").click()
        assert violations(page, axe) == []
        page.keyboard.press("a")
        shown(page, 2)
        page.keyboard.press("Escape")
        page.locator("summary").click()
        assert violations(page, axe) == []


@pytest.mark.parametrize("width", [360, 768])
def test_no_word_of_an_answer_is_broken_in_a_narrow_window(chromium, page_file, width):
    broken = """[...document.querySelectorAll('.answers button')].flatMap(one => {
        const text = one.firstChild, found = [];
        for (const word of text.textContent.matchAll(/\\S+/g)) {
            const range = document.createRange();
            range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
            if (range.getClientRects().length > 1) found.push(word[0]);
        }
        return found;
    })"""
    with opened(chromium, page_file, width) as page:
        page.keyboard.press("Enter")
        shown(page, 1)
        assert page.locator(".answers button").count() == 3
        assert page.evaluate(broken) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width

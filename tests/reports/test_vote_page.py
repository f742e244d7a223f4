"""What the page of a blind look holds, as somebody who reads its source finds it."""

import base64
import json
import re

from reports.vote_page import BlindPair, mask_stream, render_vote_page

PAIRS = [
    BlindPair(f"{n:016x}", (f"{100 + n:016x}", b"baseline" * 9), (f"{200 + n:016x}", b"candidate" * 3), None)
    for n in range(8)
]


def content_of(page):
    return json.loads(re.search(r'id="content">(.*?)</script>', page)[1])


def unmasked(masked):
    content = base64.b64decode(masked["data"])
    return bytes(a ^ b for a, b in zip(content, mask_stream(masked["key"], len(content)).tolist(), strict=True))


def page():
    return render_vote_page("20261130-120000-abcdef", "0" * 16, "d" * 64, PAIRS)


def test_which_picture_comes_first_says_nothing():
    """Over pages that are made again and again the baseline comes first about as often as the candidate, and stands for
    the first build as often as for the second.
    """
    firsts = builds = 0
    for _ in range(40):
        content = content_of(page())
        same = unmasked(content["same"])
        for place, pair in enumerate(content["pairs"]):
            is_baseline = pair["pictures"][0]["id"] == f"{100 + int(pair['pair'], 16):016x}"
            firsts += is_baseline
            if place == 0:
                builds += is_baseline == bool(same[0] & 1)
    # Fair coins are outside of these once in some 10,000 times.
    assert 125 < firsts < 195
    assert 8 < builds < 32


def test_pairs_say_consistently_which_pictures_are_of_one_build():
    content = content_of(page())
    same = unmasked(content["same"])
    builds = {
        (pair["pictures"][0]["id"] == f"{100 + int(pair['pair'], 16):016x}") == bool(same[place] & 1)
        for place, pair in enumerate(content["pairs"])
    }
    assert len(builds) == 1


def test_neither_bytes_nor_lengths_of_pictures_are_in_clear():
    content = content_of(page())
    for pair in content["pairs"]:
        one, other = pair["pictures"]
        assert len(one["data"]) == len(other["data"])
        assert {unmasked(one).rstrip(b"\0"), unmasked(other).rstrip(b"\0")} == {b"baseline" * 9, b"candidate" * 3}
        assert b"baseline" not in base64.b64decode(one["data"]) + base64.b64decode(other["data"])


def test_two_pages_of_one_ballot_have_nothing_of_their_pictures_in_common():
    one, other = content_of(page()), content_of(page())
    data = [{picture["data"] for pair in each["pairs"] for picture in pair["pictures"]} for each in (one, other)]
    assert not data[0] & data[1]


def test_the_policy_lets_the_pages_own_script_run_and_nothing_else():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page())[1]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src &#39;sha256-[A-Za-z0-9+/=]{44}&#39;|script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy)
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy

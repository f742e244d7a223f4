"""What people said stands on the page, in words and with its numbers."""

from pathlib import Path

import pytest

from harness.documents.comparison import Comparison, ItemDisagreement, VotesOnDevice
from harness.documents.joined_votes import ItemPreference, Preference
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import parse, seen_text

HOSTILE = "<script>alert(1)</script>"


def voted(folder: Path, *, item: str = "butterfly", voters: int = 12, careless: int = 1) -> Comparison:
    comparison = sample.comparison(folder, devices=["local"], images=1)
    candidate = comparison.arms[1].name
    known = voters > 0
    image = ItemPreference(item=item, candidate=1, baseline=9, neither=2, share=1 / 6, p_value=0.02)
    preference = Preference(
        device="local", candidate=candidate, ballot=None, voters=voters, answers=12 * voters,
        share=0.2 if known else None, sd=0.1 if known else None, effective_n=voters,
        low=0.1 if known else None, high=0.3 if known else None, share_with_careless=0.25 if known else None,
        could_tell=0.8 if known else None, agreement=0.4 if known else None, repeated=12, repeated_same=10,
        identical=12, identical_seen=11, aided=0.1 if known else None, settled=3, items=[image],
    )  # fmt: skip
    disagreements = [ItemDisagreement(item=item, quantity="psnr_y", share=1 / 6, change=0.4)]
    votes = VotesOnDevice(preference=preference, careless=careless, disagreements=disagreements)
    device = comparison.devices[0].model_copy(update={"votes": [votes]})
    return comparison.model_copy(update={"devices": [device]})


def text_of(comparison: Comparison, folder: Path) -> str:
    return seen_text(parse(render_html(comparison, folder)))


def test_the_share_its_interval_and_where_a_metric_says_otherwise_are_told(tmp_path: Path) -> None:
    text = text_of(voted(tmp_path), tmp_path)
    assert "12 voters gave 144 answers" in text
    assert "(between 10 % and 30 %; 50 % is no preference)" in text
    assert "1 more voter did not look carefully" in text
    assert "with them it would be 25 %" in text
    assert "butterfly: 17 % of the votes are for" in text


def test_where_nobody_looked_carefully_it_is_said_and_no_number_is_made_up(tmp_path: Path) -> None:
    text = text_of(voted(tmp_path, voters=0, careless=3), tmp_path)
    assert "nobody who looked is left, since 3 voters did not look carefully" in text
    assert "50 % is no preference" not in text


def test_nothing_is_said_where_nobody_was_asked(tmp_path: Path) -> None:
    assert "What people said" not in text_of(sample.comparison(tmp_path, images=1), tmp_path)


@pytest.mark.parametrize("item", [HOSTILE, '"><img src=x>'])
def test_a_hostile_name_is_only_a_name(tmp_path: Path, item: str) -> None:
    page = render_html(voted(tmp_path, item=item), tmp_path)
    assert item not in page

"""What people said, as lines of text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.commands.votes.draw_pairs import LARGEST_SIDE
from harness.words.printable import printable
from harness.words.sentences import counted

if TYPE_CHECKING:
    from pathlib import Path

    from harness.commands.votes.make_page import MadePage
    from harness.documents.joined_votes import ItemPreference, JoinedVotes, Preference

_MOST_IMAGES: Final = 5
_MOST_VOTERS: Final = 10
_CLEAR: Final = 0.05


def page_told(made: MadePage, run: Path) -> list[str]:
    """What was made, what it does not hide, and what to do with it."""
    ballot = made.ballot
    lines = [
        f"{made.path}: {counted(len(ballot.pairs), 'pair')} of {ballot.candidate} and the baseline, "
        f"pictures of {ballot.device}, {made.size_bytes / 1e6:.1f} MB"
    ]
    if made.is_cut:
        lines.append(f"Of large pictures it shows a part of {LARGEST_SIDE} pixels, at a place drawn by lot.")
    if ballot.identical:
        lines.append(f"Not asked about, because both arms gave the same picture: {len(ballot.identical)}")
    lines += [
        "Send it to those who are to vote. Keep votes/key.json to yourself: it says which picture is of which arm.",
        f"With what they send back: bakeoff votes {run} vote-*.json",
    ]
    return [printable(line) for line in lines]


def votes_told(votes: JoinedVotes, noun: str) -> list[str]:
    """Lines, one preference after the other."""
    lines: list[str] = []
    for one in votes.preferences:
        lines += [*([""] if lines else []), *_preference(one, noun)]
    return [printable(line) for line in lines]


def _preference(one: Preference, noun: str) -> list[str]:
    lines = [f"{one.candidate} against the baseline, pictures of {one.device}", f"  {preferred_in_words(one)}"]
    if one.voters:
        lines.append(
            f"  {counted(one.voters, 'voter')}, {counted(one.answers, 'answer')}; a difference was seen in "
            f"{_percent(one.could_tell)} of them"
        )
        lines.append(f"  Agreement between voters: {_agreement(one.agreement)}")
        lines.append(f"  {_care(one)}")
        if one.aided:
            lines.append(f"  {_percent(one.aided)} of answers came after zooming, flickering or amplifying")
    if one.not_asked:
        lines.append(f"  Not asked about, because both arms gave the same picture: {one.not_asked}")
    if one.careless:
        lines.append(f"  Left out as careless: {counted(len(one.careless), 'voter')}" + _with_them(one))
        lines += [f"    {each.file} {each.reason}" for each in one.careless[:_MOST_VOTERS]]
        if len(one.careless) > _MOST_VOTERS:
            lines.append(f"    and {len(one.careless) - _MOST_VOTERS} more (votes/votes.json has them)")
    return lines + _items(one, noun)


def preferred_in_words(one: Preference) -> str:
    """`The candidate is preferred in 61 % of votes (between 54 % and 68 %): …`."""
    if one.share is None:
        return "Nobody who voted looked: there is no preference."
    words = f"The candidate is preferred in {_percent(one.share)} of votes"
    if one.low is None or one.high is None:
        return f"{words}, by a single voter: that says nothing of others."
    words += f" (between {_percent(one.low)} and {_percent(one.high)})"
    if one.low > 0.5:
        return f"{words}: people prefer it."
    if one.high < 0.5:
        return f"{words}: people prefer the baseline."
    return f"{words}: that may be chance."


def _with_them(one: Preference) -> str:
    if one.share is None or one.share_with_careless is None:
        return ""
    return f" (with them the preference is {_percent(one.share_with_careless)})"


def _care(one: Preference) -> str:
    told = []
    if one.repeated:
        told.append(f"Asked twice: {one.repeated_same} of {one.repeated} answered as before")
    if one.identical:
        told.append(f"Identical pairs: no difference seen in {one.identical_seen} of {one.identical}")
    return "; ".join(told) or "Nothing was asked twice, and no identical pair: the sessions ended before that"


def _agreement(alpha: float | None) -> str:
    if alpha is None:
        return "not known, for want of votes that can be compared"
    meaning = "good" if alpha >= 0.67 else "some" if alpha >= 0.2 else "hardly more than chance"
    return f"{_signed(alpha)} of 1 (Krippendorff's alpha: {meaning})"


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "\N{MINUS SIGN}")


def _items(one: Preference, noun: str) -> list[str]:
    if not one.items:
        return []
    worst, best = one.items[:_MOST_IMAGES], list(reversed(one.items[_MOST_IMAGES:]))[:_MOST_IMAGES]
    width = min(max(len(image.item) for image in [*worst, *best]), 40)
    lines = [f"  By {noun}, votes for candidate / neither / baseline, the candidate's worst first:"]
    lines += [_image(image, width) for image in worst]
    left = len(one.items) - len(worst) - len(best)
    if left:
        lines.append(f"    … {left} more (votes/votes.json has them)")
    return lines + [_image(image, width) for image in reversed(best)]


def _image(image: ItemPreference, width: int) -> str:
    clear = f"  beyond chance (p = {image.p_value:.1g})" if image.p_value < _CLEAR else ""
    name = image.item if len(image.item) <= width else f"{image.item[: width - 1]}…"
    return f"    {name:<{width}}  {image.candidate} / {image.neither} / {image.baseline}{clear}"


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{100.0 * share:.0f} %"

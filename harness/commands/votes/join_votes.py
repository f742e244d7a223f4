"""All voters of a run together: what people prefer, with interval, by item, and who is left out."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from harness.documents.joined_votes import CarelessVoter, ItemPreference, JoinedVotes, Preference
from harness.statistics.preference import ItemVotes, agreement, estimate_preference
from harness.statistics.vote_care import Checks, why_careless
from harness.statistics.vote_stopping import unbiased_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.commands.votes.read_votes import Voter
    from harness.documents.ballot import Ballot, BallotKey
    from harness.statistics.estimate import Estimate


def join_votes(key: BallotKey, voters: Sequence[Voter]) -> JoinedVotes:
    """One preference for every ballot that anybody voted on, in the key's order."""
    by_ballot = {
        ballot.ballot: (ballot, [voter for voter in voters if voter.ballot is ballot]) for ballot in key.ballots
    }
    return JoinedVotes(
        run_id=key.run_id, preferences=[_preference(ballot, own) for ballot, own in by_ballot.values() if own]
    )


def checks_of(voter: Voter) -> Checks:
    """What a session shows of the voter's care."""
    return Checks(
        same=voter.repeats.count(0.0),
        half=voter.repeats.count(0.5),
        opposite=voter.repeats.count(1.0),
        identical_tied=sum(voter.identical),
        identical=len(voter.identical),
        left=sum(answer.chose == "a" for answer in voter.vote.answers),
        right=sum(answer.chose == "b" for answer in voter.vote.answers),
        median_ms=float(median(answer.ms for answer in voter.vote.answers)),
        first=voter.count(1.0),
        second=voter.count(0.0),
    )


def _preference(ballot: Ballot, voters: list[Voter]) -> Preference:
    reasons = [(voter, why_careless(checks_of(voter))) for voter in voters]
    careful = [voter for voter, reason in reasons if reason is None]
    estimate = _estimate(careful)
    interval = estimate.interval(0.95) if estimate is not None else None
    everybody = _estimate(voters)
    votes = [vote for voter in careful for vote in voter.votes]
    answers = [answer for voter in careful for answer in voter.vote.answers]
    return Preference(
        device=ballot.device,
        candidate=ballot.candidate,
        ballot=ballot.ballot,
        voters=len(careful),
        answers=len(votes),
        share=estimate.mean if estimate is not None else None,
        sd=estimate.sd if estimate is not None else None,
        effective_n=estimate.effective_n if estimate is not None else 0.0,
        low=max(interval[0], 0.0) if interval is not None else None,
        high=min(interval[1], 1.0) if interval is not None else None,
        share_with_careless=everybody.mean if everybody is not None else None,
        could_tell=sum(vote != 0.5 for vote in votes) / len(votes) if votes else None,
        agreement=_agreement(careful),
        repeated=sum(len(voter.repeats) for voter in careful),
        repeated_same=sum(voter.repeats.count(0.0) for voter in careful),
        identical=sum(len(voter.identical) for voter in careful),
        identical_seen=sum(sum(voter.identical) for voter in careful),
        aided=sum(bool({*answer.aids} - {"reference"}) for answer in answers) / len(answers) if answers else None,
        settled=sum(voter.vote.ended == "settled" for voter in careful),
        not_asked=len(ballot.identical),
        careless=[CarelessVoter(file=voter.file.name, reason=why) for voter, why in reasons if why is not None],
        items=_items(careful),
    )


def _estimate(voters: list[Voter]) -> Estimate | None:
    import numpy as np

    if not voters:
        return None
    items = {item: place for place, item in enumerate(sorted({item for voter in voters for item in voter.items}))}
    return estimate_preference(
        np.array([unbiased_share(voter.count(1.0), voter.count(0.0), voter.count(0.5)) for voter in voters]),
        np.array([vote for voter in voters for vote in voter.votes]),
        np.array([place for place, voter in enumerate(voters) for _ in voter.votes]),
        np.array([items[item] for voter in voters for item in voter.items]),
    )


def _agreement(voters: list[Voter]) -> float | None:
    import numpy as np

    places = {item: place for place, item in enumerate({item: None for voter in voters for item in voter.items})}
    votes = [(vote, places[item]) for voter in voters for vote, item in zip(voter.votes, voter.items, strict=True)]
    if not votes:
        return None
    return agreement(np.array([vote for vote, _ in votes]), np.array([place for _, place in votes]))


def _items(voters: list[Voter]) -> list[ItemPreference]:
    by_item: dict[str, list[float]] = {}
    for voter in voters:
        for vote, item in zip(voter.votes, voter.items, strict=True):
            by_item.setdefault(item, []).append(vote)
    counts = {item: ItemVotes(votes.count(1.0), votes.count(0.0), votes.count(0.5)) for item, votes in by_item.items()}
    return [
        ItemPreference(
            item=item,
            candidate=count.candidate,
            baseline=count.baseline,
            neither=count.ties,
            share=count.share,
            p_value=count.p_value,
        )
        for item, count in sorted(counts.items(), key=lambda pair: (pair[1].share, pair[0]))
    ]

"""What people prefer, computed again from the files that voters sent back and the key to what they were shown.

    python rederive_votes.py RUN FILE...

Needs numpy and scipy, nothing of bakeoff. Reads RUN/votes/key.json, RUN/votes/votes.json, RUN/comparison.json and the
FILEs that were joined, prints one line for each page that asked and each device that its votes hold for, and compares:
exit code 1 where a digit differs.
"""

import json
import math
import sys
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, t


def settled(one, other):
    """The page ends here: evidence of 20 against no preference."""
    return Fraction(2 ** (one + other), (one + other + 1) * math.comb(one + other, one)) >= 20


@cache
def orders(one, other, begins):
    """In how many orders so many answers come that end no earlier; `begins`: only those whose first answer is so."""
    paths = Counter({begins: 1})
    for _ in range(one + other - 1):
        steps = Counter()
        for (a, b), count in paths.items():
            if not settled(a, b):
                for step in ((a + 1, b), (a, b + 1)):
                    if step[0] <= one and step[1] <= other:
                        steps[step] += count
        paths = steps
    return paths[one, other]


def share_of(first, second, ties):
    """Without bias, though the answers decided when to stop: the mean of the first answer over all such orders."""
    if first + second == 0:
        return 0.5
    with_first, with_second = orders(first, second, (1, 0)), orders(first, second, (0, 1))
    asked = first + second + ties - settled(first, second)
    tied = ties / asked if ties else 0.0
    return tied / 2 + (1 - tied) * with_first / (with_first + with_second)


def read_voter(vote, ballot):
    """Item → 1 for the candidate, 0 for the baseline, ½ for neither; differences of repeats; identical pairs."""
    pairs = {pair["pair"]: pair for pair in ballot["pairs"]}
    votes, repeats, identical = {}, [], []
    for answer in vote["answers"]:
        pair = pairs[answer["pair"]]
        if answer["a"] == answer["b"]:
            identical.append(answer["chose"] == "neither")
            continue
        chosen = answer.get(answer["chose"])
        value = 0.5 if answer["chose"] == "neither" else float(chosen == pair["candidate"])
        if pair["item"] in votes:
            repeats.append(abs(value - votes[pair["item"]]))
        else:
            votes[pair["item"]] = value
    return votes, repeats, identical


def is_careless(vote, votes, repeats, identical):
    """Too fast, always on one side, or no better than chance on what was asked twice and on identical pairs."""
    chose = Counter(answer["chose"] for answer in vote["answers"])
    if np.median([answer["ms"] for answer in vote["answers"]]) < 400:
        return True
    if chose["a"] + chose["b"] >= 12 and binomtest(chose["a"], chose["a"] + chose["b"]).pvalue < 1e-3:
        return True
    first, second = (list(votes.values()).count(value) for value in (1.0, 0.0))
    evidence = 2.0 ** (first + second) / ((first + second + 1) * math.comb(first + second, first))
    odds = 0.3 / 0.7 / (0.5 + 0.5 * evidence)
    for difference, looking, random in ((0.0, 0.70, 1 / 3), (0.5, 0.24, 4 / 9), (1.0, 0.06, 2 / 9)):
        odds *= (random / looking) ** repeats.count(difference)
    odds *= (1 / 3 / 0.80) ** sum(identical) * (2 / 3 / 0.20) ** (len(identical) - sum(identical))
    return odds / (1 + odds) > 0.7


def preference(voters):
    """Share for the candidate and its 95 % interval, voters and items as clusters; None where nobody is left."""
    if not voters:
        return None
    shares = np.array([share_of(*(list(votes.values()).count(value) for value in (1.0, 0.0, 0.5))) for votes in voters])
    mean, count = shares.mean(), len(voters)
    if count == 1:
        return mean, None, None
    of_voters = (((shares - mean) ** 2).sum() + 0.25 * ((1 - mean) ** 2 + mean**2)) / (count - 1) / count
    of_items, of_votes = {}, 0.0
    for votes in voters:
        own = np.mean(list(votes.values()))
        for item, value in votes.items():
            part = (value - own) / len(votes) / count
            of_items[item] = of_items.get(item, 0.0) + part
            of_votes += part**2
    items = len(of_items)
    by_item = sum(part**2 for part in of_items.values()) * items / max(items - 1, 1)
    error = math.sqrt(max(of_voters, by_item, of_voters + by_item - of_votes))
    freedom = max(min(count - 1, max(items - 1, 1)), 1)
    half = t.ppf(0.975, freedom) * error
    return mean, mean - half, mean + half


def main():
    run, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    key, joined, comparison = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("votes/key.json", "votes/votes.json", "comparison.json")
    )
    ballots = {ballot["ballot"]: ballot for ballot in key["ballots"]}
    sessions = {}
    for file in files:
        vote = json.loads(file.read_text(encoding="utf-8-sig"))
        sessions.setdefault(vote["session"], (file.name, vote))
    count, differ = 0, 0

    def compare(place, again, before):
        nonlocal count, differ
        again, before = (None if values is None else [f"{value:.9g}" for value in values] for values in (again, before))
        count, differ = count + 1, differ + (again != before)
        print(place, again, "" if again == before else f"but it has {before}", sep="  ")

    for said in joined["preferences"]:
        found, careless = [], []
        for name, vote in sessions.values():
            if vote["ballot"] == said["ballot"]:
                voter = read_voter(vote, ballots[vote["ballot"]])
                (careless.append(name) if is_careless(vote, *voter) else found.append(voter[0]))
        same = sorted(careless) == sorted(one["file"] for one in said["careless"])
        count, differ = count + 1, differ + (not same)
        print(said["candidate"], f"{len(careless)} careless", "" if same else "but not those of votes.json", sep="  ")
        again = preference(found)
        place = f"votes.json  {said['device']}  {said['candidate']}"
        kept = None if again is None else [max(again[1], 0.0), min(again[2], 1.0)] if again[1] is not None else []
        before = (
            None
            if said["share"] is None
            else [said["share"], *(end for end in (said["low"], said["high"]) if end is not None)]
        )
        compare(place, None if again is None else [again[0], *kept], before)
        for device in comparison["devices"]:
            for one in device["contrasts"]:
                is_of_it = any(
                    vote["preference"] == {**said, "careless": [], "ballot": None} for vote in device["votes"]
                )
                if (one["quantity"], one["candidate"]) != ("preference", said["candidate"]) or not is_of_it:
                    continue
                effect, interval = one["effect"], one["effect"].get("interval")
                points = None if again is None else [200 * value - 100 for value in again if value is not None]
                before = [effect["estimate"], *((interval["low"], interval["high"]) if interval else ())]
                compare(f"comparison.json  {device['device']}  {one['candidate']}", points, before)
    print(f"{count} of votes, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())

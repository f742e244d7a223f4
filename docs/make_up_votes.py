"""Files of made-up voters for a run that has a page of a blind look: to see the way without asking anybody.

    python make_up_votes.py RUN VOTERS FOLDER

Each of them prefers the candidate on six pictures of ten where they see a difference, which they do on eight of ten.
The files are of this run's key, so that `bakeoff votes` takes them for real ones: do not leave them beside those.
"""

import hashlib
import json
import random
import sys
from pathlib import Path


def sealed(vote):
    """The vote with the seal that the page would give it."""
    lines = [vote[name] for name in ("run_id", "ballot", "digest", "session", "ended")]
    for answer in vote["answers"]:
        lines.append(" ".join(str(answer[name]) for name in ("pair", "a", "b", "chose", "ms")) + " ")
    return {**vote, "seal": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def answer(pair, chance):
    sides = random.sample([pair["baseline"], pair["candidate"]], 2)
    liked = pair["candidate"] if random.random() < chance else pair["baseline"]
    chose = "neither" if random.random() < 0.2 else "ab"[sides.index(liked)]
    milliseconds = random.randint(1000, 5000)
    return {"pair": pair["pair"], "a": sides[0], "b": sides[1], "chose": chose, "ms": milliseconds, "aids": []}


def main():
    run, voters, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    key = json.loads((run / "votes" / "key.json").read_text(encoding="utf-8"))
    ballot = key["ballots"][-1]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(voters):
        pairs = random.sample(ballot["pairs"], len(ballot["pairs"]))[:7]  # with eight, answers alike would end it
        vote = {
            "schema": "bakeoff.vote/1",
            "run_id": key["run_id"],
            "ballot": ballot["ballot"],
            "digest": ballot["digest"],
            "session": f"{random.getrandbits(128):032x}",
            "ended": "voter",
            "answers": [answer(pair, 0.6) for pair in pairs],
        }
        (folder / f"vote-{number}.json").write_text(json.dumps(sealed(vote)) + "\n", encoding="utf-8")


main()

"""docs/rederive_votes.py knows nothing of bakeoff and comes to the same digits."""

import json

import pytest

from tests.harness.commands.test_votes import run, said, with_rules  # noqa: F401 (fixtures)
from tests.rig.rederived import DOCS, rederive

SCRIPT = "rederive_votes.py"


def joined(say, asked, files):
    with_rules(asked.folder, {"quantity": "preference", "no_worse_than": "5 points"})
    assert say("votes", asked.folder, *files)[0] == 0
    assert say("analyze", asked.folder)[0] == 0


@pytest.mark.parametrize("voters", [1, 2, 40])
def test_share_interval_and_who_is_left_out_are_the_same(said, run, voters):  # noqa: F811
    files = [run.vote(f"v{n}", 0.55 + 0.4 * (n % 2), careless=n % 9 == 8) for n in range(voters)]
    joined(said, run, files)
    code, told = rederive(SCRIPT, run.folder, *files)
    assert code == 0, told
    assert told.endswith("3 of votes, 0 differ\n")
    assert voters < 40 or run.votes()["careless"]


def test_a_vote_that_was_left_away_shows(said, run):  # noqa: F811
    files = [run.vote(f"v{n}", 0.8) for n in range(6)]
    joined(said, run, files)
    assert rederive(SCRIPT, run.folder, *files[1:])[0] == 1


def test_a_digit_that_was_changed_shows(said, run):  # noqa: F811
    files = [run.vote(f"v{n}", 0.8) for n in range(6)]
    joined(said, run, files)
    path = run.folder / "comparison.json"
    document = json.loads(path.read_text())
    contrast = next(one for one in document["devices"][0]["contrasts"] if one["quantity"] == "preference")
    contrast["effect"]["interval"]["low"] += 0.001
    path.write_text(json.dumps(document))
    code, told = rederive(SCRIPT, run.folder, *files)
    assert (code, told.count("but it has")) == (1, 1)


def test_the_script_imports_nothing_of_bakeoff():
    imports = [line for line in (DOCS / SCRIPT).read_text().splitlines() if line.startswith(("import", "from"))]
    assert {line.split()[1].split(".")[0] for line in imports} == {
        *("json", "math", "sys", "collections", "fractions", "functools", "pathlib"),
        *("numpy", "scipy"),
    }

"""What would change a verdict that waits for people is people."""

import pytest

from harness.documents.comparison import RuleResult
from reports.first_screen import first_screens
from tests.reports import sample_comparison as sample


@pytest.mark.parametrize(
    ("outcome", "doubted", "words"),
    [
        ("unavailable", None, "people have to be asked; `bakeoff votes` makes the page that asks"),
        ("open", "only 3 people voted", "more voters would tell (only 3 people voted)"),
    ],
)
def test_a_rule_on_preference_asks_for_people(tmp_path, outcome, doubted, words):
    comparison = sample.comparison(tmp_path, images=1)
    verdict = comparison.verdicts[0].model_copy(update={"decision": "undecided"})
    rule = RuleResult(
        candidate=verdict.candidate, quantity="preference", rule="at least 50 %", outcome=outcome, reason="So.",
        doubted=doubted,
    )  # fmt: skip
    device = comparison.devices[0].model_copy(update={"rules": [rule]})
    changed = comparison.model_copy(update={"devices": [device], "verdicts": [verdict]})
    assert any(words in each for screen in first_screens(changed) for each in screen.would_change)

"""The night as the JSON that a webhook is sent: short, of stable fields, with a `text` in Markdown for chats.

    {"schema": "bakeoff.told/1", "suite": …, "night": …, "outcome": …, "exit_code": …, "sentence": …, "text": …,
     "regressions": …, "changes": [{"id": …, "kind": …, "confirmation": …, "sentence": …, …}],
     "jobs": {"measured": 3, …}, "not_measured": [{"experiment": …, "device": …, "status": …, "reason": …}]}

`changes` are those that no night told of before. Lists are bounded: whoever wants all of it reads nightly.json.
"""

from __future__ import annotations

import json
from typing import Any, Final

from harness.documents.nightly import Change, Nightly
from reports.nightly import night_parts as parts
from reports.nightly.markdown import night_in_markdown
from reports.nightly.rendering import Rendering

TOLD_SCHEMA: Final = "bakeoff.told/1"
MOST_OF_A_LIST: Final = 50
MOST_CHARACTERS: Final = 30_000
"""The most of `text`: Slack and Mattermost cut it near there."""


def _render(nightly: Nightly) -> bytes:
    text = night_in_markdown(nightly)
    document: dict[str, Any] = {
        "schema": TOLD_SCHEMA,
        "bakeoff_version": nightly.bakeoff_version,
        "suite": nightly.suite,
        "night": nightly.night,
        "host": nightly.host,
        "finished_at": nightly.finished_at,
        "outcome": nightly.outcome,
        "exit_code": nightly.exit_code,
        "sentence": nightly.sentence,
        "text": text if len(text) <= MOST_CHARACTERS else text[: text.rindex("\n", 0, MOST_CHARACTERS)] + "\n…\n",
        "regressions": len(parts.new_regressions(nightly)),
        "changes": [_change(change) for change in parts.new_changes(nightly)[:MOST_OF_A_LIST]],
        "jobs": dict(parts.counted_statuses(job.status for job in nightly.jobs)),
        "not_measured": [
            {
                "experiment": job.experiment,
                "device": job.device,
                "status": job.status,
                "reason": parts.reason_of(job),
            }
            for job in parts.unmeasured_jobs(nightly)[:MOST_OF_A_LIST]
        ],
        "missed_nights": nightly.missed_nights,
    }
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8", "replace")


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "kind": change.kind,
        "confirmation": change.confirmation,
        "is_regression": change.is_regression,
        "sentence": change.sentence,
        "since": parts.since(change),
        "first_bad_night": change.first_bad_night,
        "how_sure": change.how_sure,
        "commits": [{"sha": each.sha, "message": each.message} for each in change.commits[:MOST_OF_A_LIST]],
        "causes": change.causes[:MOST_OF_A_LIST],
        "series": len(change.members),
        "members": [
            {**each.name.model_dump(), "words": each.words, "is_worse": each.is_worse}
            for each in change.members[:MOST_OF_A_LIST]
        ],
    }


RENDERING = Rendering("webhook", "webhook.json", "the JSON that a webhook is sent", _render)

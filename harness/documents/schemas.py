"""The JSON Schema of every file that bakeoff reads or writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def json_schema(name: str) -> dict[str, Any]:
    """Schema of one of the files that `bakeoff schema` names (of `records` one line), with draft and title set."""
    from harness.documents.bisect import bisect_json_schema
    from harness.documents.compared_runs import compared_json_schema
    from harness.documents.comparison import Comparison
    from harness.documents.history import HistoryCheck, HistoryImport, HistoryList, HistoryPrune, HistoryShown
    from harness.documents.joined_votes import JoinedVotes
    from harness.documents.journal import Journal
    from harness.documents.manifest import Manifest
    from harness.documents.nightly import nightly_json_schema
    from harness.documents.parity import parity_json_schema
    from harness.documents.plan import Plan
    from harness.documents.profile import DeviceProfile
    from harness.documents.records import records_json_schema
    from harness.documents.soak_manifest import SoakManifest
    from harness.documents.soak_result import SoakResult
    from harness.documents.tool_numbers import ReadNumbers
    from harness.documents.vote import Vote
    from harness.documents.web_check import WebCheck
    from harness.experiment.declaration import experiment_json_schema

    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "experiment": experiment_json_schema,
        "plan": lambda: Plan.model_json_schema(by_alias=True),
        "records": records_json_schema,
        "run": lambda: Manifest.model_json_schema(by_alias=True),
        "comparison": lambda: Comparison.model_json_schema(by_alias=True),
        "compared": compared_json_schema,
        "history-check": lambda: HistoryCheck.model_json_schema(by_alias=True),
        "history-import": lambda: HistoryImport.model_json_schema(by_alias=True),
        "history-list": lambda: HistoryList.model_json_schema(by_alias=True),
        "history-prune": lambda: HistoryPrune.model_json_schema(by_alias=True),
        "history-series": lambda: HistoryShown.model_json_schema(by_alias=True),
        "journal": lambda: Journal.model_json_schema(by_alias=True),
        "nightly": nightly_json_schema,
        "bisect": bisect_json_schema,
        "parity": parity_json_schema,
        "profile": lambda: DeviceProfile.model_json_schema(by_alias=True),
        "soak": lambda: SoakManifest.model_json_schema(by_alias=True),
        "tool-numbers": lambda: ReadNumbers.model_json_schema(by_alias=True),
        "vote": lambda: Vote.model_json_schema(by_alias=True),
        "votes": lambda: JoinedVotes.model_json_schema(by_alias=True),
        "web-check": lambda: WebCheck.model_json_schema(by_alias=True),
        "soak-result": lambda: SoakResult.model_json_schema(by_alias=True),
    }
    return titled(name, makers[name]())


def titled(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with draft and title set."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"bakeoff {name}"}

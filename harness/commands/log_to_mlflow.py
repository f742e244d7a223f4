"""A run's result in MLflow: parameters, metrics and artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.commands.mlflow_server import MlflowServer
from harness.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.documents.comparison import Comparison


@dataclass(frozen=True)
class Logged:
    """Where it is now."""

    page: str
    runs: int
    artifacts_taken: bool


def log_to_mlflow(comparison: Comparison, artifacts: list[Path], address: str) -> Logged:
    """Write a comparison and its files to a tracking server. Raises `UserError` also where it is there already."""
    from reports.mlflow_runs import RUN_TAG, arm_runs, whole_run

    server = MlflowServer(address)
    experiment = server.experiment(f"bakeoff: {comparison.name}"[:200])
    whole = whole_run(comparison)
    tags = dict(whole.tags)
    run_id = tags.pop(RUN_TAG).replace("'", "")
    there = server.run_with_tag(experiment, RUN_TAG, run_id)
    if there is not None:
        raise UserError(
            f"{comparison.run_id}: is in MLflow already: {server.page_of(experiment, there)}",
            "Delete it there to write it again.",
        )
    parent, place = server.begin_run(experiment, whole.name, tags)
    server.log(parent, whole.params, whole.metrics)
    for each in arm_runs(comparison):
        child, _ = server.begin_run(experiment, each.name, {**each.tags, "mlflow.parentRunId": parent})
        server.log(child, each.params, each.metrics)
        server.end_run(child, is_whole=each.is_whole)
    taken = [server.put_artifact(place, file.name, file.read_bytes()) for file in artifacts]
    server.tag(parent, RUN_TAG, run_id)  # last: what was cut on the way can be written again
    server.end_run(parent, is_whole=whole.is_whole)
    return Logged(server.page_of(experiment, parent), 1 + len(arm_runs(comparison)), all(taken))

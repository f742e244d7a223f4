"""`bakeoff report --mlflow`, against a real tracking server, and against servers that are none."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.commands.log_to_mlflow import log_to_mlflow
from harness.commands.mlflow_server import MlflowServer
from harness.documents.comparison import Comparison
from harness.documents.folder import write_model
from harness.errors import UserError
from reports.mlflow_runs import RUN_TAG, arm_runs, whole_run
from tests.reports import sample_comparison as sample
from tests.reports.test_html import everywhere
from tests.rig import mlflow
from tests.rig.command import bakeoff


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    return sample.comparison(tmp_path, images=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mlflow.TrackingServer]:
    if mlflow.PROGRAM is None:
        pytest.skip(mlflow.MISSING)
    running = mlflow.TrackingServer(tmp_path_factory.mktemp("mlflow"))
    yield running
    running.stop()


def runs_in(server: mlflow.TrackingServer, experiment: str) -> list[dict[str, Any]]:
    body = json.dumps({"experiment_ids": [experiment]}).encode()
    request = urllib.request.Request(
        f"{server.address}/api/2.0/mlflow/runs/search", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        runs: list[dict[str, Any]] = json.load(answer)["runs"]
    return runs


def pairs(run: dict[str, Any], what: str) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in run["data"].get(what, [])}


def test_a_run_is_there_with_parameters_metrics_and_files_and_not_twice(
    server: mlflow.TrackingServer, comparison: Comparison, tmp_path: Path
) -> None:
    write_model(tmp_path / "comparison.json", comparison)
    said = bakeoff("report", tmp_path, "--mlflow", server.address)
    assert said.exit_code == 0, said.stderr
    experiment = said.stdout.split("/experiments/")[1].split("/")[0]
    runs = {run["info"]["run_name"]: run for run in runs_in(server, experiment)}
    assert len(runs) == 5
    whole = runs[comparison.name]
    assert whole["info"]["status"] == "FINISHED"
    assert pairs(whole, "tags")[f"verdict of {sample.INT8}".replace("(", "_").replace(")", "_")] == "undecided"
    candidate = runs["int8 (quantised) on Pixel 6a (phone A)"]
    assert pairs(candidate, "metrics")["latency_p50 ratio"] == 0.69
    assert pairs(candidate, "params")["model_sha256"] == "3f2a" * 16
    assert pairs(candidate, "tags")["mlflow.parentRunId"] == whole["info"]["run_id"]
    assert {path.name for path in server.files.rglob("*.*")} == {"report.html", "comparison.shared.json"}
    assert "bench-4" not in json.dumps(list(runs.values()))
    again = bakeoff("report", tmp_path, "--mlflow", server.address)
    assert again.exit_code == 2
    assert "is in MLflow already" in again.stderr


@pytest.mark.parametrize("text", sample.HOSTILE_NAMES)
def test_a_server_takes_whatever_things_are_called(
    server: mlflow.TrackingServer, comparison: Comparison, text: str
) -> None:
    hostile = everywhere(comparison, text).model_copy(update={"run_id": f"run {hash(text)}"})
    assert log_to_mlflow(hostile, [], server.address).runs > 1


def test_what_is_unavailable_or_infinite_is_no_metric(comparison: Comparison) -> None:
    for run in arm_runs(comparison):
        assert "pss_memory ratio" not in run.metrics
        assert "psnr" not in run.metrics  # infinite in the sample
    assert whole_run(comparison).tags[RUN_TAG] == comparison.run_id


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server that says the same to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (200, b"<html>", {}, "not as a tracking server of MLflow"),
        (200, b"[1]", {}, "not as a tracking server of MLflow"),
        (200, b"{}", {}, "gave no experiment_id"),
        (200, b'{"experiment_id": "../x\\u001b[31m"}', {}, "gave no experiment_id"),
        (200, b"[" * 100_000, {}, "not as a tracking server of MLflow"),
        (200, b" " * 5_000_000, {}, "answers with more than"),
        (401, b"no", {}, "answered 401"),
        (500, b'{"error_code": "INTERNAL_ERROR", "message": "x\\u001b[31m"}', {}, "answered 500: INTERNAL_ERROR"),
        (302, b"", {"Location": "http://127.0.0.1:1/"}, "answered 302"),
    ],
)
def test_a_server_that_is_none_is_said_to_be_so(
    comparison: Comparison, status: int, body: bytes, headers: dict[str, str], words: str
) -> None:
    with answering(status, body, **headers) as address, pytest.raises(UserError) as refused:
        log_to_mlflow(comparison, [], address)
    assert words in refused.value.what
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("address", ["localhost:5000", "file:///x", "http://", "http://x/?y=1", "ftp://x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="is no address of a tracking server"):
        MlflowServer(address)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UserError) as refused:
        MlflowServer("http://user:hunter2@x:5000")
    assert "hunter2" not in str(refused.value)


def test_a_server_that_is_not_there_is_said_to_be_so(comparison: Comparison) -> None:
    with pytest.raises(UserError, match="cannot be reached: Connection refused"):
        log_to_mlflow(comparison, [], "http://127.0.0.1:1")

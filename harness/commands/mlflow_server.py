"""A tracking server of MLflow through its REST API (2.0, which versions 1 to 3 serve): runs and their artifacts.

The API is a dozen of JSON requests; MLflow itself, with some hundred MB, is needed on the server alone.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final
from urllib.parse import quote, urlsplit

from harness.errors import UserError
from harness.words.printable import printable

TOKEN, USERNAME, PASSWORD = "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
_MOST_ANSWER_BYTES: Final = 4_000_000
_PATIENCE_S: Final = 60.0
_MOST_AT_ONCE: Final = 100
"""MLflow takes as many parameters and tags in one request."""
_ID: Final = re.compile(r"[\w-]{1,64}")
_SERVED: Final = re.compile(r"mlflow-artifacts:(?://[^/]*)?/([\w./-]{1,500})")
_THERE_ALREADY: Final = "RESOURCE_ALREADY_EXISTS"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None  # a token is for the server that was named


class MlflowServer:
    """A server at an address such as `http://tracking:5000`. Every method raises `UserError` where the server does not
    do as it was asked.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise UserError(f"{address}: is no address of a tracking server", "Such as http://localhost:5000.")
        if "@" in parts.netloc:
            raise UserError(
                "a password in an address would be seen by every user of this computer",
                f"Leave it out, and set {USERNAME} and {PASSWORD}, or {TOKEN}.",
            )
        self.address = address.rstrip("/")

    def experiment(self, name: str) -> str:
        """The id of the experiment of this name, which is made where it is not there."""
        try:
            answer = self._ask("POST", "experiments/create", {"name": name})
        except _RefusedError as error:
            if error.code != _THERE_ALREADY:
                raise
            found = self._ask("GET", f"experiments/get-by-name?experiment_name={quote(name, safe='')}")
            answer = found.get("experiment", {})
        return self._id(answer, "experiment_id")

    def run_with_tag(self, experiment: str, tag: str, value: str) -> str | None:
        """The id of a run that has this tag; None where there is none. `value` has no quotation mark."""
        asked = {"experiment_ids": [experiment], "filter": f"tags.`{tag}` = '{value}'", "max_results": 1}
        runs = self._ask("POST", "runs/search", asked).get("runs") or []
        return self._id(runs[0].get("info", {}), "run_id") if isinstance(runs, list) and runs else None

    def begin_run(self, experiment: str, name: str, tags: Mapping[str, str]) -> tuple[str, str]:
        """A new run's id, and where its artifacts lie."""
        asked = {"experiment_id": experiment, "run_name": name, "start_time": _now_ms(), "tags": _pairs(tags)}
        info = self._ask("POST", "runs/create", asked).get("run", {}).get("info", {})
        return self._id(info, "run_id"), str(info.get("artifact_uri", ""))

    def log(self, run: str, params: Mapping[str, str], metrics: Mapping[str, float]) -> None:
        """Parameters, and metrics at step 0."""
        for some in _parts(_pairs(params)):
            self._ask("POST", "runs/log-batch", {"run_id": run, "params": some})
        moment = _now_ms()
        measured = [{"key": key, "value": value, "timestamp": moment, "step": 0} for key, value in metrics.items()]
        for some in _parts(measured):
            self._ask("POST", "runs/log-batch", {"run_id": run, "metrics": some})

    def tag(self, run: str, tag: str, value: str) -> None:
        """One more tag."""
        self._ask("POST", "runs/set-tag", {"run_id": run, "key": tag, "value": value})

    def end_run(self, run: str, *, is_whole: bool) -> None:
        """It is `FINISHED`, or `FAILED`."""
        status = "FINISHED" if is_whole else "FAILED"
        self._ask("POST", "runs/update", {"run_id": run, "status": status, "end_time": _now_ms()})

    def put_artifact(self, artifacts: str, name: str, content: bytes) -> bool:
        """Whether the server took a file to where a run's artifacts lie. It does not where they lie in a store
        elsewhere, that only MLflow's own client writes to.
        """
        served = _SERVED.fullmatch(artifacts)
        if served is None or ".." in served[1]:
            return False
        path = f"api/2.0/mlflow-artifacts/artifacts/{quote(served[1])}/{quote(name, safe='')}"
        self._send("PUT", path, content, "application/octet-stream")
        return True

    def page_of(self, experiment: str, run: str) -> str:
        """Where people see a run."""
        return f"{self.address}/#/experiments/{experiment}/runs/{run}"

    def _ask(self, method: str, what: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        body = None if asked is None else json.dumps(asked, allow_nan=False).encode()
        content = self._send(method, f"api/2.0/mlflow/{what}", body, "application/json")
        try:
            answer = json.loads(content or b"{}")
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise UserError(f"{self.address}: answers, but not as a tracking server of MLflow", "Is the address right?")
        return answer

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        request = urllib.request.Request(
            f"{self.address}/{path}", data=body, method=method, headers={"Content-Type": kind, **_authorisation()}
        )
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=_PATIENCE_S) as response:
                content: bytes = response.read(_MOST_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise _RefusedError.of(self.address, error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            said = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
            raise UserError(f"{self.address}: cannot be reached: {printable(said)}", "Is the server there?") from None
        if len(content) > _MOST_ANSWER_BYTES:
            raise UserError(f"{self.address}: answers with more than {_MOST_ANSWER_BYTES:,} bytes", "Is it MLflow?")
        return content

    def _id(self, answer: Mapping[str, Any], name: str) -> str:
        found = str(answer.get(name, "") if isinstance(answer, dict) else "")
        if not _ID.fullmatch(found):
            raise UserError(f"{self.address}: gave no {name}", "Is it a tracking server of MLflow?")
        return found


class _RefusedError(UserError):
    """The server said no."""

    code = ""

    @classmethod
    def of(cls, address: str, error: urllib.error.HTTPError) -> _RefusedError:
        """With MLflow's own word for it, where it gave one."""
        try:
            said = json.loads(error.read(10_000))
            code, message = str(said["error_code"]), str(said.get("message", ""))
        except (OSError, ValueError, KeyError, TypeError, RecursionError, http.client.HTTPException):
            code, message = "", ""
        remedy = f"Set {USERNAME} and {PASSWORD}, or {TOKEN}." if error.code in {401, 403} else "Is the address right?"
        text = printable(" ".join(f"{code} {message}".split()))[:200]
        refused = cls(f"{address}: answered {error.code}{f': {text}' if text else ''}", remedy)
        refused.code = code
        return refused


def _authorisation() -> dict[str, str]:
    token, user = os.environ.get(TOKEN), os.environ.get(USERNAME)
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user:
        pair = f"{user}:{os.environ.get(PASSWORD, '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
    return {}


def _pairs(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _parts(values: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [values[begin : begin + _MOST_AT_ONCE] for begin in range(0, len(values), _MOST_AT_ONCE)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

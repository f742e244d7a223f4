"""The process that an installed metric computes in: its code is somebody else's, and may crash, hang or print.

    python -m harness.metric_child NAME VALUE

On stdin, each behind its length in 8 bytes, pickles: settings to open the metric with, then `("reference", key,
sample)` and `("output", key, sample)`. On what was stdout, a line of JSON for each: `{"said": …}`, `{"value": …}`,
`{"odd": …}` for what is no number, `{"fault": kind, "text": …}`, and `{"unknown": true}` for a reference that was let
go of.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections import OrderedDict
from importlib import metadata
from typing import Any, BinaryIO, Final

GROUP: Final = "bakeoff.metrics"
MOST_KEPT: Final = 8
"""References that are held prepared: a few items are scored at once."""
LENGTH_BYTES: Final = 8


def main(name: str, value: str) -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the metric prints is no answer
    given = sys.stdin.buffer
    metric: Any = None
    prepared: OrderedDict[str, Any] = OrderedDict()
    while (message := _read(given)) is not None:
        try:
            if metric is None:
                (entry,) = (one for one in metadata.entry_points(group=GROUP) if (one.name, one.value) == (name, value))
                metric = entry.load().open(message)
                answer = {"said": str(metric.describe())}
            else:
                answer = _asked(metric, prepared, *message)
        except SystemExit:
            answer = {"fault": "failed", "text": "ends the program"}
        except Exception as error:
            answer = _fault(error)
        answers.write(json.dumps(answer).encode() + b"\n")


def _asked(metric: Any, prepared: OrderedDict[str, Any], what: str, key: str, sample: Any) -> dict[str, Any]:
    if what == "reference":
        prepared[key] = metric.prepare(sample)
        while len(prepared) > MOST_KEPT:
            prepared.popitem(last=False)
        return {"said": ""}
    if key not in prepared:
        return {"unknown": True}
    prepared.move_to_end(key)
    made = prepared[key].score(sample)
    if type(made).__module__ == "numpy" and getattr(made, "shape", None) == ():
        made = made.item()
    if isinstance(made, float | int) and not isinstance(made, bool):
        return {"value": float(made)}
    return {"odd": repr(made)[:1000]}


def _fault(error: Exception) -> dict[str, Any]:
    from metrics.errors import MetricInputError, MetricUnavailableError

    if isinstance(error, MetricInputError):
        return {"fault": "input", "text": str(error)}
    if isinstance(error, MetricUnavailableError):
        return {"fault": "unavailable", "text": str(error)}
    return {"fault": "failed", "text": f"{type(error).__name__}: {error}"}


def _read(file: BinaryIO) -> Any:
    head = file.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    return pickle.loads(file.read(int.from_bytes(head, "big")))  # from the process that started this one


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

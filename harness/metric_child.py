"""The process that an installed metric computes in: its code is somebody else's, and may crash, hang or print.

    python -m harness.metric_child NAME VALUE
    python -m harness.metric_child

On stdin, each behind its length in 8 bytes, pickles: settings to open the metric with, then `("reference", key,
sample)` and `("output", key, sample)`. On what was stdout, a line of JSON for each: `{"said": …}`, `{"value": …}`,
`{"odd": …}` for what is no number, `{"fault": kind, "text": …}`, and `{"unknown": true}` for a reference that was let
go of. Without arguments the pickles are names and values of entry points, and the answers `{"facts": …}`, what each
says of its score, or a fault.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections import OrderedDict
from dataclasses import asdict
from importlib import metadata
from typing import Any, BinaryIO, Final

GROUP: Final = "bakeoff.metrics"
MOST_KEPT: Final = 8
"""References that are held prepared: a few items are scored at once."""
LENGTH_BYTES: Final = 8


def main(*asked_of: str) -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the metric prints is no answer
    given = sys.stdin.buffer
    metric: Any = None
    answer: dict[str, Any]
    prepared: OrderedDict[str, Any] = OrderedDict()
    while (message := _read(given)) is not None:
        try:
            if not asked_of:
                answer = {"facts": _facts(*message)}
            elif metric is None:
                metric = _entry(*asked_of).load().open(message)
                answer = {"said": str(metric.describe())}
            else:
                answer = _asked(metric, prepared, *message)
        except SystemExit:
            answer = {"fault": "failed", "text": f"ends the program{'' if asked_of else ' when it is loaded'}"}
        except Exception as error:
            answer = _fault(error)
        answers.write(json.dumps(answer).encode() + b"\n")


def _entry(name: str, value: str) -> metadata.EntryPoint:
    (entry,) = (one for one in metadata.entry_points(group=GROUP) if (one.name, one.value) == (name, value))
    return entry


def _facts(name: str, value: str) -> dict[str, Any]:
    from metrics.metric import ItemMetric

    made = _entry(name, value).load()
    if not isinstance(made, ItemMetric):
        msg = f"{value} is {type(made).__name__}, not a metrics.metric.ItemMetric"
        raise TypeError(msg)
    facts = asdict(made.facts)
    json.dumps(facts)  # what has no place in a message is this entry's fault
    return facts


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
    main(*sys.argv[1:])

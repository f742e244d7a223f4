"""The experiment of a calibration: one model against itself, on one item, for about so many minutes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError
from harness.experiment.launches import PAIRS_A_LAUNCH
from harness.tasks.names import DEFAULT_TASK
from harness.tasks.registry import TASKS

if TYPE_CHECKING:
    from harness.experiment.file import ExperimentFile

BLOCK_MS: Final = 250.0
"""The length is that of experiments that say nothing, so that what is found holds for them."""
_SETTLE_MS: Final = 20.0
_REFERENCE_MS: Final = 5.0
_AROUND_BLOCK_MS: Final = 20.0
"""Lead-in, looks at the machine and words between processes, roughly."""
_LAUNCH_MS: Final = 1000.0
"""To start both builds anew and to warm them up, roughly."""
FEWEST_PAIRS: Final = 8
"""Fewer show neither a spread nor a drift."""
_MOST_PAIRS: Final = 10_000
_FEWEST_LAUNCHES: Final = 3
_OWN_MODEL: Final = "bakeoff-convolution.onnx"


@dataclass(frozen=True)
class CalibrationModel:
    """Which model, in which runtime. Without a file: a small convolution of bakeoff's own."""

    path: Path | None = None
    runtime: str | None = None
    """Its name is that of experiment.toml; None: the first that opens models of its format."""
    scale: int | None = None
    """How many times larger its outputs are than its inputs; None: what its file says."""


def write_calibration(folder: Path, model: CalibrationModel, minutes: float) -> ExperimentFile:
    """Model, item and experiment.toml in a folder. Raises `UserError` for a model that cannot be used."""
    from devices.runtimes.registry import runtime_for
    from harness.experiment.file import read_experiment
    from harness.models.model_file import read_model

    made_up = TASKS[DEFAULT_TASK].made_up
    if made_up is None:
        raise UserError("a device cannot be calibrated with the default task, which makes up no item")
    path = model.path.absolute() if model.path is not None else made_up.write_model(folder / _OWN_MODEL)
    opened = read_model(path)
    data = made_up.write_item(folder, opened, model.scale)
    runtime = model.runtime or runtime_for(opened.format).name
    experiment = folder / "experiment.toml"
    experiment.write_text(_toml(path, runtime, data, minutes), encoding="utf-8")
    return read_experiment(experiment)


def pairs_in(minutes: float) -> int:
    """How many pairs of blocks fit into so many minutes, roughly."""
    pair_s = (2 * (BLOCK_MS + _SETTLE_MS + _REFERENCE_MS + _AROUND_BLOCK_MS) + _LAUNCH_MS / PAIRS_A_LAUNCH) / 1e3
    return min(max(FEWEST_PAIRS, round(60.0 * minutes / pair_s)), _MOST_PAIRS)


def launches_in(pairs: int) -> int:
    """As many launches as an experiment has that says nothing, with pairs enough in each to tell them apart."""
    return max(_FEWEST_LAUNCHES, pairs // PAIRS_A_LAUNCH)


def _toml(model: Path, runtime: str, data: str, minutes: float) -> str:
    arms = "".join(
        f"[[arms]]\nname = {_quoted(name)}\nrole = {_quoted(role)}\nmodel = {_quoted(os.fspath(model))}\n"
        f"runtime = {_quoted(runtime)}\n"
        for name, role in (("one", "baseline"), ("the same", "candidate"))
    )
    wait_s = min(30.0, 15.0 * minutes)
    return (
        'name = "calibration"\nquestion = "By how much do two equal builds differ here?"\n'
        f"{data}{arms}"
        f'[measure]\ndesign = "fixed"\npairs = {pairs_in(minutes)}\n'
        f"launches = {launches_in(pairs_in(minutes))}\nblock_ms = {BLOCK_MS}\nsettle_ms = {_SETTLE_MS}\n"
        f"reference_ms = {_REFERENCE_MS}\nmemory_repeats = 0\nmetrics = []\nseed = 1\n"
        # A model or a device that is slower than reckoned ends at a bound instead of at its last pair.
        f"max_minutes = {2.0 * minutes + 2.0}\n"
        f"[measure.gates]\nmax_wait_s = {min(5.0, wait_s)}\nmax_wait_total_s = {wait_s}\n"
        '[[rules]]\nquantity = "latency_p50"\nno_worse_than = "5 %"\n'
    )


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

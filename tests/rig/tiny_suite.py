"""A suite of tiny experiments: a night of it takes seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rig.tiny_experiment import TinyExperiment

QUICK: dict[str, Any] = {"pairs": 2, "launches": 1, "block_ms": 2.0, "memory_repeats": 0, "metrics": ["psnr_y"]}
"""What a night's experiment measures: two pairs of short blocks, and four scores."""


@dataclass
class TinySuite:
    """Files of a suite in a folder; change the attributes, then `write`."""

    folder: Path
    experiments: list[str] = field(default_factory=lambda: ["first"])
    devices: list[str] = field(default_factory=lambda: ["local"])
    settings: dict[str, Any] = field(default_factory=lambda: {"budget_minutes": 60, "retry_wait_s": 0.1, "retries": 1})
    measure: dict[str, Any] = field(default_factory=dict)
    rules: list[dict[str, str]] = field(
        default_factory=lambda: [
            {"quantity": "psnr_y", "no_worse_than": "40 dB"},
            {"quantity": "latency_p50", "no_worse_than": "900 %"},
        ]
    )
    """Rules that the blurring candidate meets."""
    of_experiments: dict[str, list[str]] = field(default_factory=dict)
    """More lines of an experiment's table, by its name."""
    tables: list[str] = field(default_factory=list)
    """More lines at the end."""
    name: str = "tiny suite"

    def experiment(self, name: str) -> TinyExperiment:
        """One of its experiments, not written yet."""
        tiny = TinyExperiment(self.folder / name, name=name, rules=self.rules)
        tiny.measure |= {**QUICK, **self.measure}
        return tiny

    def write(self) -> Path:
        """Everything on disk; returns the path of suite.toml."""
        for name in self.experiments:
            self.experiment(name).write()
        lines = [f"name = {json.dumps(self.name)}", f"devices = {json.dumps(self.devices)}"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.settings.items()]
        for name in self.experiments:
            lines += ["[[experiments]]", f"name = {json.dumps(name)}", f'file = "{name}/experiment.toml"']
            lines += self.of_experiments.get(name, [])
        path = self.folder / "suite.toml"
        path.write_text("\n".join([*lines, *self.tables]) + "\n", encoding="utf-8")
        return path

"""Runs PyTorch models operator by operator for `harness.parity.torch_program`, in a process of its own.

    python -P torch_child.py FOLDER        one JSON request a line on stdin, one answer a line on stdout

It uses numpy and torch, and of the project `torch_archive`, `torch_script` and `torch_node`. Nothing is unpickled by
Python, and `torch.export.load` is not used: it unpickles what a file holds, and evaluates texts of it. Arrays go
through the files in.npy and out.npy, one behind the other.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

_SLACK = 8 << 30
"""Bytes of addresses that libraries reserve and never touch."""


class Model:
    """A list of operators that are evaluated one by one."""

    def __init__(self, read: Any) -> None:
        self.nodes = read.nodes
        self.inputs, self.outputs = read.inputs, read.outputs
        self.constants = read.constants
        self.shapes = read.shapes

    def described(self) -> dict[str, Any]:
        """What `torch_program` makes its graph of."""
        import torch

        known = {name: list(each.shape) for name, each in self.constants.items() if isinstance(each, torch.Tensor)}
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "infos": self.shapes,
            "constants": {name: known.get(name, []) for name in self.constants},
            "halves": any(
                isinstance(each, torch.Tensor) and each.dtype in {torch.float16, torch.bfloat16}
                for each in self.constants.values()
            ),
            "ops": [
                {"kind": node.kind, "name": node.name, "source": node.source, "inputs": node.reads,
                 "outputs": node.outputs}
                for node in self.nodes
            ],
        }  # fmt: skip

    def run(self, places: list[int] | None, given: dict[str, Any], fetch: list[str]) -> dict[str, Any]:
        """Values by name → those in `fetch`, by the operators at these places; None for all."""
        import torch

        wanted, kept = set(fetch), {name: given[name] for name in fetch if name in given}
        values = {**self.constants, **given}
        with torch.inference_mode():
            for place in range(len(self.nodes)) if places is None else places:
                node = self.nodes[place]
                made = node.evaluate(values)
                for name, value in zip(node.outputs, made, strict=True):
                    # A given target is made here from its inputs, and goes on into nothing.
                    values[name] = value
                    if name in wanted:
                        kept[name] = value.clone() if isinstance(value, torch.Tensor) else value
        kept.update({name: values[name] for name in fetch if name not in kept and name in values})
        return kept


def _open(path: str) -> Model:
    import torch

    sys.path.insert(0, str(Path(__file__).parents[2]))
    from harness.parity import torch_archive, torch_script

    # Several threads wait for each other in a loop, which on a busy machine takes all of its time.
    torch.set_num_threads(1)
    kind = torch_archive.kind_of(path)
    return Model(torch_archive.read(path) if kind == "export" else torch_script.read(path))


def _array(value: Any) -> Any:
    import torch

    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or value.is_quantized:
        return None
    if value.dtype in {torch.bfloat16, torch.float64}:
        value = value.float()
    array = value.detach().contiguous().numpy()
    return array if array.dtype.kind in "fiub" else None


def _answer(request: dict[str, Any], opened: dict[str, Model], folder: Path) -> dict[str, Any]:
    import torch

    key = request["key"]
    if request["do"] == "close":
        opened.pop(key, None)
        return {}
    if request["do"] == "open":
        opened[key] = _open(request["path"])
        return opened[key].described()
    model = opened[key]
    if request["do"] == "constant":
        made: dict[str, Any] = {request["name"]: model.constants.get(request["name"])}
    else:
        with (folder / "in.npy").open("rb") as file:
            given = {name: torch.from_numpy(np.load(file, allow_pickle=False)) for name in request["feeds"]}
        made = model.run(request["ops"], given, request["fetch"])
    answered = []
    with (folder / "out.npy").open("wb") as file:
        for name, value in made.items():
            array = _array(value)
            if array is not None:
                np.save(file, array, allow_pickle=False)
                answered.append(name)
    return {"made": answered}


def _main(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") + _SLACK
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    opened: dict[str, Model] = {}
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line), opened, folder)
        except ModuleNotFoundError as error:
            wanted = "this Python has no PyTorch: pip install 'bakeoff[torch]'"
            answer = {"failed": wanted if error.name == "torch" else str(error)}
        except Exception as error:
            said = [each for each in str(error).strip().splitlines() if each.strip()] or [type(error).__name__]
            answer = {"failed": said[0][:400]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

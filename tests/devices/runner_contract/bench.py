"""A folder that looks like a device's to a runner: models, items, a plan, and the means to start, watch and kill."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from devices.python_runner.bundle import bundle
from harness.documents.plan import (
    CommandProbe,
    EnergyOptions,
    EnergyStep,
    FileProbe,
    GateCondition,
    Gates,
    LatencyOptions,
    LatencyPairStep,
    MemoryStep,
    PageStep,
    Plan,
    PlanArm,
    PlanItem,
    QualityStep,
    SoakStep,
    WarmUpStep,
)
from harness.documents.records import ArmLoaded, GateWaiting, Record, parse_record
from tests.devices.runner_contract.native import library_of, native_runner, sanitized_runner

RUNNERS: dict[str, Callable[[], list[str]]] = {
    "python": lambda: [sys.executable, str(bundle())],
    "native": lambda: [str(native_runner())],
    "native with sanitizers": lambda: [str(sanitized_runner())],
}
"""Every runner that keeps the contract: a function that gives the argv before `plan.json records.jsonl`."""

T = TypeVar("T")
WAIT_S = 240.0
HOUR_NS = 3_600_000_000_000
# 0 where the block may begin, 1 where it is held.
HOLD = 'read -r looks <"$1"; echo $((looks + 1)) >"$1"; [ "$looks" -lt "$2" ] || [ -e "$3" ]; echo $?'


class Bench:
    """One plan in a folder of its own, and one runner's command."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder = folder
        self.command = list(command)
        self.is_native = not self.command[-1].endswith(".zip")
        self.default_worker = [] if self.is_native else [sys.executable]
        self.plan_path = folder / "plan.json"
        self.records_path = folder / "records.jsonl"
        self.stop_path = folder / "stop"
        self.go_path = folder / "go"
        self.log_path = folder / "runner.log"
        self.arms: list[PlanArm] = []
        self.items: dict[str, dict[str, list[str]]] = {}
        self.steps: list[Any] = []
        self.probes: list[FileProbe | CommandProbe] = []
        self.gates: dict[Any, Gates] = {}
        self.energy_options = EnergyOptions()
        self.memory_probes: list[str] = []
        self.soak_probes: list[str] = []

    # Making a plan

    def add_arm(
        self, model: Path, runtime: str = "onnxruntime", *, worker: Sequence[str] | None = None, **fields: Any
    ) -> str:
        arm = PlanArm(
            id=f"a{len(self.arms)}",
            model=str(model),
            model_sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
            format="tflite" if model.suffix == ".tflite" else "onnx",
            runtime=runtime,
            runtime_version=fields.pop("runtime_version", None) or version(runtime),
            worker=list(worker if worker is not None else self.default_worker),
            library=fields.pop("library", None) or (library_of(runtime) if self.is_native else None),
            threads=fields.pop("threads", 1),
            **fields,
        )
        self.arms.append(arm)
        return arm.id

    def add_item(self, *arrays: NDArray[Any], arms: Sequence[str] | None = None) -> str:
        """The same inputs for every arm."""
        item = f"i{len(self.items)}"
        paths = []
        for k, array in enumerate(arrays):
            path = self.folder / f"{item}.input{k}.npy"
            np.save(path, array)
            paths.append(str(path))
        self.items[item] = dict.fromkeys(arms or [arm.id for arm in self.arms], paths)
        return item

    def add_item_per_arm(self, arrays: dict[str, NDArray[Any]]) -> str:
        item = f"i{len(self.items)}"
        self.items[item] = {}
        for arm, array in arrays.items():
            path = self.folder / f"{item}.{arm}.npy"
            np.save(path, array)
            self.items[item][arm] = [str(path)]
        return item

    def quality(self, arm: str, item: str) -> None:
        self.steps.append(QualityStep(step=len(self.steps), arm=arm, item=item))

    def memory(self, arm: str, item: str, *, repeat: int = 0, inferences: int = 3) -> None:
        self.steps.append(MemoryStep(step=len(self.steps), arm=arm, item=item, repeat=repeat, inferences=inferences))

    def warm_up(self, arms: list[str], item: str, *, fresh: bool = False) -> None:
        self.steps.append(WarmUpStep(step=len(self.steps), arms=arms, item=item, fresh=fresh))

    def pair(self, pair: int, order: list[str], item: str, *, launch: int | None = None) -> None:
        self.steps.append(LatencyPairStep(step=len(self.steps), pair=pair, order=order, item=item, launch=launch))

    def energy_cycle(self, cycle: int, order: Sequence[str | None], item: str, *, duration_ms: float = 50) -> None:
        for position, arm in enumerate(order):
            self.steps.append(
                EnergyStep(
                    step=len(self.steps),
                    cycle=cycle,
                    position=position,
                    arm=arm,
                    item=item,
                    duration_ns=int(duration_ms * 1e6),
                )
            )

    def page(self, arm: str, item: str, *, duration_ms: float, repeat: int = 0) -> None:
        duration_ns = int(duration_ms * 1e6)
        self.steps.append(PageStep(step=len(self.steps), arm=arm, item=item, repeat=repeat, duration_ns=duration_ns))

    def soak(self, arm: str, item: str, *, duration_ms: float, window_ms: float = 50) -> None:
        duration_ns, window_ns = int(duration_ms * 1e6), int(window_ms * 1e6)
        self.steps.append(
            SoakStep(step=len(self.steps), arm=arm, item=item, duration_ns=duration_ns, window_ns=window_ns)
        )

    def file_probe(self, name: str, text: str | bytes, **fields: Any) -> Path:
        """A probe of a file that holds `text`; its path."""
        path = self.folder / f"{name}.probe"
        replace(path, text)
        self.probes.append(FileProbe(id=name, path=str(path), **fields))
        return path

    def command_probe(self, name: str, *argv: str, timeout_ns: int = 60_000_000_000, **fields: Any) -> None:
        self.probes.append(CommandProbe(id=name, argv=list(argv), timeout_ns=timeout_ns, **fields))

    def gate(self, of_pass: str, *conditions: GateCondition, **fields: Any) -> None:
        self.gates[of_pass] = Gates(conditions=list(conditions), **fields)

    def hold(self, of_pass: str, *, before_block: int) -> None:
        """Has the runner wait before one block of a pass, counted from 0, until `let_go`: however late a test is, it
        finds the runner there.
        """
        looks = self.folder / "looks"
        looks.write_text("0\n")
        self.command_probe("hold", "sh", "-c", HOLD, "sh", str(looks), str(before_block), str(self.go_path))
        held = GateCondition(id="hold", probe="hold", at_most=0)
        self.gate(of_pass, held, poll_ns=20_000_000, max_wait_ns=HOUR_NS, budget_ns=HOUR_NS)

    def write_plan(self, *, step_timeout_s: float = 240.0, **latency: Any) -> Plan:
        options: dict[str, Any] = {
            "block_target_ns": 4_000_000,
            "block_min_inferences": 5,
            "block_max_inferences": 40,
            "lead_in_inferences": 2,
            "settle_ns": 1_000_000,
            "warm_up_min_blocks": 3,
            "warm_up_max_blocks": 4,
            "warm_up_tolerance": 0.5,
            "max_ns": 600_000_000_000,
            **latency,
        }
        plan = Plan(
            run_id="contract",
            seed=1,
            arms=self.arms,
            items=[PlanItem(id=item, inputs=inputs) for item, inputs in self.items.items()],
            steps=self.steps,
            latency=LatencyOptions(**options),
            energy=self.energy_options,
            probes=self.probes,
            gates=self.gates,
            memory_probes=self.memory_probes,
            soak_probes=self.soak_probes,
            step_timeout_ns=int(step_timeout_s * 1e9),
        )
        self.plan_path.write_text(plan.model_dump_json(), encoding="utf-8")
        return plan

    # Running it

    @property
    def argv(self) -> list[str]:
        return [*self.command, str(self.plan_path), str(self.records_path)]

    def run(self, expected_exit_code: int = 0) -> list[Record]:
        """Runs to the end."""
        process = self.start()
        assert process.wait(WAIT_S) == expected_exit_code, self.log_path.read_text(errors="replace")
        return self.records()

    def start(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
            )

    def records(self) -> list[Record]:
        """Every whole line, validated; asserts that they are numbered without gaps."""
        if not self.records_path.exists():
            return []
        lines = self.records_path.read_bytes().split(b"\n")[:-1]
        records = [parse_record(line) for line in lines]
        assert [record.n for record in records] == list(range(len(records)))
        return records

    def wait_for(self, wanted: Callable[[list[Record]], bool]) -> list[Record]:
        """Until the records satisfy; a runner that ends before that is a failed test."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            records = self.records()
            if wanted(records):
                return records
            time.sleep(0.005)
        raise AssertionError(f"not within {WAIT_S} s; log:\n{self.log_path.read_text(errors='replace')}")

    def wait_until_held(self) -> list[Record]:
        return self.wait_for(lambda records: bool(of_kind(records, GateWaiting)))

    def let_go(self) -> None:
        self.go_path.touch()

    def worker_pids(self) -> set[int]:
        return {record.pid for record in self.records() if isinstance(record, ArmLoaded)}

    def assert_no_worker_left(self) -> None:
        deadline = time.monotonic() + 90
        while left := {pid for pid in self.worker_pids() if is_alive(pid)}:
            assert time.monotonic() < deadline, f"workers {left} outlived their runner"
            time.sleep(0.01)


def replace(path: Path, text: str | bytes) -> None:
    """Gives a file other content at once: whoever reads it sees the old or the new, never a half."""
    new = path.with_suffix(".new")
    new.write_bytes(text.encode() if isinstance(text, str) else text)
    new.replace(path)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill_at_once(process: subprocess.Popen[bytes]) -> None:
    """As a power-hungry kernel would: only the conductor, and no warning. A worker that it was just starting may hold
    its lock for a moment longer, until it is a program of its own.
    """
    os.kill(process.pid, signal.SIGKILL)
    process.wait(120)
    assert isinstance(process.args, list)
    with Path(str(process.args[-1])).with_name("runner.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def of_kind(records: Sequence[Record], kind: type[T]) -> list[T]:
    """The records of one kind, in order."""
    return [record for record in records if isinstance(record, kind)]

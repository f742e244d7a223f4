"""A hundred thousand damaged inputs, under sanitizers: each is taken or refused in words, and none ends the runner."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from devices.build.native_build import sources
from harness.documents.plan import EnergyOptions, GateCondition
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench
from tests.devices.runner_contract.conftest import add_all_passes
from tests.devices.runner_contract.native import compile_sanitized

SEED = 20240601
CORPUS = ("plan", "npy", "record", "gate", "http", "socket")
COUNTS = {"plan": 31_000, "npy": 24_000, "record": 24_000, "gate": 21_000, "http": 40_000, "socket": 40_000}

RECORDS = [
    b'{"record":"latency_block","n":3,"session":1,"monotonic_ns":5,"step":1,"pair":0,"arm":"a0","latency_ns":[1,2]}',
    b'{"record":"warm_up_done","n":4,"session":0,"monotonic_ns":9,"step":0,"settled":{"a0":true},"block_inferences":7}',
    b'{"record":"arm_failed","n":1,"session":0,"monotonic_ns":2,"arm":"a0","step":1,"error":"x","message":"\\ud83d\\ude00"}',
    b'{"record":"step_skipped","n":2,"session":0,"monotonic_ns":2,"step":1,"reason":"a b"}',
    b'{"record":"soak_window","n":5,"session":0,"monotonic_ns":8,"step":3,"arm":"a0","index":0,"started_ns":1,"ended_ns":8}',
    b'{"record":"energy_block","n":6,"session":0,"monotonic_ns":8,"step":2,"arm":null,"readings":[{"probe":"p","text":"\\u0000"}]}',
    b'{"record":"pass_stopped","n":7,"session":0,"monotonic_ns":9,"step":2,"of_pass":"energy"}',
    b'{"record":"warm_up_done","n":4,"session":0,"monotonic_ns":9,"step":0,"block_inferences":7,"reference_bytes":65536}',
]

PROBE_TEXTS = [
    b"  status: \t Charging now\n  level: 87\n  temperature: -312e-1\n",
    b"level:41500\n",
    b"caf\xe9 \x00 21\xff",
]


TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP-"
REQUESTS = [
    f"GET /{TOKEN}/engine/@litertjs/core/wasm/a_b.wasm?x HTTP/1.1\r\nHost: a0.localhost:4711\r\nAccept: */*\r\n\r\n",
    f"PUT /{TOKEN}/output/0 HTTP/1.1\r\nHost: a0.localhost:4711\r\nOrigin: http://a0.localhost:4711\r\n"
    "Content-Length: 9\r\n\r\n",
    f"GET /{TOKEN}/socket HTTP/1.1\r\nHost: 127.0.0.1:4711\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:4711\r\n\r\n",
]


def frame(content: bytes, *, kind: int = 1, is_last: bool = True) -> bytes:
    """As a page sends it."""
    size = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
    mask = b"\x11\x22\x33\x44"
    masked = bytes(byte ^ mask[k % 4] for k, byte in enumerate(content))
    return bytes([(0x80 if is_last else 0) | kind]) + size + mask + masked


FRAMES = [
    frame(b'{"id": 1}') + frame(b'{"id": 2}'),
    frame(b'{"id"', is_last=False) + frame(b"ping", kind=9) + frame(b": 1}", kind=0),
    frame(b'"' + b"x" * 200 + b'"') + frame(b"", kind=8),
]


def good_inputs(kind: str, folder: Path) -> list[bytes]:
    if kind == "record":
        return RECORDS
    if kind == "npy":
        contents = []
        for array in (np.zeros((1, 3, 4, 4), np.float32), np.arange(5, dtype=np.int64), np.uint8(3)):
            file = io.BytesIO()
            np.save(file, array)
            contents.append(file.getvalue())
        return contents
    if kind == "gate":
        return PROBE_TEXTS
    if kind == "http":
        return [request.encode() for request in REQUESTS]
    if kind == "socket":
        return FRAMES
    bench = Bench(folder, RUNNERS["native"]())
    for seed in (0, 1):
        bench.add_arm(models.conv_onnx(folder / f"conv{seed}.onnx", seed=seed), library="/lib/x.so")
    for size in (8, 16):
        bench.add_item(np.zeros((1, 1, size, size), np.float32))
    add_all_passes(bench, pairs=3)
    bench.energy_cycle(0, ["a0", None, "a1"], "i0")
    bench.soak("a0", "i0", duration_ms=100)
    bench.file_probe("level", "1", max_bytes=100)
    bench.command_probe("pid", "echo", "{pid}")
    bench.energy_options = EnergyOptions(boundary_probes=["level"], sampled_probes=["pid"], lead_in_ns=1_000_000)
    bench.memory_probes, bench.soak_probes = ["level", "pid"], ["pid"]
    conditions = [
        GateCondition(id="low", probe="level", after="level:", at_least=5, max_wait_ns=3),
        GateCondition(id="word", probe="pid", none_of=["0", "1"]),
        GateCondition(id="same", probe="pid", same_as_first=True),
    ]
    for of_pass in ("latency", "memory", "energy"):
        bench.gate(of_pass, *conditions, others_busy_cores_at_most=0.5, max_wait_ns=1, budget_ns=10)
    bench.write_plan(reference_target_ns=1_000_000)
    return [bench.plan_path.read_bytes()]


@pytest.mark.parametrize("kind", CORPUS)
def test_mutated_inputs_are_taken_or_refused_and_never_crash(kind: str, tmp_path: Path) -> None:
    files = [str(path) for path in sources() if path.name != "main.c"]
    fuzzer = compile_sanitized("fuzz", [str(Path(__file__).parent / "native_fuzz.c"), *files])
    good = good_inputs(kind, tmp_path)
    taken = refused = 0
    for k, content in enumerate(good):
        path = tmp_path / f"good{k}"
        path.write_bytes(content)
        argv = [str(fuzzer), kind, str(COUNTS[kind] // len(good)), str(SEED + k), str(path)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        matched = re.fullmatch(r"(\d+) taken, (\d+) refused\n", done.stdout)
        assert matched is not None
        taken, refused = taken + int(matched[1]), refused + int(matched[2])

    assert taken + refused == COUNTS[kind] // len(good) * len(good)
    assert taken > COUNTS[kind] // 100, "some changes must leave an input good, or only the first bytes are tested"
    assert refused > COUNTS[kind] // 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"' + b"\\" * 99_999,
        b"-",
        b'{"schema":"bakeoff.plan/1","run_id":1e999}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["empty", "zeros", "brackets", "braces", "backslashes", "minus", "infinity", "byte-order mark"],
)
@pytest.mark.parametrize("runner", ["native", "native with sanitizers"])
def test_a_plan_that_is_none_ends_with_65(runner: str, content: bytes, tmp_path: Path) -> None:
    bench = Bench(tmp_path, RUNNERS[runner]())
    bench.plan_path.write_bytes(content)

    assert bench.start().wait(120) == 65
    assert str(bench.plan_path) in bench.log_path.read_text(errors="replace")
    assert not bench.records_path.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"block_max_inferences":40', b'"block_max_inferences":9000000000000000000'),
        (b'"block_min_inferences":5', b'"block_min_inferences":5.5'),
        (b'"settle_ns":1000000', b'"settle_ns":-1'),
        (b'"threads":1', b'"threads":0'),
        (b'"step":1,', b'"step":0,'),
        (b'"order":["a0","a1"]', b'"order":["a0","a0"]'),
        (b'"arms":["a0","a1"]', b'"arms":["a0","a7"]'),
        (b'"item":"i0"', b'"item":"i99999999999999999999"'),
        (b'"worker":[]', b'"worker":[7]'),
        (b'"duration_ns":50000000', b'"duration_ns":0'),
        (b'"window_ns":50000000', b'"window_ns":9223372036854775807'),
        (b'"reference_target_ns":1000000', b'"reference_target_ns":9000000000000000000'),
        (b'"lead_in_ns":1000000', b'"lead_in_ns":-1'),
        (b'"sample_every_ns":250000000', b'"sample_every_ns":0'),
        (b'"boundary_probes":["level"]', b'"boundary_probes":["levitation"]'),
        (b'"soak_probes":["pid"]', b'"soak_probes":[7]'),
        (b'"max_bytes":100', b'"max_bytes":100000000000'),
        (b'"argv":["echo","{pid}"]', b'"argv":[]'),
        (b'"timeout_ns":60000000000', b'"timeout_ns":0'),
        (b'"kind":"command"', b'"kind":"telepathy"'),
        (b'"id":"pid"', b'"id":"level"'),
        (b'"id":"level"', b'"id":"../level"'),
        (b'"at_least":5.0', b'"at_least":1e999'),
        (b'"same_as_first":true', b'"same_as_first":false'),
        (b'"none_of":["0","1"]', b'"none_of":[0]'),
        (b'"id":"word"', b'"id":"low"'),
        (b'"poll_ns":250000000', b'"poll_ns":0'),
        (b'"others_busy_cores_at_most":0.5', b'"others_busy_cores_at_most":"none"'),
        (b'"gates":{"latency"', b'"gates":{"quality"'),
    ],
)
def test_a_plan_with_a_value_out_of_bounds_is_refused(before: bytes, after: bytes, tmp_path: Path) -> None:
    (content,) = good_inputs("plan", tmp_path)
    assert before in content
    bench = Bench(tmp_path, RUNNERS["native"]())
    bench.plan_path.write_bytes(content.replace(before, after, 1))

    assert bench.start().wait(120) == 65
    assert not bench.records_path.exists()

"""How the native runner asks ONNX Runtime for providers that no machine here has: on a stub that notes all calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.documents.records import ArmFailed, ArmLoaded, Record
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, of_kind
from tests.devices.stub_onnxruntime import stub_onnxruntime

XNNPACK, QNN, NNAPI = "XnnpackExecutionProvider", "QNNExecutionProvider", "NnapiExecutionProvider"
HOSTILE = "/data/x y;$(reboot)\"'\\ü"


@pytest.fixture(params=["native", "native with sanitizers"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, RUNNERS[request.param]())


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What reached the stub, a line each."""
    path = tmp_path / "calls"
    monkeypatch.setenv("STUB_CALLS", str(path))
    return path


def run(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    accelerator: str,
    provider: str,
    options: dict[str, str] | None = None,
    *,
    version: str = "1.28.0",
    taken: int = 5,
    threads: int = 2,
) -> list[Record]:
    monkeypatch.setenv("STUB_PROVIDERS", f"{provider},CPUExecutionProvider")
    monkeypatch.setenv("STUB_VERSION", version)
    monkeypatch.setenv("STUB_TAKEN", str(taken))
    bench.add_arm(
        models.conv_onnx(bench.folder / "conv.onnx"),
        runtime_version=version,
        library=str(stub_onnxruntime()),
        accelerator=accelerator,
        accelerator_options=options or {},
        threads=threads,
    )
    bench.quality("a0", bench.add_item(np.zeros((1, 4), np.float32)))
    bench.write_plan()
    return bench.run()


def asked(calls: Path) -> list[str]:
    return [line for line in calls.read_text(encoding="utf-8").splitlines() if not line.startswith("api ")]


def loaded(records: list[Record]) -> ArmLoaded:
    (record,) = of_kind(records, ArmLoaded)
    return record


def failed(records: list[Record]) -> ArmFailed:
    (record,) = of_kind(records, ArmFailed)
    return record


def test_xnnpack_gets_the_arms_threads_and_those_of_the_session_do_not_spin(
    bench: Bench, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = loaded(run(bench, monkeypatch, "xnnpack", XNNPACK, taken=3))

    assert asked(calls) == [
        "config session.intra_op.allow_spinning=0",
        "append XNNPACK intra_op_num_threads=2",
        "config session.record_ep_graph_assignment_info=1",
    ]
    assert (record.delegated_nodes, record.total_nodes, record.wholly_delegated) == (3, 5, False)
    assert record.settings["providers_asked"] == f"{XNNPACK},CPUExecutionProvider"


def test_an_option_of_the_users_is_not_overruled(bench: Bench, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(bench, monkeypatch, "xnnpack", XNNPACK, {"intra_op_num_threads": "1"})

    assert "append XNNPACK intra_op_num_threads=1" in asked(calls)


def test_options_reach_a_provider_as_the_text_they_are(
    bench: Bench, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = loaded(run(bench, monkeypatch, "qnn", QNN, {"backend_path": HOSTILE, "htp_performance_mode": "burst"}))

    assert f"append QNN backend_path={HOSTILE} htp_performance_mode=burst" in asked(calls)
    assert record.settings["provider_options"] == f"backend_path={HOSTILE}, htp_performance_mode=burst"
    assert record.wholly_delegated is True


@pytest.mark.parametrize(
    ("options", "flags"),
    [({}, 0), ({"use_fp16": "1"}, 1), ({"cpu_only": "1", "use_nchw": "1", "cpu_disabled": "0"}, 10)],
)
def test_nnapi_is_asked_by_its_own_function_with_its_flags(
    bench: Bench, calls: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], flags: int
) -> None:
    loaded(run(bench, monkeypatch, "nnapi", NNAPI, options))

    assert f"nnapi {flags}" in asked(calls)


@pytest.mark.parametrize("options", [{"fp16": "1"}, {"use_fp16": "yes"}])
def test_what_is_no_flag_of_nnapi_fails_with_those_that_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    failure = failed(run(bench, monkeypatch, "nnapi", NNAPI, options))

    assert failure.stage == "load"
    assert "use_fp16, use_nchw, cpu_disabled, cpu_only, each 0 or 1" in failure.message


def test_a_provider_that_took_nothing_is_counted_as_that(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    record = loaded(run(bench, monkeypatch, "qnn", QNN, taken=0))

    assert (record.delegated_nodes, record.total_nodes, record.wholly_delegated) == (0, 5, False)


def test_a_library_that_does_not_say_what_was_taken_leaves_it_unknown(
    bench: Bench, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = loaded(run(bench, monkeypatch, "qnn", QNN, version="1.23.2"))

    assert "api 12" in calls.read_text().splitlines()
    assert (record.delegated_nodes, record.total_nodes, record.wholly_delegated) == (None, None, None)
    assert record.settings["nodes_taken"].startswith("unknown")


def test_a_library_too_old_to_be_asked_fails_by_its_version(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = failed(run(bench, monkeypatch, "xnnpack", XNNPACK, version="1.11.1"))

    assert failure.stage == "start"
    assert "1.11.1" in failure.message
    assert "1.12 or newer" in failure.message


def test_more_options_than_anyone_gives_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = failed(run(bench, monkeypatch, "qnn", QNN, {f"option{k}": "1" for k in range(65)}))

    assert "more than 64 options" in failure.message

"""Every fault at every stage of a whole run: it ends complete or names what is missing, and when that is mended it is
gone on with; nothing is doubled, nothing is lost, and nothing hangs.

A run has several phones, and each of them its own accident. Without --whole-matrix each fault happens at two stages, on
one phone or the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cli.main import EXIT_DONE, EXIT_INCOMPLETE
from harness.documents.folder import read_model
from harness.documents.state import DeviceState
from tests.rig import adb_server
from tests.rig.accident import FAULTS, STAGES, Accident, ProxiedPhone
from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import KINDS
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import device_folders
from tests.rig.run_watch import assert_whole
from tests.rig.tcp_proxy import TcpProxy

OURS, REAL = KINDS
PAIRS, BLOCK_MS = 10, 30.0
DEADLINE_S = 600.0
"""Of each of a test's two calls: one that hangs is ended and named, and a busy machine is waited for."""


class Cell(NamedTuple):
    """Of the matrix: what happens, when, to which phone."""

    fault: str
    stage: str
    kind: str


COVERING = {
    "links": [
        Cell("drop", "push", REAL),
        Cell("drop", "start", OURS),
        Cell("offline", "connect", OURS),
        Cell("offline", "follow", REAL),
        Cell("no shell v2", "start", REAL),
        Cell("no shell v2", "fetch", OURS),
    ],
    "refusals": [
        Cell("unauthorized", "push", OURS),
        Cell("unauthorized", "follow", REAL),
        Cell("full", "push", REAL),
        Cell("full", "follow", OURS),
    ],
    "stalls": [
        Cell("stall", "push", OURS),
        Cell("stall", "follow", OURS),
    ],
    "ends": [
        Cell("reboot", "start", OURS),
        Cell("reboot", "fetch", REAL),
        Cell("truncated", "connect", OURS),
        Cell("truncated", "fetch", OURS),
        Cell("server killed", "connect", OURS),
        Cell("server killed", "follow", OURS),
    ],
}
WHOLE = {
    f"{fault}, {kind}": [Cell(fault, stage, kind) for stage in STAGES]
    for kind in KINDS
    for fault, about in FAULTS.items()
    if kind == OURS or not about.only_our_adbd
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cells" in metafunc.fixturenames:
        runs = WHOLE if metafunc.config.getoption("--whole-matrix") else COVERING
        metafunc.parametrize("cells", runs.values(), ids=runs)


def test_without_an_option_every_fault_happens_twice_and_something_at_every_stage_three_times():
    cells = [cell for run in COVERING.values() for cell in run]
    assert len(cells) == len(set(cells))
    for fault in FAULTS:
        assert len({cell.stage for cell in cells if cell.fault == fault}) >= 2, fault
    for stage in STAGES:
        assert len({cell.fault for cell in cells if cell.stage == stage}) >= 3, stage


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[AdbServer]:
    """A server of the test's own, to be killed."""
    reason = adb_server.missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path / "adb") as server:
        yield server


def waits_for_its_accident(cell: Cell, number: int, server: AdbServer, stack: ExitStack) -> Accident:
    kind = KINDS[cell.kind]
    reason = kind.missing_parts("x86_64")
    if reason is not None:
        pytest.skip(reason)
    phone = stack.enter_context(kind.switched_on(serial=f"PHONE{number}"))
    proxy = TcpProxy(phone.target)
    stack.callback(proxy.close)
    desk = ProxiedPhone(phone, proxy, server)
    desk.connect()
    return Accident(desk, FAULTS[cell.fault], cell.stage)


@pytest.mark.timeout(2 * DEADLINE_S + 300)
def test_a_run_with_accidents_ends_complete_or_names_what_is_missing(cells, own_server, tiny, tmp_path):
    tiny.measure |= {"pairs": PAIRS, "block_ms": BLOCK_MS}
    folder = tmp_path / "run"
    with ExitStack() as stack:
        accidents = [waits_for_its_accident(cell, number, own_server, stack) for number, cell in enumerate(cells)]
        settings = [each.desk.phone.settings() for each in accidents]
        names = [word for each in accidents for word in ("-d", each.desk.name)]
        done = bakeoff("run", tiny.write(), *names, "--out", folder, timeout_s=DEADLINE_S, **own_server.variables)
        assert [cell for cell, each in zip(cells, accidents, strict=True) if not each.has_happened] == [], done.stderr
        devices = device_folders(folder)
        states = [read_model(folder / "devices" / device / "state.json", DeviceState) for device in devices]
        stay = [each.stays for each in accidents]
        for cell, state in zip(cells, states, strict=True):
            fault = FAULTS[cell.fault]
            assert (state.problem is not None) == (cell.stage in fault.stays_at), (cell, state, done.stderr)
            assert state.problem is None or re.search(fault.words, state.problem), (cell, state)
        assert done.exit_code == (EXIT_INCOMPLETE if any(stay) else EXIT_DONE), done.stderr
        for each in accidents:
            each.fault.mend(each.desk)
        if any(stay):
            done = bakeoff("run", "--resume", folder, timeout_s=DEADLINE_S, **own_server.variables)
            assert done.exit_code == EXIT_DONE, done.stderr
        for device in devices:
            assert_whole(folder, len(tiny.names), PAIRS, device)
        for each, before in zip(accidents, settings, strict=True):
            assert list(each.desk.phone.data_folder.glob("bakeoff/runs/*")) == []
            assert each.desk.phone.settings() == before

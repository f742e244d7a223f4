"""Phones for whole runs: every test over both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devices.build.native_build import TARGETS, build
from devices.errors import DeviceError
from tests.rig import adb_server
from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import DATA_BYTES, KINDS, PhoneKind
from tests.rig.phone import StandInPhone, namespaces, stand_in_bionic
from tests.rig.phone.phone import missing_parts
from tests.rig.run_on_a_phone import ConnectedPhone, plug_in

MakePhone = Callable[..., ConnectedPhone]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    """A server of the module's own: another's phones are not to be seen by it."""
    reason = adb_server.missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path_factory.mktemp("adb")) as server:
        yield server


@pytest.fixture
def stand_in(server: AdbServer) -> Iterator[StandInPhone]:
    """A phone of the test's own, with our adbd, whose state can be changed as the test likes."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        phone = stack.enter_context(StandInPhone(data_bytes=DATA_BYTES))
        stack.callback(server.adb, "disconnect", phone.address)
        phone.connect(server)
        yield phone


@pytest.fixture
def bionic_phone(server: AdbServer, tmp_path: Path) -> Iterator[StandInPhone]:
    """One that says it has bionic, and starts Android's own build of the runner."""
    parts = (missing_parts, namespaces.missing_parts, stand_in_bionic.missing_parts)
    reason = next(filter(None, (part() for part in parts)), None)
    if reason is not None:
        pytest.skip(reason)
    try:
        build(TARGETS["android-x86_64"])
    except DeviceError as error:
        pytest.skip(f"the runner for Android cannot be built here: {error}")
    phone = StandInPhone("BIONIC0001")
    stand_in_bionic.put_bionic(phone.folder / "root", tmp_path)
    with phone, ExitStack() as stack:
        stack.callback(server.adb, "disconnect", phone.address)
        phone.connect(server)
        yield phone


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> PhoneKind:
    """Each of the two stand-in phones."""
    chosen: PhoneKind = request.param
    reason = chosen.missing_parts("x86_64")
    if reason is not None:
        pytest.skip(reason)
    return chosen


@pytest.fixture
def new_phone(server: AdbServer, kind: PhoneKind) -> Iterator[MakePhone]:
    """Makes and connects phones of the test's own, to have accidents with."""
    with ExitStack() as stack:
        yield lambda **about: plug_in(kind, server, stack, **about)

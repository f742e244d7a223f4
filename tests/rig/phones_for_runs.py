"""Phones for whole runs: every test over both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.rig import adb_server
from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import DATA_BYTES, KINDS, PhoneKind
from tests.rig.phone import StandInPhone
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

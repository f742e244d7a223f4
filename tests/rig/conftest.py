"""A real adb server, and stand-in phones for it to talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.phone_on_a_desk import PhoneOnADesk


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    """A server that stays up."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path_factory.mktemp("adb")) as server:
        yield server


@pytest.fixture(scope="module")
def desk(adb_server: AdbServer) -> Iterator[PhoneOnADesk]:
    """A connected phone that the tests of a module share and leave as it is."""
    with StandInPhone("SHARED0001") as phone:
        phone.connect(adb_server)
        yield PhoneOnADesk(phone, adb_server)
        adb_server.adb("disconnect", phone.address)


@pytest.fixture
def own_phone(adb_server: AdbServer) -> Iterator[Callable[..., PhoneOnADesk]]:
    """Makes and connects phones of the test's own, to have accidents with."""
    with ExitStack() as stack:

        def make(*, connect: bool = True, **about: object) -> PhoneOnADesk:
            phone = stack.enter_context(StandInPhone(**about))  # type: ignore[arg-type]
            stack.callback(adb_server.adb, "disconnect", phone.address)
            if connect:
                phone.connect(adb_server)
            return PhoneOnADesk(phone, adb_server)

        yield make

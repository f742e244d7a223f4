"""Fixtures of the adb server and the stand-in phone with the real adbd."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.rig import real_phone
from tests.rig.adb_server import AdbServer
from tests.rig.adb_server import missing_parts as adb_missing
from tests.rig.real_phone import RealPhone


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    """A server of the tests' own, which is the one that `adb` of this process means from here on."""
    reason = adb_missing()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path_factory.mktemp("adb")) as server, server.meant_by_this_process():
        yield server


def _phone(server: AdbServer) -> Iterator[RealPhone]:
    reason = real_phone.missing_parts()
    if reason is not None:
        pytest.skip(reason)
    folder = real_phone.short_folder()
    phone = RealPhone(folder / "p")
    try:
        phone.start()
        phone.connect(server)
        yield phone
    finally:
        server.adb("disconnect", phone.address)
        phone.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def phone(adb_server: AdbServer) -> Iterator[RealPhone]:
    """A phone that stays up."""
    yield from _phone(adb_server)


@pytest.fixture
def own_phone(adb_server: AdbServer) -> Iterator[RealPhone]:
    """A phone of the test's own, to be unplugged and killed."""
    yield from _phone(adb_server)

"""Fixtures of the adb server and the stand-in phone with the real adbd."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.rig import real_phone
from tests.rig.adb_server import adb, own_adb_server
from tests.rig.adb_server import missing_parts as adb_missing
from tests.rig.real_phone import RealPhone


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server of the tests' own."""
    reason = adb_missing()
    if reason is not None:
        pytest.skip(reason)
    with own_adb_server(tmp_path_factory.mktemp("adb")):
        yield


def _phone() -> Iterator[RealPhone]:
    reason = real_phone.missing_parts()
    if reason is not None:
        pytest.skip(reason)
    folder = real_phone.short_folder()
    phone = RealPhone(folder / "p")
    try:
        phone.start()
        phone.connect()
        yield phone
    finally:
        adb("disconnect", phone.address)
        phone.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def phone(adb_server: None) -> Iterator[RealPhone]:
    """A phone that stays up."""
    yield from _phone()


@pytest.fixture
def own_phone(adb_server: None) -> Iterator[RealPhone]:
    """A phone of the test's own, to be unplugged and killed."""
    yield from _phone()

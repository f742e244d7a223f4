"""A phone that adb reaches by two addresses is one phone; two phones of one kind are two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.rig.adb_server import AdbServer
from tests.rig.command import bakeoff
from tests.rig.phone import StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.run_on_a_phone import device_folders
from tests.rig.run_watch import assert_whole, comparison
from tests.rig.tcp_proxy import TcpProxy


@pytest.fixture
def own_server(tmp_path) -> Iterator[AdbServer]:
    """One that knows the phones of this test alone, for `adb:*`."""
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with AdbServer(tmp_path / "adb") as server:
        yield server


@pytest.fixture
def both_ways(own_server: AdbServer) -> Iterator[tuple[str, str]]:
    """The two names of one phone."""
    with ExitStack() as stack:
        phone = stack.enter_context(StandInPhone("R5CT30ABCDE"))
        proxy = TcpProxy(phone.port)
        stack.callback(proxy.close)
        phone.connect(own_server)
        own_server.connect(proxy.address)
        own_server.wait_for_state(proxy.address, "device")
        yield f"adb:{phone.address}", f"adb:{proxy.address}"


def test_all_phones_are_measured_once_whatever_their_addresses(both_ways, own_server, tiny, tmp_path):
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", "adb:*", "--out", folder, **own_server.variables)
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"], device)
    assert "is the same phone as" in done.stderr
    assert "(serial R5CT30ABCDE); it is measured once" in done.stderr
    assert len(comparison(folder).devices) == 1


def test_the_address_that_is_named_is_the_one_that_is_kept(both_ways, own_server, tiny, tmp_path):
    second = max(both_ways)  # adb lists them in order
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", "adb:*", "-d", second, "--out", folder, **own_server.variables)
    assert done.exit_code == 0, done.stderr
    assert len(device_folders(folder)) == 1


def test_a_phone_that_is_named_twice_is_refused_by_both_names(both_ways, own_server, tiny, tmp_path):
    folder = tmp_path / "run"
    names = [word for name in both_ways for word in ("-d", name)]
    done = bakeoff("run", tiny.write(), *names, "--out", folder, **own_server.variables)
    assert done.exit_code == 2
    assert f"{both_ways[1]} is the same phone as {both_ways[0]} (serial R5CT30ABCDE)" in done.stderr
    assert "Name it once with -d" in done.stderr
    assert not folder.exists()


def test_two_phones_with_one_serial_are_two(own_server, tiny, tmp_path):
    """As cheap phones have: all of a batch say 0123456789ABCDEF."""
    folder = tmp_path / "run"
    tiny.measure["pairs"] = 2
    with StandInPhone("0123456789ABCDEF") as first, StandInPhone("0123456789ABCDEF") as second:
        for phone in (first, second):
            phone.connect(own_server)
        done = bakeoff("run", tiny.write(), "-d", "adb:*", "--out", folder, **own_server.variables)
    assert done.exit_code == 0, done.stderr
    assert "same phone" not in done.stderr
    assert len(device_folders(folder)) == 2

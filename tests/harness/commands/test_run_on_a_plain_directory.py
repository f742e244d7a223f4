"""A phone without namespaces, as any user can have one: a directory with its programs, reached by the real adb."""

from __future__ import annotations

import pytest

from tests.rig.command import bakeoff
from tests.rig.phone import StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.run_on_a_phone import device_folders, runners
from tests.rig.run_watch import assert_whole


def test_a_run_on_a_plain_directory_ends_whole_and_leaves_it_as_it_was(server, tiny, tmp_path):
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path / "run"
    with StandInPhone(confined=False) as phone:
        phone.connect(server)
        before = phone.settings()
        variables = {"BAKEOFF_ADB_WORKDIR": phone.path("/data/local/tmp/bakeoff"), **server.variables}
        done = bakeoff("run", tiny.write(), "-d", f"adb:{phone.address}", "--out", folder, **variables)
        assert done.exit_code == 0, done.stderr
        (device,) = device_folders(folder)
        assert_whole(folder, len(tiny.names), tiny.measure["pairs"], device)
        assert runners(folder, device) == {"native"}
        assert list(phone.data_folder.glob("bakeoff/runs/*")) == []
        assert phone.settings() == before
        server.adb("disconnect", phone.address)

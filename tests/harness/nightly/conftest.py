"""A night's folders of its own, and a tiny suite."""

import os

import pytest

from tests.rig.tiny_suite import TinySuite


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch, workdir):
    """No night of a test finds this user's history, locks or caches."""
    monkeypatch.setenv("BAKEOFF_HISTORY", f"sqlite:///{tmp_path}/history.db")
    monkeypatch.setenv("BAKEOFF_HISTORY_WAITING", str(tmp_path / "waiting"))
    monkeypatch.setenv("BAKEOFF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(workdir))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def suite(tmp_path):
    """A suite of one experiment on this machine, not written yet."""
    return TinySuite(tmp_path / "suite")

"""What a SPEC promises of the runners is so: an adapter in the python runner, and in the native one where it says."""

from __future__ import annotations

import json
import subprocess
from importlib import import_module

import pytest

from devices.python_runner.runtimes.registry import ADAPTERS
from devices.runtimes.registry import RUNTIMES
from tests.devices.runner_contract.native import native_runner


def test_the_python_runner_has_an_adapter_for_every_runtime_that_python_has() -> None:
    assert sorted(ADAPTERS) == sorted(spec.name for spec in RUNTIMES.values() if spec.python is not None)
    for module, name in ADAPTERS.values():
        assert callable(getattr(import_module(f"devices.python_runner.runtimes.{module}"), name))


def test_the_native_runner_drives_the_runtimes_that_have_a_library() -> None:
    runner = native_runner()
    ask = [str(runner), "--describe", "model", "--runtime", "nobody-has-it", "--library", "lib.so"]
    said = json.loads(subprocess.run(ask, check=False, capture_output=True, timeout=60).stdout)["message"]
    _, listed, names = said.partition("; it has ")
    assert listed, said
    assert set(names.split(", ")) == {spec.name for spec in RUNTIMES.values() if spec.native is not None}


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_lives_in_python_or_in_a_page(name: str) -> None:
    spec = RUNTIMES[name]
    assert (spec.python is None) != (spec.web is None)
    if spec.web is not None:
        assert set(spec.accelerators) == set(spec.web.scripts) == set(spec.web.files)
        assert set(spec.web.needs_static_shapes) <= set(spec.accelerators)
        packages = tuple(f"{package.name}/" for package in spec.web.packages)
        for file in (*spec.web.scripts.values(), *(file for files in spec.web.files.values() for file in files)):
            assert file.startswith(packages)
        for package in spec.web.packages:
            assert len(bytes.fromhex(package.pinned[spec.default_version])) == 32


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_pinned_wheel_fits_the_machine_that_it_is_for(name: str) -> None:
    native = RUNTIMES[name].native
    for pinned in native.pinned if native is not None else ():
        assert pinned.platform.endswith(f"_{pinned.machine}")
        assert len(bytes.fromhex(pinned.sha256)) == 32

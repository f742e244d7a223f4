"""Runtimes are made once on a device, proved, and reused; what cannot be had is explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.environments.interpreters import Interpreter, find_interpreters, find_python
from devices.environments.pip_diagnosis import PipTrouble, diagnose_pip
from devices.environments.provision import ProvisionedRuntime, _key, _usable, provision
from devices.errors import RuntimeNotAvailableError
from devices.posix.local import LocalDevice
from devices.runtimes.registry import RUNTIMES, resolve
from devices.runtimes.spec import PythonPackage, RuntimeSpec
from devices.ssh.device import SshDevice
from tests.rig.sshd import LoopbackSshd
from tests.rig.tiny_wheel import make_tiny_wheel

TINY = RuntimeSpec(
    name="tiny",
    python=PythonPackage(
        distribution="tinyruntime", import_name="tinyruntime", python_min=(3, 8), extra_requirements=()
    ),
    default_version="1.0",
    formats=("onnx",),
)

CACHE = Path(os.environ.get("BAKEOFF_TEST_CACHE") or "~/.cache/bakeoff-tests").expanduser()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is pip's whole world."""
    folder = tmp_path / "wheels"
    make_tiny_wheel(folder)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def one_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A device where hardly any Python can be found but this one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / f"python3.{sys.version_info.minor}").symlink_to(Path(sys.executable).resolve())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr("devices.environments.provision._MOST_TRIES", 1)
    return folder


@pytest.fixture
def device(tmp_path: Path) -> Iterator[LocalDevice]:
    with LocalDevice(str(tmp_path / "work dir")) as device:
        yield device


def environment(device: LocalDevice) -> Path:
    (found,) = [path for path in Path(device.workdir, "runtimes").iterdir() if path.is_dir()]
    return found


def test_a_runtime_is_made_once_also_over_a_half_made_one_and_reused_without_pip(
    device: LocalDevice, one_python: Path, wheels: Path
) -> None:
    half_made = Path(device.workdir, "runtimes", _key(device, TINY, "1.0"), "bin", "leftover")
    half_made.parent.mkdir(parents=True)
    half_made.touch()
    notes: list[str] = []
    made = provision(device, TINY, "1.0", notes.append)
    assert not half_made.exists()
    assert (made.version, made.reused, made.packages["tinyruntime"]) == ("1.0", False, "1.0")
    assert made.python == f"{device.workdir}/runtimes/{made.key}/bin/python"
    assert made.key.startswith("tiny-1.0-")
    assert any("installing tiny==1.0 for Python 3." in note for note in notes)
    done = device.run([made.python, "-c", "import tinyruntime, sys; print(sys.prefix)"], timeout_s=120)
    assert done.stdout.decode().strip() == str(environment(device))
    ready = json.loads((environment(device) / "ready.json").read_text())
    assert (ready["version"], ready["requirements"]) == ("1.0", ["tinyruntime==1.0"])

    for path in wheels.iterdir():
        path.unlink()
    again = provision(device, TINY, "1.0", pytest.fail)
    assert again.reused
    assert (again.python, again.packages, again.python_version) == (made.python, made.packages, made.python_version)


def test_an_environment_that_no_longer_works_is_made_anew(device: LocalDevice, one_python: Path, wheels: Path) -> None:
    made = provision(device, TINY, "1.0")
    Path(made.python).unlink()
    remade = provision(device, TINY, "1.0")
    assert not remade.reused
    assert device.run([remade.python, "-c", "import tinyruntime"], timeout_s=120).exit_code == 0


def test_two_at_once_make_one_environment(device: LocalDevice, one_python: Path, wheels: Path) -> None:
    device.connect()
    results: list[ProvisionedRuntime] = []
    threads = [threading.Thread(target=lambda: results.append(provision(device, TINY, "1.0"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert results[0].python == results[1].python
    assert results[0].packages == results[1].packages
    assert environment(device).joinpath("ready.json").exists()


def test_a_version_that_does_not_exist_is_told_with_those_that_do(
    device: LocalDevice, one_python: Path, wheels: Path
) -> None:
    make_tiny_wheel(wheels, version="1.1")
    with pytest.raises(RuntimeNotAvailableError) as caught:
        provision(device, TINY, "7.0")
    assert "no ready-made tiny==7.0" in caught.value.what
    assert "No matching distribution found for tinyruntime==7.0" in caught.value.what
    assert "1.0, 1.1 (Python 3." in caught.value.remedy
    assert [path for path in Path(device.workdir, "runtimes").iterdir() if path.is_dir()] == []


def test_an_older_python_is_tried_when_the_newest_has_no_wheel(
    device: LocalDevice, wheels: Path, tmp_path: Path
) -> None:
    found = [one for one in find_interpreters(device) if not {"venv", "ensurepip"} & set(one.lacks)]
    versions = sorted({one.version[:2] for one in found})
    if len(versions) < 2:
        pytest.skip("only one Python with venv on this machine: install a second one, with pyenv or uv")
    (newest, older) = (versions[-1], versions[-2])
    make_tiny_wheel(wheels, version="2.0", requires_python=f"<{newest[0]}.{newest[1]}")
    made = provision(device, TINY, "2.0")
    assert made.python_version.startswith(f"{older[0]}.{older[1]}.")


def test_a_runtime_that_cannot_be_imported_is_not_ready(device: LocalDevice, one_python: Path, wheels: Path) -> None:
    make_tiny_wheel(wheels, version="3.0", code="raise ImportError('libstrange.so.1: cannot open shared object file')")
    with pytest.raises(RuntimeNotAvailableError, match=r"cannot be imported: ImportError: libstrange.so.1"):
        provision(device, TINY, "3.0")


def test_a_missing_package_index_is_told(
    device: LocalDevice, one_python: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(RuntimeNotAvailableError, match="no package index could be reached") as caught:
        provision(device, TINY, "1.0")
    assert "PIP_INDEX_URL" in caught.value.remedy


def interpreter(version: tuple[int, int, int], lacks: tuple[str, ...] = ()) -> Interpreter:
    path = f"/usr/bin/python{version[0]}.{version[1]}"
    return Interpreter(path, path, version, "aarch64", "cpython", False, lacks)


@pytest.mark.parametrize(
    ("found", "what", "remedy"),
    [
        ([], "needs Python 3.7 to 3.11, and there is no Python 3 there", "apt install python3 python3-venv"),
        (
            [interpreter((3, 13, 1)), interpreter((3, 12, 3))],
            "needs Python 3.7 to 3.11; found: 3.13.1 (/usr/bin/python3.13), 3.12.3 (/usr/bin/python3.12)",
            "pyenv or uv",
        ),
        (
            [interpreter((3, 12, 3)), interpreter((3, 11, 2), ("ensurepip",))],
            "found: 3.12.3 (/usr/bin/python3.12), 3.11.2 (/usr/bin/python3.11, without ensurepip)",
            "sudo apt install python3.11-venv",
        ),
    ],
)
def test_a_device_without_a_fitting_python_is_told_which_it_has(
    device: LocalDevice, found: list[Interpreter], what: str, remedy: str
) -> None:
    with pytest.raises(RuntimeNotAvailableError) as caught:
        _usable(device, RUNTIMES["tflite-runtime"], "tflite-runtime==2.14.0", found)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_interpreters_are_started_before_they_are_believed(
    device: LocalDevice, one_python: Path, tmp_path: Path
) -> None:
    shim = one_python / "python3.17"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.17: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    liar = one_python / "python3.16"
    liar.write_text('#!/bin/sh\necho \'{"version": "newest"}\'\n')
    liar.chmod(0o755)
    found = find_interpreters(device)
    assert sys.version_info[:3] in [one.version for one in found]
    assert not any(one.version[1] in (16, 17) for one in found)
    assert [one.version for one in found] == sorted((one.version for one in found), reverse=True)


def test_any_python_will_do_for_the_standard_library(device: LocalDevice, one_python: Path) -> None:
    found = find_python(device)
    assert found.version >= (3, 8)
    assert device.run([found.path, "-c", "print('runs')"], timeout_s=120).stdout == b"runs\n"


@pytest.mark.parametrize(
    ("output", "trouble", "versions"),
    [
        # pip 23.2.1 and 24.2, asked for real.
        (
            "ERROR: Could not find a version that satisfies the requirement onnxruntime==9.9.9 (from versions: 1.23.2,"
            " 1.24.1)\nERROR: No matching distribution found for onnxruntime==9.9.9\n",
            PipTrouble.NO_SUCH_VERSION,
            ("1.23.2", "1.24.1"),
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement tflite-runtime==2.14.0 (from versions:"
            " none)\nERROR: No matching distribution found for tflite-runtime==2.14.0\n",
            PipTrouble.NOT_FOR_THIS_MACHINE,
            (),
        ),
        (
            "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection"
            " broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to"
            " establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/onnxruntime/\n"
            "ERROR: Could not find a version that satisfies the requirement onnxruntime (from versions: none)\n"
            "ERROR: No matching distribution found for onnxruntime\n",
            PipTrouble.NO_INDEX,
            (),
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            PipTrouble.NO_SPACE,
            (),
        ),
        (
            "ERROR: Package 'tinyruntime' requires a different Python: 3.13.0 not in '<3.13'\n",
            PipTrouble.NOT_FOR_THIS_MACHINE,
            (),
        ),
        ("ERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n", PipTrouble.CONFLICT, ()),
        ("Segmentation fault\n", PipTrouble.OTHER, ()),
        ("", PipTrouble.OTHER, ()),
    ],
)
def test_pip_is_understood(output: str, trouble: PipTrouble, versions: tuple[str, ...]) -> None:
    diagnosis = diagnose_pip(output)
    assert (diagnosis.trouble, diagnosis.versions) == (trouble, versions)
    assert diagnosis.last_line


def test_runtimes_are_found_by_name_with_their_tested_version() -> None:
    assert resolve("onnxruntime") == (RUNTIMES["onnxruntime"], "1.32.0")
    assert resolve("ai-edge-litert") == (RUNTIMES["ai-edge-litert"], "2.3.0")
    assert resolve("tflite_runtime == 2.13.0") == (RUNTIMES["tflite-runtime"], "2.13.0")
    assert all(name == spec.name for name, spec in RUNTIMES.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("onnxruntme", "Did you mean onnxruntime"),
        ("litert", "Did you mean ai-edge-litert"),
        ("tensorflow-lite", "tflite-runtime"),
        ("", "There are: onnxruntime"),
        ("onnxruntime==", "not a version"),
        ("onnxruntime==1.0; rm -rf /", "not a version"),
        ("onnxruntime==--pre", "not a version"),
    ],
)
def test_a_runtime_nobody_knows_is_refused_with_the_nearest(text: str, message: str) -> None:
    with pytest.raises(RuntimeNotAvailableError, match=message):
        resolve(text)


RUN_MODEL = """
import sys, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print(onnxruntime.__version__, [one.name for one in session.get_inputs()])
"""


def _skip_without_index(make: Callable[[], ProvisionedRuntime]) -> ProvisionedRuntime:
    try:
        return make()
    except RuntimeNotAvailableError as error:
        if "no package index" in error.what:
            pytest.skip(f"needs a package index, or {CACHE} filled by an earlier run: {error.what}")
        raise


@pytest.mark.timeout(1800)
def test_onnxruntime_really_runs_and_is_the_same_by_ssh(sshd: LoopbackSshd) -> None:
    spec, version = resolve("onnxruntime")
    with LocalDevice(str(CACHE)) as local, SshDevice(sshd.address(CACHE), sshd.ssh_command()) as remote:
        made = _skip_without_index(lambda: provision(remote, spec, version))
        again = provision(local, spec, version)
        assert again.reused
        assert (made.python, made.version, made.packages) == (again.python, "1.32.0", again.packages)
        model = Path(__file__).parents[3] / ".." / "shared" / "models" / "subpixel_cnn_x3.onnx"
        if not model.exists():
            pytest.skip("no subpixel_cnn_x3.onnx in ../shared/models: unpack the shared samples beside the repository")
        done = remote.run([made.python, "-c", RUN_MODEL, str(model.resolve())], timeout_s=120)
        assert done.stdout.startswith(b"1.32.0 ["), done.stderr


@pytest.mark.timeout(1800)
def test_tflite_runtime_gets_an_old_enough_python_and_numpy() -> None:
    spec, version = resolve("tflite-runtime")
    with LocalDevice(str(CACHE)) as device:
        if not any(spec.python_package().supports_python(one.version[:2]) for one in find_interpreters(device)):
            pytest.skip("no Python up to 3.11 on this machine: install one, with pyenv or uv")
        made = _skip_without_index(lambda: provision(device, spec, version))
        assert made.packages["numpy"].startswith("1.")
        assert tuple(map(int, made.python_version.split(".")[:2])) <= (3, 11)


def test_the_builder_runs_on_the_oldest_python_promised() -> None:
    source = Path(__file__).parents[3] / "devices" / "environments" / "environment_builder.py"
    with LocalDevice() as device:
        old = [one for one in find_interpreters(device) if one.version[:2] == (3, 8)]
    if not old:
        pytest.skip("no Python 3.8 on this machine: install one, with pyenv or uv")
    done = subprocess.run([old[0].path, "-I", str(source)], capture_output=True, text=True, check=False)
    assert "IndexError" in done.stderr, "it got as far as reading its request"

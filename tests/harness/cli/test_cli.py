"""The command line before any work begins: what it loads, what it says, how it ends."""

import subprocess
import sys

import pytest

from harness.cli.main import COMMANDS, main
from tests.rig.command import REPOSITORY, bakeoff

HEAVY = ("torch", "pandas", "matplotlib", "scipy", "numpy", "onnx", "onnxruntime", "PIL", "pydantic", "rich", "jinja2")


@pytest.mark.parametrize("statement", ["import harness", "import harness.cli.main as m; m.make_parser()"])
def test_nothing_heavy_is_loaded_before_a_command_is_known(statement):
    script = f"import sys; {statement}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command_and_fits_a_terminal():
    done = bakeoff("--help")
    assert done.exit_code == 0
    for name in COMMANDS:
        assert name in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help(command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("argv", [[], ["frobnicate"], ["run", "x.toml", "--pairs", "1"], ["schema", "nothing"]])
def test_wrong_arguments_end_with_2_and_a_hint(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: bakeoff" in capsys.readouterr().err


def test_the_version_is_the_package_s():
    from harness import __version__

    assert bakeoff("--version").stdout.strip() == f"bakeoff {__version__}"

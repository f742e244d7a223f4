"""Every command in the documentation is executed page by page as its reader would, beside models and pictures."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rig import postgresql as postgresql_rig
from tests.rig import sshd as sshd_rig
from tests.rig.built_once import common_folder
from tests.rig.command import environment as environment_of_a_command
from tests.rig.forked_command import in_a_shell
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:][^):]*)\)")


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


ONCE = """
once() {  # MADE PROGRAM...: runs the program, or copies what it made for another page
    made=$1; shift
    kept={kept}/$(printf '%s\\n' "$*" | sed 's| runs/.*||' | cat - [!_]*.toml 2>/dev/null | sha256sum | cut -c1-16)
    exec 9>>"$kept.lock"; flock 9
    if [ -e "$kept" ]; then
        mkdir -p "$(dirname "$made")"; cp -R "$kept" "$made"
        [ ! -e "$made/run.json" ] || sed -i "s|$(cat "$kept.desk")|$PWD|g" "$made/run.json"
        exit 0
    fi
    "$@" 9>&-; code=$?
    [ "$code" -ne 0 ] || { pwd >"$kept.desk"; cp -R "$made" "$kept.part"; mv "$kept.part" "$kept"; }
    exit "$code"
}
case " $* " in
*" init --baseline a.onnx --candidate b.onnx --inputs lr/ "*) once experiment.toml {bakeoff} "$@" ;;
*" run experiment.toml -d local --quick --out runs/"*) once "$7" {bakeoff} "$@" --no-wait ;;
*" --resume "*) ;;
*" run "* | *" bisect "*) set -- "$@" --no-wait ;;
*" nightly "*)
    grep -q '^max_wait_s = 0' experiment.toml || printf '[measure.gates]\\nmax_wait_s = 0\\n' >>experiment.toml ;;
esac
exec {bakeoff} "$@"
"""
"""Several pages begin with the same commands on the same files. The tests beside this one keep the machine busy: a
reader's run would be waited for.
"""


@pytest.fixture
def desk(tmp_path, tmp_path_factory, workdir):
    """A folder with two models, pictures, the examples and docs; `bakeoff` and `ssh bench-4` are on the path."""
    desk = tmp_path / "desk"
    desk.mkdir()
    models = REPOSITORY / "examples" / "models"
    shutil.copy(models / "sr_x2_fp32.onnx", desk / "a.onnx")
    shutil.copy(models / "sr_x2_int8.onnx", desk / "b.onnx")
    (desk / "examples").symlink_to(REPOSITORY / "examples")
    (desk / "docs").symlink_to(REPOSITORY / "docs")
    (desk / "monitoring").symlink_to(REPOSITORY / "monitoring")
    for source, folder in (("lr_x2", "lr"), ("hr", "hr")):
        (desk / folder).mkdir()
        for picture in sorted((REPOSITORY / "examples" / "images" / source).glob("*.png"))[:4]:
            shutil.copy(picture, desk / folder)
    commands = tmp_path / "bin"
    commands.mkdir()
    kept = common_folder(tmp_path_factory) / "pages"
    kept.mkdir(exist_ok=True)
    program = in_a_shell()
    write_command(commands / "bakeoff", ONCE.replace("{kept}", shlex.quote(str(kept))).replace("{bakeoff}", program))
    write_command(commands / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    path = f"{commands}:{os.environ['PATH']}"
    environment = environment_of_a_command(PATH=path, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    environment["BAKEOFF_PROFILES"] = str(tmp_path / "profiles")
    environment["BAKEOFF_HISTORY"] = str(tmp_path / "history.db")
    environment["BAKEOFF_HISTORY_WAITING"] = str(tmp_path / "waiting")
    environment |= {"DISPLAY": "", "WAYLAND_DISPLAY": ""}  # no page opens on a developer's desktop
    environment["BAKEOFF_STATE"] = str(tmp_path / "state")
    return desk, commands, environment


def write_command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_works(page, desk, tmp_path, workdir):
    folder, commands, environment = desk
    scripts = blocks(page, "sh")
    server = None
    held = ExitStack()
    if any("-d adb" in script for script in scripts):
        environment = {**environment, **plug_in_a_phone(held, tmp_path)}
    if any("postgresql://" in script for script in scripts):
        environment = {**environment, **serve_a_database(held)}
    if any("promtool" in script for script in scripts) and shutil.which("promtool") is None:
        pytest.skip("no promtool on this machine; run scripts/install_test_packages.sh")
    if any("web-check" in script for script in scripts):
        lacking = [program for program in ("chromium", "npm") if shutil.which(program) is None]
        if lacking:
            pytest.skip(f"no {' and no '.join(lacking)} on this machine")
    if any("bench-4" in script for script in scripts):
        missing = sshd_rig.missing_parts()
        if missing:
            pytest.skip(missing)
        passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        server = sshd_rig.LoopbackSshd(tmp_path / "sshd", environment=passed_on)
        config = server.client_config
        # The reader's bench-4 is our server, as an alias in an OpenSSH configuration would make it.
        config.write_text(config.read_text().replace("Host bench\n", "Host bench-4\n"))
        ssh = shutil.which("ssh")
        write_command(commands / "ssh", f'exec {ssh} -F {shlex.quote(str(config))} "$@"')
        server.start()
    try:
        for script in scripts:
            done = subprocess.run(
                ["sh", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, timeout=600, check=False
            )
            assert done.returncode == 0, f"{script}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    finally:
        held.close()
        if server is not None:
            server.stop()


def serve_a_database(held: ExitStack) -> dict[str, str]:
    """The reader's PostgreSQL is a server of this test's, which libpq is told of, with a database `bakeoff`."""
    missing = postgresql_rig.missing_parts()
    if missing is not None:
        pytest.skip(missing)
    server = postgresql_rig.PostgreSQLServer()
    held.callback(server.remove)
    server.start()
    server.execute("create database bakeoff")
    return {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "tester"}


def plug_in_a_phone(held: ExitStack, folder: Path) -> dict[str, str]:
    """The reader's phone is a stand-in, the only one that the adb server of this test knows."""
    missing = missing_parts()
    if missing is not None:
        pytest.skip(missing)
    server = held.enter_context(AdbServer(folder / "adb"))
    phone = held.enter_context(StandInPhone("READERS001"))
    phone.connect(server)
    return {name: value for name, value in server.environment.items() if "ADB" in name}


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "README.md"], ids=lambda page: page.name)
def test_toml_is_valid_and_links_lead_somewhere(page):
    for text in blocks(page, "toml"):
        tomllib.loads(text)
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target.split("#")[0]).exists(), target


def test_every_page_is_linked_from_the_readme():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"(docs/{page.name})" in readme


def test_the_readme_names_only_targets_that_the_makefile_has():
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

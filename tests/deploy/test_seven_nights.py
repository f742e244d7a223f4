"""Nights of a suite from cron's own line, on this machine, over ssh and on a phone; a worse model on the fourth.

By default five nights, in which each of the three experiments is measured on one of the devices; with `--whole-matrix`
seven, and each on all three. Scores are the same whatever else the devices do, and what is told of them is asserted
night by night; latencies are not, and what is told of them is only counted.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig import git_repository
from tests.rig import prometheus as prometheus_rig
from tests.rig import sshd as sshd_rig
from tests.rig.git_repository import GitRepository
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone import phone as stand_in_phone
from tests.rig.prometheus import running_prometheus, running_pushgateway
from tests.rig.tiny_experiment import write_upscaler
from tests.rig.tiny_suite import TinySuite

REPOSITORY = Path(__file__).parents[2]
NIGHTS = [f"2026-11-0{day}" for day in range(1, 8)]
FOURTH = NIGHTS[3]
SCORES = {"psnr", "psnr_y"}
PROMETHEUS_WITHIN_S = 60.0


@dataclass
class Desk:
    """A build machine: its programs, its suite, and what its devices are called."""

    folder: Path
    environment: dict[str, str]
    """What cron's line finds set; cron itself sets almost nothing."""
    devices: list[str]

    def night_by_cron(self, night: str, *more: str) -> subprocess.CompletedProcess[str]:
        """The first line of the crontab, as cron runs it, on another date."""
        crontab = (REPOSITORY / "deploy" / "cron" / "bakeoff-nightly").read_text()
        for there, here in (
            ("/opt/bakeoff/bin", self.folder / "bin"),
            ("/etc/bakeoff/sr.toml", self.folder / "suite" / "suite.toml"),
            ("/var/lib/bakeoff", self.folder / "state"),
        ):
            assert there in crontab
            crontab = crontab.replace(there, str(here))
        lines = [line for line in crontab.splitlines() if line and not line.startswith("#")]
        settings = dict(line.split("=", 1) for line in lines if "=" in line.split()[0])
        line = next(line for line in lines if line.startswith("0 "))
        _minute, _hour, _day, _month, _weekday, _user, command = line.split(maxsplit=6)
        # cron ends a command at its first % that has no backslash.
        assert "%" not in command
        command = command.replace("bakeoff nightly ", f"bakeoff nightly {shlex.join(['--night', night, *more])} ")
        return subprocess.run(
            [settings["SHELL"], "-c", command],
            cwd="/",
            env={"HOME": str(self.folder / "home"), "LOGNAME": "bakeoff", **settings, **self.environment},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    @property
    def log(self) -> str:
        return (self.folder / "state" / "sr.log").read_text()

    def nightly(self, night: str) -> dict:
        found = list((self.folder / "state" / "nights").glob(f"*/{night}/nightly.json"))
        assert len(found) == 1, self.log[-4000:]
        return json.loads(found[0].read_text())

    def page(self, night: str) -> str:
        return next((self.folder / "state" / "nights").glob(f"*/{night}/*.html")).read_text()


@pytest.fixture
def ssh_device(tmp_path: Path, workdir: Path) -> Iterator[tuple[str, str]]:
    """Its name, and what `ssh` is called with to have the keys for it."""
    missing = sshd_rig.missing_parts()
    if missing:
        pytest.skip(missing)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    server = sshd_rig.LoopbackSshd(tmp_path / "sshd", environment=passed_on)
    server.start()
    try:
        yield server.address(workdir.parent / "nightly-ssh-device"), shlex.join(server.ssh_command()[1:])
    finally:
        server.stop()


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Its name, and the port of the adb server that knows it."""
    missing = stand_in_phone.missing_parts()
    if missing is not None:
        pytest.skip(missing)
    with AdbServer(tmp_path / "adb") as server, StandInPhone("NIGHTLY001") as phone:
        phone.connect(server)
        yield f"adb:{phone.address}", server.port


@pytest.fixture
def desk(tmp_path: Path, workdir: Path, ssh_device: tuple[str, str], phone: tuple[str, int]) -> Desk:
    folder = tmp_path / "machine"
    for name in ("bin", "home", "state"):
        (folder / name).mkdir(parents=True)
    address, ssh = ssh_device
    device, port = phone
    for name, command in (
        ("bakeoff", f"{shlex.quote(sys.executable)} -m harness.cli.main"),
        ("ssh", f"{shutil.which('ssh')} {ssh}"),
    ):
        path = folder / "bin" / name
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environment = {
        **passed_on,
        "PYTHONPATH": str(REPOSITORY),
        "ADB_SERVER_SOCKET": f"tcp:127.0.0.1:{port}",
        "BAKEOFF_LOCAL_WORKDIR": str(workdir),
        "BAKEOFF_MAVEN_REPOSITORY": "",
        "BAKEOFF_CACHE": os.environ.get("BAKEOFF_CACHE", str(Path.home() / ".cache" / "bakeoff")),
    }
    return Desk(folder, environment, ["local", address, device])


def model(folder: Path, *, blur: float) -> bytes:
    return write_upscaler(folder / "made.onnx", blur=blur).read_bytes()


def told_regressions(nightly: dict) -> list[dict]:
    return [
        change
        for change in nightly["changes"]
        if change["is_new"]
        and change["confirmation"] == "confirmed"
        and any(member["is_worse"] for member in change["members"])
    ]


def of_scores(changes: list[dict]) -> list[dict]:
    """Those that say that a score is worse."""
    return [change for change in changes if quantities(change) & SCORES]


def quantities(change: dict) -> set[str]:
    return {member["name"]["quantity"] for member in change["members"] if member["is_worse"]}


@pytest.mark.timeout(1800)
def test_a_worse_model_of_the_fourth_night_is_told_once(
    desk: Desk, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    missing = git_repository.missing_parts()
    if missing:
        pytest.skip(missing)
    if prometheus_rig.PROMETHEUS is None or prometheus_rig.PUSHGATEWAY is None:
        pytest.skip("no prometheus here (Debian: apt-get install prometheus prometheus-pushgateway)")
    everywhere = request.config.getoption("--whole-matrix")
    nights = NIGHTS if everywhere else NIGHTS[:5]
    repository = GitRepository(tmp_path / "models")
    good = model(tmp_path, blur=0.1)
    commits = [repository.commit("The first model", model_onnx=good)]
    names = ["faces", "night", "text"]
    tables = [
        "[[experiments.models]]",
        'arm = "candidate"',
        f'repository = "{repository.folder}"',
        'path = "model.onnx"',
    ]
    with running_pushgateway(tmp_path) as gateway:
        suite = TinySuite(
            desk.folder / "suite",
            experiments=names,
            devices=desk.devices,
            measure={"metrics": sorted(SCORES)},
            of_experiments={
                name: [*([] if everywhere else [f"devices = [{json.dumps(device)}]"]), *tables]
                for name, device in zip(names, desk.devices, strict=True)
            },
            tables=["[tell]", 'on = "regression"', "[tell.pushgateway]", f'url = "{gateway}"'],
            name="sr",
        )
        suite.write()
        codes, told = [], {}
        configuration = (
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: g, honor_labels: true, static_configs: [{{targets: ['{gateway.removeprefix('http://')}']}}]}}\n"
        )
        with running_prometheus(tmp_path, configuration) as prometheus:
            for night in nights:
                if night == FOURTH:
                    commits.append(repository.commit("Prune the tail", model_onnx=model(tmp_path, blur=0.8)))
                elif night > nights[0]:
                    commits.append(repository.commit(f"Nothing of the model, {night}"))
                done = desk.night_by_cron(night)
                assert (done.stdout, done.stderr) == ("", "")  # cron would send it as mail
                codes.append(done.returncode)
                jobs = desk.nightly(night)["jobs"]
                assert {job["status"] for job in jobs} == {"measured"}, [(job["device"], job["reason"]) for job in jobs]
                told[night] = told_regressions(desk.nightly(night))
                wait_for_sample(prometheus, f'bakeoff_nightly_regressions{{suite="sr"}} == {len(told[night])}')
    assert [night for night in nights if of_scores(told[night])] == [FOURTH], desk.log[-8000:]
    assert codes == [1 if told[night] else 0 for night in nights]
    (change,) = of_scores(told[FOURTH])
    assert change["kind"] == "regression" or quantities(change) - SCORES
    assert (change["last_good_night"], change["first_bad_night"]) == (NIGHTS[2], FOURTH)
    assert {commit["sha"] for commit in change["commits"]} == {commits[3]}
    assert {commit["message"] for commit in change["commits"]} == {"Prune the tail"}
    worse = {(each["name"]["device"], each["name"]["quantity"]) for each in change["members"] if each["is_worse"]}
    assert {(device, quantity) for device in desk.devices for quantity in ("psnr", "psnr_y")} <= worse
    page = desk.page(FOURTH)
    assert "Prune the tail" in page
    assert commits[3][:7] in page
    assert desk.night_by_cron(FOURTH).returncode == 1  # what is done is not measured again
    assert told_regressions(desk.nightly(FOURTH)) == told[FOURTH]
    # Measured anew it is news once more: what this night told itself is no reason to be silent.
    assert desk.night_by_cron(FOURTH, "--again").returncode == 1
    assert [each["id"] for each in of_scores(told_regressions(desk.nightly(FOURTH)))] == [change["id"]]


def wait_for_sample(prometheus: prometheus_rig.Prometheus, expression: str) -> list[dict]:
    ends = time.monotonic() + PROMETHEUS_WITHIN_S
    while time.monotonic() < ends:
        found = prometheus.query(expression)
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"Prometheus has nothing of {expression}")

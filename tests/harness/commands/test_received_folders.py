"""A run folder that somebody sent: analysed and shown in words, and never a way out of the folder."""

import json
import os
import shutil
from dataclasses import dataclass

import pytest

from harness.cli.main import main


@pytest.fixture
def received(finished_run, tmp_path):
    """A copy, as it would be unpacked from an archive; beside it something precious of the user's."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    return finished_run.copy_to(tmp_path / "run")


@dataclass(frozen=True)
class Said:
    exit_code: int
    stderr: str


@pytest.fixture
def said(capsys, monkeypatch):
    """A command in this process: what would be a traceback is an error of the test."""

    def run(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = main([str(argument) for argument in arguments])
        return Said(code, capsys.readouterr().err)

    return run


def linked(place):
    def change(folder):
        target = folder / place
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        target.symlink_to(folder.parent / "precious")

    return change


def piped(place):
    def change(folder):
        (folder / place).unlink(missing_ok=True)
        os.mkfifo(folder / place)

    return change


FOREIGN = {
    "gallery that leads away": linked("gallery"),
    "tables that lead away": linked("tables"),
    "devices that lead away": linked("devices"),
    "a device that leads away": linked("devices/0-local"),
    "an output that leads away": linked("devices/0-local/outputs/a1/i1.0.npy"),
    "a page that leads away": linked("report.html"),
    "comparison that is a pipe": piped("comparison.json"),
    "records that are a pipe": piped("devices/0-local/records.jsonl"),
    "an output that is a pipe": piped("devices/0-local/outputs/a1/i1.0.npy"),
    "state that is a pipe": piped("devices/0-local/state.json"),
    "claim that is a pipe": piped(".claim"),
    "gallery that leads to itself": lambda folder: (
        shutil.rmtree(folder / "gallery"),
        (folder / "gallery").symlink_to(folder / "gallery"),
    ),
}


@pytest.mark.parametrize("command", ["analyze", "report"])
@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_what_no_run_holds_is_refused_before_it_is_opened(said, received, change, command):
    change(received)
    done = said(command, received)
    assert done.exit_code == 2
    assert "a run is made of plain files and folders" in done.stderr
    assert {path.name for path in (received.parent / "precious").iterdir()} == {"letter.txt"}


def in_manifest(**changes):
    def change(folder):
        path = folder / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def of_device(**changes):
    def change(folder):
        path = folder / "run.json"
        manifest = json.loads(path.read_text())
        manifest["devices"][0] |= changes
        path.write_text(json.dumps(manifest))

    return change


def of_file(name, content):
    return lambda folder: (folder / name).write_bytes(content)


MANIFESTS = {
    "a folder upwards": of_device(folder="../../precious"),
    "an absolute folder": of_device(folder="/etc"),
    "the folder itself": of_device(folder="."),
    "a folder with NUL": of_device(folder="a\0b"),
    "no device": in_manifest(devices=[]),
    "a device twice": in_manifest(devices=[{"name": "local", "folder": "0-local"}] * 2),
    "an id that is a path": in_manifest(run_id="../../../precious"),
    "a seed of 30 digits": in_manifest(seed=10**30),
    "nested brackets": of_file("run.json", b"[" * 200_000),
    "a number of 5000 digits": of_file("run.json", b'{"seed":' + b"9" * 5000 + b"}"),
    "no text": of_file("run.json", b"\xff\xfe\x00"),
    "nothing": of_file("run.json", b""),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_is_none_is_said(said, received, change):
    change(received)
    done = said("analyze", received)
    assert done.exit_code == 2
    assert "run.json: cannot be understood" in done.stderr


COMPARISONS = {
    "nested brackets": b"[" * 200_000,
    "a number of 5000 digits": b'{"schema":' + b"9" * 5000 + b"}",
    "nested objects": b'{"a":' * 100_000,
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("content", COMPARISONS.values(), ids=COMPARISONS)
def test_a_comparison_that_is_none_is_said(said, received, content):
    (received / "comparison.json").write_bytes(content)
    done = said("report", received)
    assert done.exit_code == 2
    assert "comparison.json" in done.stderr


RECORDS = {
    "nested brackets": b"[" * 200_000 + b"\n",
    "a number of 5000 digits": b'{"record":"runner_started","n":' + b"9" * 5000 + b"}\n",
    "types": b'{"record":"quality_output","arm":[],"item":7,"step":"x","outputs":"all"}\n',
    "no text": b"\xff\xfe\x00\n",
    "null": b"null\n",
}


@pytest.mark.parametrize("line", RECORDS.values(), ids=RECORDS)
def test_damaged_records_of_one_device_are_that_devices_fault(said, received, line):
    """The other device is compared as ever."""
    shutil.copytree(received / "devices" / "0-local", received / "devices" / "1-liar")
    path = received / "run.json"
    manifest = json.loads(path.read_text())
    manifest["devices"].append({"name": "liar", "folder": "1-liar"})
    path.write_text(json.dumps(manifest))
    records = received / "devices" / "1-liar" / "records.jsonl"
    records.write_bytes(records.read_bytes() + line)
    done = said("analyze", received)
    assert done.exit_code == 0, done.stderr
    found = json.loads((received / "comparison.json").read_text())["devices"]
    assert [each["status"] for each in found] == ["complete", "failed"]
    assert "is not a record" in found[1]["problem"]
    assert (received / "report.html").is_file()


def test_an_output_that_names_another_place_is_no_record(said, received):
    records = received / "devices" / "0-local" / "records.jsonl"
    target = received.parent / "precious" / "letter.txt"
    records.write_bytes(records.read_bytes().replace(b"outputs/a1/i1.0.npy", str(target).encode()))
    done = said("analyze", received)
    assert done.exit_code == 0, done.stderr
    [device] = json.loads((received / "comparison.json").read_text())["devices"]
    assert device["status"] == "failed"
    assert "is not named outputs/a1/i1.0.npy" in device["problem"]


def test_a_gallery_is_shown_from_the_folder_alone(said, received):
    path = received / "comparison.json"
    secret = received.parent / "precious" / "picture.png"
    shutil.copy(next((received / "gallery").rglob("*.png")), secret)
    comparison = json.loads(path.read_text())
    comparison["devices"][0]["gallery"][0]["candidate_image"] = "../precious/picture.png"
    path.write_text(json.dumps(comparison))
    assert said("report", received).exit_code == 0
    page = (received / "report.html").read_text()
    assert "lies outside of the run folder" in page


def naming(received, path):
    """Its first input is that file, and nothing says what was in it."""
    manifest = json.loads((received / "run.json").read_text())
    manifest["items"][0] |= {"input_path": str(path), "input_sha256": None}
    (received / "run.json").write_text(json.dumps(manifest))
    return manifest


def test_a_file_of_this_computer_is_not_read_on_the_word_of_somebody_elses_run(said, received):
    own = next((received.parent / "precious").iterdir())
    naming(received, own)
    before = (received / "report.html").read_bytes()
    done = said("analyze", received)
    assert done.exit_code == 2
    assert f"does not say what was in {own}" in done.stderr
    assert "--trust" in done.stderr
    assert (received / "report.html").read_bytes() == before


def test_items_without_hashes_are_read_where_the_run_is_trusted_or_was_begun_here(
    said, received, finished_run, tmp_path, monkeypatch
):
    from harness.runs.session.begun_here import note_begun

    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    manifest = naming(received, finished_run.tiny.folder / "lr" / f"{finished_run.tiny.names[0]}.png")
    assert said("analyze", received).exit_code == 2
    assert said("analyze", received, "--trust").exit_code == 0
    note_begun(received, manifest["run_id"])
    assert said("analyze", received).exit_code == 0


def begun(received):
    """Not done yet, so that going on with it would connect to its devices."""
    state = received / "devices" / "0-local" / "state.json"
    marker = received.parent / "started.txt"
    conductor = ["sh", "-c", f"touch {marker}; exit 65", "sh"]
    state.write_text(json.dumps(json.loads(state.read_text()) | {"stage": "started", "conductor": conductor}))
    (received / "devices" / "0-local" / "records.jsonl").unlink()
    return marker


def test_going_on_with_somebody_elses_run_is_asked_for(said, received, tmp_path):
    marker = begun(received)
    workdir = tmp_path / "device"
    done = said("run", "--resume", received, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert "was not begun by you on this computer, and names local to connect to" in done.stderr
    assert "--trust" in done.stderr
    assert not marker.exists()
    assert not workdir.exists()


def test_a_run_that_is_trusted_is_gone_on_with(said, received, tmp_path):
    """But only below the device's own work directory, whatever the folder says."""
    marker = begun(received)
    workdir = tmp_path / "device"
    done = said("run", "--resume", received, "--trust", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 3
    assert f"and not in {workdir}, the work directory now" in done.stderr
    assert not marker.exists()
    state = received / "devices" / "0-local" / "state.json"
    there = {"remote_folder": f"{workdir}/runs/x"}
    state.write_text(json.dumps(json.loads(state.read_text()) | there))
    done = said("run", "--resume", received, "--trust", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 3
    assert marker.exists()


def test_a_run_that_was_copied_over_its_own_folder_is_another(finished_run, tmp_path):
    """The id of a run is no secret: whoever got the folder once knows it."""
    from harness.runs.session.begun_here import BegunElsewhereError, note_begun, refuse_elsewhere

    own, sent = tmp_path / "own", tmp_path / "sent"
    own.mkdir()
    sent.mkdir()
    note_begun(own, "20260101-000000-abcdef")
    refuse_elsewhere(own, "20260101-000000-abcdef", ["local"], trusted=False)
    with pytest.raises(BegunElsewhereError):
        refuse_elsewhere(sent, "20260101-000000-abcdef", ["local"], trusted=False)

"""`bakeoff doctor` as it is typed: on this machine, on a phone, with wrong words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.documents.profile import DeviceProfile
from tests.rig.command import bakeoff
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts

SCRIPT = Path(__file__).parents[3] / "docs" / "rederive_doctor.py"


def test_this_machine_is_calibrated_and_later_reports_name_it(tmp_path, workdir, tiny):
    variables = {"BAKEOFF_LOCAL_WORKDIR": str(workdir), "BAKEOFF_PROFILES": str(tmp_path / "profiles")}
    done = bakeoff("doctor", "local", "--minutes", "0.05", **variables)
    assert done.exit_code == 0, done.stderr
    assert "How precise" in done.stdout
    (path,) = (tmp_path / "profiles").glob("*.json")
    profile = DeviceProfile.model_validate_json(path.read_bytes())
    assert profile.calibration.pairs == 8
    assert profile.calibration.pair_sd > 0
    assert [each.minutes for each in profile.calibration.detectable] == [1.0, 5.0, 20.0]
    rederived = subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True, timeout=120, check=False)
    assert (rederived.returncode, rederived.stderr) == (0, ""), rederived.stdout
    assert "detectable in 20 min" in rederived.stdout

    tiny.measure |= {"pairs": 4, "memory_repeats": 0}
    run = bakeoff("run", tiny.write(), "--out", tmp_path / "run", **variables)
    assert run.exit_code == 0, run.stderr
    assert f"Calibrated on {profile.made_at:%Y-%m-%d}" in run.stdout
    result = json.loads((tmp_path / "run" / "comparison.json").read_text())
    assert "bakeoff-convolution.onnx" in result["devices"][0]["profile"]
    assert "two equal builds differ by up to" in (tmp_path / "run" / "report.html").read_text()

    looked = bakeoff("doctor", "--no-calibration", "--json", **variables)
    assert looked.exit_code == 0, looked.stderr
    (again,) = json.loads(looked.stdout)
    assert again["calibration"] == json.loads(profile.calibration.model_dump_json())


def test_a_phone_is_looked_at_and_a_battery_emulation_left_on_is_seen(tmp_path):
    missing = missing_parts()
    if missing is not None:
        pytest.skip(missing)
    with AdbServer(tmp_path / "adb") as server, StandInPhone("LOOKEDAT1") as phone:
        phone.connect(server)
        server.adb("-s", phone.address, "shell", "dumpsys battery unplug")
        variables = {name: value for name, value in server.environment.items() if "ADB" in name}
        done = bakeoff("doctor", "adb", "--no-calibration", "--json", BAKEOFF_PROFILES=str(tmp_path / "p"), **variables)
    assert done.exit_code == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["identity"]["kind"] == "adb"
    assert found["calibration"] is None
    assert found["energy"][0]["name"] == "android_rails"
    assert "battery values" in [each["kind"] for each in found["obstacles"]]
    assert all(each["how"] for each in (*found["energy"], *found["gates"]))


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--model", "nowhere.onnx"], "nowhere.onnx: no such model file"),
        (["--runtime", "nothing"], "nothing"),
        (["--no-calibration", "--runtime", "onnxruntime"], "--runtime cannot be given with --no-calibration"),
    ],
)
def test_wrong_words_end_in_one_line(argv, said, tmp_path):
    done = bakeoff("doctor", *argv, BAKEOFF_PROFILES=str(tmp_path))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "many", "121"])
def test_minutes_are_a_number_in_bounds(minutes):
    done = bakeoff("doctor", f"--minutes={minutes}")
    assert done.exit_code == 2
    assert "a number above 0 and up to 120 is needed" in done.stderr


def test_a_device_that_does_not_answer_is_a_finding(tmp_path):
    done = bakeoff("doctor", "nowhere", "--no-calibration", BAKEOFF_PROFILES=str(tmp_path / "p"))
    assert done.exit_code == 2
    assert "cannot be used: 'nowhere' is not a device" in done.stdout
    assert not (tmp_path / "p").exists()


def test_a_folder_of_profiles_that_cannot_be_written_is_named(tmp_path, workdir):
    (tmp_path / "file").write_text("")
    done = bakeoff(
        "doctor", "--no-calibration", BAKEOFF_PROFILES=str(tmp_path / "file"), BAKEOFF_LOCAL_WORKDIR=str(workdir)
    )
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr

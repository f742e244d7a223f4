"""What a user can get wrong: one or two clear lines, exit code 2, nothing half-written, nothing lost."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.runs.preparing import prepare
from harness.tasks.image_file import write_image
from tests.devices.runner_contract import models
from tests.rig import sshd as sshd_rig
from tests.rig.command import bakeoff
from tests.rig.small_disk import small_disk
from tests.rig.tiny_experiment import TinyExperiment, write_upscaler


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def refused(tiny, workdir, out, capsys, monkeypatch):
    """Runs the experiment and returns the message; asserts what holds for every fault of the user's."""
    monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(workdir))

    def attempt(*more: str) -> str:
        before = sorted(tiny.folder.rglob("*"))
        code = main(["run", str(tiny.folder / "experiment.toml"), "--out", str(out), *more])
        printed = capsys.readouterr()
        message = [line for line in printed.err.splitlines() if not line.startswith("[")]
        assert code == 2, printed.err
        assert 1 <= len(message) <= 2, printed.err
        assert message[0].startswith("bakeoff: ")
        assert "Traceback" not in printed.err
        assert printed.out == ""
        assert not out.exists() or (out / "run.json").exists(), "half a run was left"
        assert sorted(tiny.folder.rglob("*")) == before
        return "\n".join(message)

    return attempt


def change(tiny: TinyExperiment, old: str, new: str) -> None:
    path = tiny.write()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_no_such_model(tiny, refused):
    tiny.candidate = "gone.onnx"
    tiny.write()
    assert "gone.onnx: no such model file" in refused()


def test_a_truncated_model(tiny, refused):
    tiny.write()
    models.truncated(tiny.folder / "cut.onnx", tiny.folder / tiny.baseline)
    change(tiny, 'model = "blur.onnx"', 'model = "cut.onnx"')
    assert "cut.onnx: the model cannot be used" in refused()


def test_a_file_that_is_no_model(tiny, refused):
    change(tiny, 'model = "blur.onnx"', 'model = "experiment.toml"')
    assert "is neither .onnx nor .tflite" in refused()


def test_an_operator_that_the_runtime_does_not_know(tiny, refused):
    tiny.write()
    write_upscaler(tiny.folder / "odd.onnx", operator="FrobnicateTensor")
    change(tiny, 'model = "blur.onnx"', 'model = "odd.onnx"')
    message = refused()
    assert "odd.onnx: onnxruntime 1.32.0 cannot open it" in message
    assert "FrobnicateTensor" in message


def test_an_opset_from_the_future(tiny, refused):
    tiny.write()
    write_upscaler(tiny.folder / "future.onnx", opset=999)
    change(tiny, 'model = "blur.onnx"', 'model = "future.onnx"')
    message = refused()
    assert "future.onnx: onnxruntime 1.32.0 cannot open it" in message
    assert "opset" in message.lower()


def test_a_model_of_fixed_size_for_other_pictures(tiny, refused):
    fixed = Path(__file__).parents[4] / "shared" / "models" / "subpixel_cnn_x3.onnx"
    if not fixed.exists():
        pytest.skip("shared/models is not beside the project: it holds a real model of fixed size")
    tiny.write()
    shutil.copy(fixed, tiny.folder / "fixed.onnx")
    change(tiny, 'model = "blur.onnx"', 'model = "fixed.onnx"')
    message = refused()
    assert "picture0.png: is 24×24" in message
    assert "takes only 224×224" in message


def test_a_model_in_a_runtime_of_another_format(tiny, refused):
    change(tiny, 'runtime = "onnxruntime"', 'runtime = "ai-edge-litert"')
    assert "ai-edge-litert cannot run double.onnx (onnx)" in refused()


def test_a_runtime_nobody_knows(tiny, refused):
    change(tiny, 'runtime = "onnxruntime"', 'runtime = "onnxruntim"')
    message = refused()
    assert "no runtime is called 'onnxruntim'" in message
    assert "Did you mean onnxruntime?" in message


def test_a_version_without_a_wheel_for_this_device(tiny, refused, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # one Python to try is enough here, those of the home are left out
    change(tiny, 'runtime = "onnxruntime"', 'runtime = "onnxruntime==0.0.1"')
    assert "0.0.1" in refused()


@pytest.mark.parametrize(("folder", "words"), [("lr", "has no input"), ("hr", "has no reference")])
def test_a_picture_without_its_partner(tiny, refused, folder, words):
    tiny.write()
    (tiny.folder / folder / "picture1.png").unlink()
    message = refused()
    assert "picture1.png" in message
    assert words in message


def test_an_unreadable_picture(tiny, refused):
    tiny.write()
    path = tiny.folder / "hr" / "picture2.png"
    path.write_bytes(path.read_bytes()[:300])
    assert "picture2.png: the picture cannot be read" in refused()


def test_an_output_of_another_size_than_its_reference(tiny, refused, out):
    tiny.write()
    write_upscaler(tiny.folder / "triple.onnx", scale=3)
    change(tiny, 'model = "blur.onnx"', 'model = "triple.onnx"')
    message = refused()
    assert "candidate: makes 72×72 from picture0.png" in message
    assert "is 48×48" in message
    assert not (out / "comparison.json").exists()


def test_a_reference_of_another_size_than_the_scale_says(tiny, refused):
    tiny.scale = 3
    tiny.write()
    assert "data.scale = 3" in refused()


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((24, 24, 4), np.uint8), "partly transparent"),
        (np.zeros((24, 24), np.uint16), "more than 8 bits"),
    ],
)
def test_pictures_with_alpha_or_sixteen_bits(tiny, refused, picture, words):
    from PIL import Image

    tiny.write()
    Image.fromarray(picture).save(tiny.folder / "lr" / "picture0.png")
    assert words in refused()


def test_grey_pictures_are_handled(tiny, capsys):
    from PIL import Image

    path = tiny.write()
    for size, folder in ((24, "lr"), (48, "hr")):
        Image.fromarray(np.full((size, size), 77, np.uint8)).save(tiny.folder / folder / "picture0.png")
    assert main(["check", str(path)]) == 0
    assert "ready to run" in capsys.readouterr().out


def test_an_empty_folder(tiny, refused):
    tiny.write()
    shutil.rmtree(tiny.folder / "lr")
    (tiny.folder / "lr").mkdir()
    assert "lr: holds no pictures" in refused()


def test_two_pictures_of_one_stem(tiny, refused):
    tiny.write()
    write_image(tiny.folder / "lr" / "picture0.bmp", np.zeros((24, 24, 3), np.uint8))
    assert "have the same stem" in refused()


def test_an_unknown_key_is_answered_with_the_nearest(tiny, refused):
    change(tiny, "question", "qestion")
    message = refused()
    assert "unknown key `qestion`" in message
    assert "Did you mean `question`?" in message


def test_a_rule_for_a_quantity_that_is_not_measured(tiny, refused):
    tiny.rules = [{"quantity": "lpips_alex", "no_worse_than": "0.1"}]
    tiny.write()
    assert "which measure.metrics does not list" in refused()


def test_a_device_nobody_knows(tiny, refused):
    tiny.write()
    message = refused("-d", "locl")
    assert "'locl' is not a device" in message
    assert "Did you mean local?" in message


def test_a_device_that_does_not_answer(tiny, refused, monkeypatch):
    monkeypatch.setattr(prepare, "FIRST_CONNECT_S", 0.1)
    tiny.write()
    assert "refuses the connection" in refused("-d", "ssh://someone@127.0.0.1:1")


def test_a_run_folder_that_is_there(tiny, refused, out):
    tiny.write()
    out.mkdir()
    (out / "run.json").write_text("mine")
    assert "is there already" in refused()
    assert (out / "run.json").read_text() == "mine"


@pytest.mark.parametrize("command", ["report", "analyze"])
def test_a_folder_that_is_no_run(tmp_path, capsys, command):
    assert main([command, str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert str(tmp_path) in printed
    assert len(printed.strip().splitlines()) <= 2


def test_neither_an_experiment_nor_a_run(capsys):
    assert main(["run"]) == 2
    assert "give an experiment, or --resume RUN" in capsys.readouterr().err


def test_a_host_key_that_changed(tiny, workdir, tmp_path, refused, monkeypatch):
    missing = sshd_rig.missing_parts()
    if missing:
        pytest.skip(missing)
    import shlex

    server = sshd_rig.LoopbackSshd(tmp_path / "sshd")
    server.new_host_key()
    server.start()
    try:
        monkeypatch.setenv("BAKEOFF_SSH", shlex.join(server.ssh_command()))
        tiny.write()
        message = refused("-d", server.address(workdir))
        assert "host key" in message
        assert "ssh-keygen -R" in message
    finally:
        server.stop()


def test_a_full_disk_on_the_device(tiny, refused, tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", 64 << 10) as disk:
        monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(disk))
        tiny.write()
        assert "space" in refused()


HOSTILE = [
    "with space",
    "quo'te\"s",
    "semi;colon",
    "$(touch pwned)",
    "`touch pwned`",
    "new\nline",
    "图-ü",
    "-rf",
    "x" * 200,
]


def test_hostile_names_everywhere_are_only_names(tiny, workdir, tmp_path):
    """Names of pictures, models, the experiment and its folder: run, analysed and shown, and nothing executed."""
    tiny.folder = tmp_path / "exp $(touch pwned); `touch pwned` 'x'"
    tiny.names = HOSTILE
    tiny.name = "<script>alert(1)</script> $(touch pwned)"
    tiny.baseline = "mo'del $(touch pwned).onnx"
    path = tiny.write()
    write_upscaler(tiny.folder / tiny.baseline)
    out = tmp_path / "out $(touch pwned)\nx"
    done = bakeoff("run", path, "--out", out, cwd=tmp_path, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    assert not list(tmp_path.rglob("pwned"))
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<script") == 1  # its own, which its policy knows by hash
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\x1b" not in done.stdout
    assert bakeoff("report", out, cwd=tmp_path).exit_code == 0

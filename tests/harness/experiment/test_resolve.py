"""An experiment looked up: what a person is told though nothing is wrong, and what is refused before a device is
touched.
"""

import tomllib

import onnx
import pytest
from onnx import TensorProto, helper

from devices.runtimes.registry import RUNTIMES
from harness.documents.folder import RunFolder
from harness.documents.records import OutputFile, QualityOutput, StepSkipped
from harness.errors import UserError
from harness.experiment.declaration import Arm
from harness.experiment.file import read_experiment
from harness.experiment.resolve import differences, refuse_accelerator, resolve
from harness.runs.measuring.output_check import OutputCheck
from harness.runs.preparing.output_space import check_space_here, output_bytes
from harness.runs.session.new_folder import new_folder


def looked_up(path):
    return resolve(read_experiment(path), lambda done, total: None)


def add_output(path):
    """A second output beside the picture, as models that also give a mask or a hint have."""
    model = onnx.load(path)
    model.graph.node.append(helper.make_node("Identity", ["lr"], ["hint"]))
    model.graph.output.append(helper.make_tensor_value_info("hint", TensorProto.FLOAT, [1, 3, "h", "w"]))
    onnx.save(model, path)


def test_of_several_outputs_the_first_is_scored_and_that_is_said(tiny):
    path = tiny.write()
    add_output(tiny.folder / tiny.candidate)
    found = looked_up(path)
    assert found.notes == ["candidate: of its 2 outputs the first, 'sr', is scored"]
    assert found.arms[1].codec.output.name == "sr"


def test_one_model_twice_is_called_an_a_a_run(tiny):
    tiny.candidate = tiny.baseline
    found = looked_up(tiny.write())
    assert differences(*found.arms) == []
    assert "an A/A run" in found.notes[0]


def test_every_picture_is_read_to_its_end_and_its_file_known_by_its_hash(tiny):
    path = tiny.write()
    found = looked_up(path)
    assert len({item.reference_sha256 for item in found.items}) == 4
    reference = found.items[3].reference_path
    reference.write_bytes(reference.read_bytes()[:-100])
    with pytest.raises(UserError, match=str(reference)):
        looked_up(path)


@pytest.mark.parametrize(
    ("settings", "what", "remedy"),
    [
        (['accelerator = "gpu"'], "cannot be asked for accelerator 'gpu': its GPU is called webgpu", "xnnpack"),
    ],
)
def test_an_accelerator_that_no_build_of_the_runtime_has_is_refused_at_once(tiny, settings, what, remedy):
    tiny.candidate_settings = settings
    with pytest.raises(UserError) as caught:
        looked_up(tiny.write())
    assert what in caught.value.what
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("options", "what", "remedy"),
    [
        ('precison = "2"', "has no option 'precison' of its gpu", "Did you mean precision?"),
        ('shared_tensor_maps = "1"', "has no option 'shared_tensor_maps'", "precision"),
        ('precision = "high"', "'high' is not what ai-edge-litert takes", "[0-9]"),
        ('benchmark_mode = "1"', "'1' is not what ai-edge-litert takes", "true|false"),
    ],
)
def test_an_option_that_the_runtime_would_ignore_or_misread_is_refused(options, what, remedy):
    arm = Arm.model_validate(
        {
            "name": "x", "role": "candidate", "model": "m.tflite", "runtime": "ai-edge-litert", "accelerator": "gpu",
            "accelerator_options": tomllib.loads(options),
        }
    )  # fmt: skip
    with pytest.raises(UserError) as caught:
        refuse_accelerator(arm, RUNTIMES["ai-edge-litert"])
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_arms_that_differ_in_cores_and_options_are_said_to(tiny):
    tiny.candidate = tiny.baseline
    options = 'accelerator = "qnn"\naccelerator_options = { backend_path = "x" }'
    tiny.candidate_settings = ["cores = [0]", "threads = 2", options]
    found = looked_up(tiny.write())
    assert differences(*found.arms) == ["accelerator", "accelerator options", "threads", "cores"]
    assert found.notes == ["candidate: its 2 threads share 1 core(s)"]


def test_a_latency_item_that_is_not_there_is_said(tiny):
    tiny.measure["latency_item"] = "nothing"
    with pytest.raises(UserError, match="there is no item 'nothing'"):
        looked_up(tiny.write())


def output(shape):
    kept = OutputFile(tensor="sr", path="outputs/a1/i2.0.npy", sha256="0" * 64, dtype="float32", shape=shape, bytes=1)
    return QualityOutput(n=0, session=0, monotonic_ns=0, step=0, arm="a1", item="i2", outputs=[kept], latency_ns=1)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ([1, 3, 72, 72], "candidate: makes 72×72 from picture2.png"),
        ([1, 3, 48, 24], "makes 24×48"),
        ([1, 48, 48, 3], "not one picture of 3 channel"),
        ([1, 1, 48, 48], "not one picture of 3 channel"),
        ([2, 3, 48, 48], "not one picture"),
        ([3, 48, 48], "not a picture"),
    ],
)
def test_an_output_that_is_not_the_picture_that_was_asked_for_is_said_at_once(tiny, shape, words):
    check = OutputCheck(looked_up(tiny.write()))
    check(output([1, 3, 48, 48]))
    check(StepSkipped(n=1, session=0, monotonic_ns=0, step=3, reason="its arm failed"))
    with pytest.raises(UserError, match=words):
        check(output(shape))


def test_outputs_that_will_not_fit_are_said_before_anything_is_measured(tiny, tmp_path):
    found = looked_up(tiny.write())
    assert output_bytes(found) == 2 * 4 * 3 * 48 * 48 * 4  # arms, pictures, channels, pixels, bytes of float32
    check_space_here(tmp_path / "not" / "there", found, 1)
    with pytest.raises(UserError, match=r"the outputs of 100000000 device\(s\) need"):
        check_space_here(tmp_path / "not" / "there", found, 100_000_000)


def test_a_run_folder_is_never_one_that_holds_something(tmp_path):
    (tmp_path / "empty").mkdir()
    assert new_folder(RunFolder, tmp_path / "empty", "x").path == tmp_path / "empty"
    with pytest.raises(UserError, match="is there already"):
        new_folder(RunFolder, tmp_path, "x")
    assert new_folder(RunFolder, None, "a/b ; $(x)").path.name.endswith("-a-b-x")

"""Clips as items: their frames in order, the state between them, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.models.model_file import ModelFile, read_model
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_file import write_image
from harness.tasks.parts import Carried
from harness.tasks.registry import TASKS
from harness.tasks.sequence.codec import guess_state, make_sequence_codec
from harness.tasks.sequence.dataset import find_clips, read_clip
from harness.tasks.sequence.frame_files import frame_files
from harness.tasks.sequence.frame_order import misplaced_frames
from harness.tasks.sequence.frame_quality import broken_frames
from harness.tasks.sequence.options import FrameTensor
from tests.rig.clips import moving, write_clip, write_clips, write_frame_model, write_remembering_model


def files(folder: Path, names: str) -> Path:
    for name in names.split():
        write_image(folder / name, np.zeros((4, 4, 3), np.uint8))
    return folder


def test_frames_come_in_the_order_of_their_numbers(tmp_path):
    found = frame_files(files(tmp_path, "v2_c9.png v2_c10.png v2_c11.png .hidden.png"))
    assert [path.name for path in found.values()] == ["v2_c9.png", "v2_c10.png", "v2_c11.png"]
    assert list(found) == [9, 10, 11]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("f1.png f2.png f4.png", "frame 3 is missing between 1 and 4"),
        ("f1.png f9.png f10.png", "frames 2, 3, 4, 5, 6 and 2 more are missing between 1 and 10"),
        ("f1.png g2.png", "'f1.png' and 'g2.png' differ in more than their number"),
        ("f1.png f01.png", "have the same number"),
        ("f1.png title.png", "has no number in its name"),
        ("", "holds no frames"),
    ],
)
def test_frames_whose_order_is_not_known_are_refused_in_words(tmp_path, names, said):
    (tmp_path / "clip").mkdir()
    with pytest.raises(UserError) as refused:
        frame_files(files(tmp_path / "clip", names))
    assert said in str(refused.value)


def find(home: Path, scale: int = 2):
    return find_clips(home / "lr", home / "hr", scale, None, None)


def test_clips_are_matched_by_name_and_number(tmp_path):
    write_clips(tmp_path, ["one", "two"], 12)
    found = find(tmp_path)
    assert [(clip.stem, clip.frames, clip.input_size, clip.reference_size) for clip in found] == [
        ("one", 12, (16, 20), (32, 40)), ("two", 12, (16, 20), (32, 40)),
    ]  # fmt: skip
    assert np.array_equal(read_clip(tmp_path / "hr" / "one"), moving(12, 32, 40, 0))
    assert read_clip(tmp_path / "lr" / "one").shape == (12, 16, 20, 3)


def test_clips_that_do_not_match_are_refused_in_words(tmp_path):
    write_clips(tmp_path, ["one"], 4)
    with pytest.raises(UserError, match=r"its frames are 40×32, and those of its input 20×16 with data.scale = 3"):
        find(tmp_path, 3)
    last = tmp_path / "lr" / "one" / "frame4.png"
    last.unlink()
    with pytest.raises(UserError, match=r"has 3 frames, and its reference .* 4"):
        find(tmp_path)
    write_clip(tmp_path / "lr" / "two", moving(4)[:, ::2, ::2], first=0)
    write_clip(tmp_path / "hr" / "two", moving(4))
    write_image(last, np.zeros((16, 20, 3), np.uint8))
    with pytest.raises(UserError, match=r"has frames 0 to 3, and its reference .* 1 to 4"):
        find(tmp_path)
    write_image(last, np.zeros((16, 22, 3), np.uint8))
    with pytest.raises(UserError, match=r"frame4.png: is 22×16, and frame1.png of the same clip 20×16"):
        find(tmp_path)
    (tmp_path / "lr" / "three").mkdir()
    with pytest.raises(UserError, match="has no reference"):
        find(tmp_path)
    with pytest.raises(UserError, match="holds no clips"):
        find_clips(tmp_path / "lr" / "one", tmp_path / "hr", 2, None, None)


def test_clips_in_folders_are_of_groups(tmp_path):
    write_clips(tmp_path, ["one", "two"], 3)
    for side in ("lr", "hr"):
        for clip, group in (("one", "day"), ("two", "night")):
            (tmp_path / side / group).mkdir()
            (tmp_path / side / clip).rename(tmp_path / side / group / clip)
    found = find_clips(tmp_path / "lr", tmp_path / "hr", 2, None, None, "folders")
    assert [(clip.stem, clip.input_path.parent.name) for clip in found] == [("one", "day"), ("two", "night")]
    with pytest.raises(UserError, match="holds no frames"):
        find(tmp_path)


def test_a_clip_is_known_again_by_its_frames(tmp_path):
    write_clips(tmp_path, ["one"], 3)
    task, home = TASKS["sequence"], tmp_path / "lr" / "one"
    before = task.fingerprint(home)
    (home / "notes.txt").write_text("not a frame")
    assert task.fingerprint(home) == before
    (home / "frame2.png").rename(home / "frame4.png")
    (home / "frame3.png").rename(home / "frame2.png")
    (home / "frame4.png").rename(home / "frame3.png")
    assert task.fingerprint(home) != before


def test_a_state_begins_with_zeros_and_is_then_carried(tmp_path):
    model = read_model(write_remembering_model(tmp_path / "m.onnx"))
    codec = make_sequence_codec(model, FrameTensor(state={"h_out": "h_in"}), 2)
    clip = moving(3)[:, ::2, ::2]
    frame, state = codec.encode(clip, 0)
    assert np.array_equal(state, np.zeros((1, 3, 16, 20), np.float32))
    assert frame.shape == (1, 3, 16, 20)
    assert codec.encode(clip, 2)[1] == Carried(output=1)
    assert guess_state(model) == {"h_out": "h_in"}


def info(name, shape, dtype="float32", **more):
    return TensorInfo(name=name, dtype=dtype, shape=shape, **more)


def model(inputs, outputs):
    return ModelFile(path=Path("m.onnx"), sha256="0" * 64, bytes=1, format="onnx", inputs=inputs, outputs=outputs)


LR, SR = info("lr", [1, 3, 16, 20]), info("sr", [1, 3, 32, 40])
H_IN, H_OUT = info("h_in", [1, 8, 16, 20]), info("h_out", [1, 8, 16, 20])


def quantised(name, scale):
    return info(name, [1, 8], "int8", scale=scale, zero_point=3)


HALF_OUT, MORE_IN, STATE = info("h_out", [1, 8, 16, 20], "float16"), info("g_in", [1, 8, 16, 20]), {"h_out": "h_in"}


@pytest.mark.parametrize(
    ("inputs", "outputs", "tensor", "said"),
    [
        ([LR, H_IN], [SR, H_OUT], {}, 'no state\n  Say which output fills which: [data.tensor] state = { "h_out" ='),
        ([LR, H_IN], [SR, H_OUT], {"state": {"h": "h_in"}}, "has no output 'h', which [data.tensor] state names"),
        ([LR, H_IN], [SR, H_OUT], {"state": {"h_out": "lr", "sr": "h_in"}}, "output 'h_out' has the shape"),
        ([LR, H_IN], [SR, HALF_OUT], {"state": STATE}, "(float16) cannot fill input 'h_in' (float32)"),
        ([LR, quantised("h_in", 0.1)], [SR, quantised("h_out", 0.2)], {"state": STATE}, "scale 0.2, zero 3) cannot"),
        ([LR], [SR], {"tiles": {"overlap": 12}}, "cannot overlap by 12 pixels"),
        ([LR], [SR], {"frames": [-1, 1]}, "frames: -1, +1 has no 0, the frame that is made"),
        ([LR], [SR], {"frames": [0, 0]}, "names one frame twice"),
        ([LR], [SR], {"frames": [-1, 0]}, "(1×3×16×20) does not hold 2 frames of 1 or 3 channels"),
        ([LR], [SR], {"frames": {"lr": 0, "before": -1}}, "has no input 'before', which [data.tensor] frames names"),
        ([LR, H_IN], [SR, H_OUT], {"state": STATE, "frames": {"lr": 0, "h_in": -1}}, "is given a frame and a state"),
        ([LR, MORE_IN, H_IN], [SR], {"frames": {"lr": 0, "g_in": -1}}, "nothing fills its input 'h_in'"),
        ([LR, H_IN, MORE_IN], [SR, H_OUT], {"state": STATE}, "'lr', 'g_in' are no state"),
        ([LR, H_IN], [SR, H_OUT], {"state": {"h_out": "h_in", "sr": "h_in"}}, "output 'sr' has the shape"),
    ],
)
def test_what_is_no_state_is_refused_in_words(inputs, outputs, tensor, said):
    with pytest.raises(UserError) as refused:
        make_sequence_codec(model(inputs, outputs), FrameTensor(**tensor), 2)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("shape", "axis"), [([1, 9, 16, 20], 1), ([1, 16, 20, 9], 3), ([1, 3, 3, 16, 20], None), ([1, 3, 16, 20, 3], None)]
)
def test_frames_are_stacked_as_the_input_s_shape_says(shape, axis):
    clip = np.random.default_rng(0).integers(0, 256, (5, 16, 20, 3)).astype(np.uint8)
    codec = make_sequence_codec(model([info("lr", shape)], [SR]), FrameTensor(frames=[-1, 0, 1]), 2)
    (made,) = codec.encode(clip, 0)
    assert list(made.shape) == shape == codec.input_shapes((16, 20))["lr"]
    expected = [clip[0] / 255.0, clip[0] / 255.0, clip[1] / 255.0]  # the first frame is repeated
    frames = list(made[0]) if axis is None else np.split(made[0], 3, axis=axis - 1)
    for frame, wanted in zip(frames, expected, strict=True):
        assert np.allclose(frame if shape[-1] in {3, 9} else frame.transpose(1, 2, 0), wanted, atol=1e-6)
    assert TASKS["sequence"].notes(model([info("lr", shape)], [SR]), codec) == [
        "is given 3 frames at once (-1, 0, +1); at a clip's ends its first and last are repeated"
    ]


def test_a_model_may_be_given_its_own_last_frame(tmp_path):
    before = info("before", [1, 3, 32, 40])
    codec = make_sequence_codec(model([LR, before], [SR]), FrameTensor(state={"sr": "before"}), 2)
    assert codec.frame.output_index == 0
    assert codec.states[0].output_index == 0
    assert codec.states[0].shape({}) == (1, 3, 32, 40)


def test_a_state_whose_size_nothing_decides_is_refused(tmp_path):
    write_clips(tmp_path, ["one"], 3)
    open_state = info("h_in", [1, 8, "k", "l"])
    given = model([info("lr", [1, 3, "h", "w"]), open_state], [SR, info("h_out", [1, 8, "k", "l"])])
    codec = make_sequence_codec(given, FrameTensor(state={"h_out": "h_in"}), 2)
    with pytest.raises(UserError, match="the size 'k' of its state 'h_in'"):
        codec.check(given, find(tmp_path)[0])


def test_a_quantised_state_begins_with_the_level_of_zero():
    quantised = {"dtype": "int8", "scale": 0.1, "zero_point": 3}
    given = model([LR, info("h_in", [1, 2], **quantised)], [SR, info("h_out", [1, 2], **quantised)])
    codec = make_sequence_codec(given, FrameTensor(state={"h_out": "h_in"}), 2)
    assert codec.encode(moving(2)[:, ::2, ::2], 0)[1].tolist() == [[3, 3]]


def test_frames_out_of_order_are_found():
    clip = moving(20)
    given = clip[:, ::2, ::2].copy()
    assert misplaced_frames(given, clip) == {}
    given[[6, 9]] = given[[9, 6]]
    assert misplaced_frames(given, clip) == {7: 10, 10: 7}
    assert misplaced_frames(np.repeat(given[:1], 20, axis=0), np.repeat(clip[:1], 20, axis=0)) == {}


def test_a_broken_frame_stands_out_and_a_hard_one_does_not():
    own = [34.0, 34.2, 33.9, 21.0, 34.1, 34.3, 34.0]
    floor = [30.0] * 7
    (found,) = broken_frames(own, floor)
    assert (found.number, found.psnr_db) == (4, 21.0)
    assert found.around_db == pytest.approx(34.05)
    assert broken_frames(own, [30.0, 30.0, 30.0, 19.0, 30.0, 30.0, 30.0]) == []
    assert broken_frames([34.0, 33.0, 31.0, 29.5, 31.0, 33.0], floor[:6]) == []
    assert broken_frames([20.0], [20.0]) == []


def test_a_new_experiment_is_written_with_the_state_that_fits(tmp_path):
    from harness.experiment.template import Draft, write_draft

    write_clips(tmp_path, ["one"], 3)
    draft = Draft(
        name=None,
        baseline=write_frame_model(tmp_path / "a.onnx"),
        candidate=write_remembering_model(tmp_path / "b.onnx"),
        inputs=tmp_path / "lr",
        references=tmp_path / "hr",
        out=tmp_path / "experiment.toml",
        task=None,
    )
    text = write_draft(draft)
    assert 'state = { "count_out" = "count_in" }' in text
    assert 'tensor = { state = { "h_out" = "h_in" } }' in text
    assert 'task = "sequence"' in text


def seen_of(tmp_path, change):
    """What a run shows of one clip of eight frames, of which the candidate's are changed."""
    from harness.tasks.sequence.clip_looks import ClipLooks
    from harness.tasks.sequence.options import Data

    model = read_model(write_remembering_model(tmp_path / "m.onnx"))
    codec = make_sequence_codec(model, FrameTensor(state={"h_out": "h_in"}), 1)
    clip = moving(12, 64, 80)
    write_clip(tmp_path / "hr" / "one", clip)
    looks = ClipLooks(Data(task="sequence", inputs="lr", references="hr"), ["psnr"], ["local"], ["old", "new"])
    given, made = change(clip.copy())
    soft = np.clip(clip.astype(int) + np.random.default_rng(0).integers(-9, 10, clip.shape), 0, 255).astype(np.uint8)
    looks.item("one", 0, 1, tmp_path / "hr" / "one", given, clip)
    for arm, frames in (("old", soft), ("new", made(soft.copy()))):
        tensors = [[(frame[None].transpose(0, 3, 1, 2) / 255.0).astype(np.float32)] for frame in frames]
        looks.output(["local"], arm, codec, codec.join(tensors, given))
    return looks.seen().doubts["local"]


def test_a_broken_frame_is_a_doubt_on_its_arm_alone(tmp_path):
    def break_one(frames):
        frames[7] = 255 - frames[7]
        return frames

    found = seen_of(tmp_path, lambda clip: (clip, break_one))
    assert "old" not in found.doubts
    assert found.doubts["new"][0].startswith("new breaks single frames (PSNR): frame 8 of one (")


def test_frames_that_were_mixed_up_are_a_suspicion_on_both_arms(tmp_path):
    def swap(clip):
        clip[[3, 8]] = clip[[8, 3]]
        return clip, lambda frames: frames

    found = seen_of(tmp_path, swap)
    assert any(
        "frames are out of order in the clip one: the input's frame 4 looks like frame 9" in each
        for each in found.pairs
    )


def test_channels_that_were_mixed_up_are_seen_in_the_middle_frame(tmp_path):
    found = seen_of(tmp_path, lambda clip: (clip, lambda frames: frames[..., ::-1]))
    assert any("new" in each for each in found.suspicions.get("new", [])), found


def test_a_clip_that_lacks_a_frame_or_holds_nan_is_no_clip(tmp_path):
    model = read_model(write_remembering_model(tmp_path / "m.onnx"))
    codec = make_sequence_codec(model, FrameTensor(state={"h_out": "h_in"}), 1)
    clip = moving(3)
    frame = np.zeros((1, 3, 32, 40), np.float32)
    with pytest.raises(ValueError, match="2 of 3 frames are there"):
        codec.join([[frame]] * 2, clip)
    with pytest.raises(ValueError, match="frame 2 of 3: the output holds 3840 values that are not finite"):
        codec.join([[frame], [frame * np.nan], [frame]], clip)

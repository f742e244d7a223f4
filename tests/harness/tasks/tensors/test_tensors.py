"""The task `tensors`: items of several files, names, shapes, quantisation, and every way that fails."""

import json
import os
import tomllib
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from harness.documents.schemas import json_schema
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.resolve import resolve
from harness.experiment.template import Draft, write_draft
from harness.models.tensor_info import TensorInfo
from harness.tasks.names import TASK_NAMES
from harness.tasks.registry import TASKS
from harness.tasks.tensor_file import read_header, read_tensor
from harness.tasks.tensors.codec import check_item, make_codec
from harness.tasks.tensors.dataset import find_items, fingerprint, items_in, read_tensors
from harness.tasks.tensors.options import Data, TensorNames
from tests.rig.tensor_experiment import EXACT, OFF, TensorExperiment, save, write_model

X = TensorInfo(name="x", dtype="float32", shape=["n", 3])
Y = TensorInfo(name="y", dtype="float32", shape=["n", 3])
SUM = TensorInfo(name="sum", dtype="float32", shape=["n", 3])


def model(inputs=(X, Y), outputs=(SUM,)):
    return SimpleNamespace(path="m.onnx", inputs=list(inputs), outputs=list(outputs))


def items(tmp_path, given, wanted):
    for role, tensors in (("given", given), ("wanted", wanted)):
        for name, tensor in tensors.items():
            save(tmp_path / role / f"{name}.npy", tensor)
    return find_items(tmp_path / "given", tmp_path / "wanted", None, None)


ONES = np.ones((2, 3), np.float32)


def test_names_of_tasks_are_those_of_the_registry():
    assert tuple(TASKS) == TASK_NAMES


def test_a_file_and_a_folder_of_files_are_items(tmp_path):
    found = items(tmp_path, {"b/x": ONES, "b/y": ONES, "a": ONES}, {"b/sum": 2 * ONES, "a": ONES})
    assert [item.stem for item in found] == ["a", "b"]
    assert set(found[1].inputs) == {"x", "y"}
    assert set(found[0].inputs) == {""}
    assert np.array_equal(read_tensors(found[1].reference_path)["sum"], 2 * ONES)


def test_what_is_no_tensor_is_left_alone_and_one_item_twice_is_refused(tmp_path):
    save(tmp_path / "a.npy", ONES)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".hidden.npy").write_bytes(b"x")
    assert list(items_in(tmp_path, "inputs")) == ["a"]
    save(tmp_path / "a" / "x.npy", ONES)
    with pytest.raises(UserError, match="one item twice"):
        items_in(tmp_path, "inputs")


def test_an_input_without_a_reference_is_refused(tmp_path):
    with pytest.raises(UserError, match="has no reference"):
        items(tmp_path, {"a": ONES, "b": ONES}, {"a": ONES})


def header(text: bytes, size: int = 118) -> bytes:
    """A .npy file of version 1.0 that ends after its header."""
    return np.lib.format.magic(1, 0) + size.to_bytes(2, "little") + text.ljust(size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a .npy file"),
        (b"\x93NUMPY\x01\x00\xff\xff{'descr'", "is not a .npy file"),
        (b"\x93NUMPY\x07\x00\x10\x00" + b" " * 16, "is not a .npy file"),
        (b"PK\x03\x04 an archive", "is not a .npy file"),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999,)}"),
            "holds 0 bytes of 39,996",
        ),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999999)}"),
            "are the most that a runner reads",
        ),
        (header(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "holds object, which no model takes"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "which no tensor has"),
    ],
)
def test_files_that_are_no_tensors_are_refused_before_anything_is_allocated(tmp_path, content, words):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_header(path)


def test_strings_complex_numbers_and_values_that_are_not_finite_are_refused(tmp_path):
    for tensor in (np.array(["a"]), np.array([1j])):
        save(tmp_path / "a.npy", tensor)
        with pytest.raises(UserError, match="which no model takes"):
            read_tensor(tmp_path / "a.npy")
    save(tmp_path / "a.npy", np.array([1.0, np.nan, np.inf]))
    with pytest.raises(UserError, match="holds 2 of 3 values that are NaN or infinite"):
        read_tensor(tmp_path / "a.npy")


def test_any_byte_order_and_memory_order_is_read_as_the_same_tensor(tmp_path):
    tensor = np.arange(6.0).reshape(2, 3)
    for stored in (tensor.astype(">f8"), np.asfortranarray(tensor)):
        save(tmp_path / "a.npy", stored)
        assert np.array_equal(read_tensor(tmp_path / "a.npy"), tensor)
        assert read_tensor(tmp_path / "a.npy").dtype.isnative


def test_a_folder_s_fingerprint_knows_names_and_contents(tmp_path):
    save(tmp_path / "a" / "x.npy", ONES)
    save(tmp_path / "a" / "y.npy", ONES)
    before = fingerprint(tmp_path / "a")
    assert fingerprint(tmp_path / "a") == before
    (tmp_path / "a" / "y.npy").rename(tmp_path / "a" / "z.npy")
    renamed = fingerprint(tmp_path / "a")
    save(tmp_path / "a" / "z.npy", 2 * ONES)
    assert len({before, renamed, fingerprint(tmp_path / "a")}) == 3


def test_inputs_are_encoded_in_the_model_s_order_by_name(tmp_path):
    (item,) = items(tmp_path, {"a/x": ONES, "a/y": 2 * ONES}, {"a/sum": ONES})
    plain = make_codec(model(), TensorNames())
    check_item(model(), plain, item)
    given = read_tensors(item.input_path)
    assert [tensor[0, 0] for tensor in plain.encode(given)] == [1.0, 2.0]
    turned = make_codec(model(), TensorNames(inputs={"x": "y", "y": "x"}))
    assert [tensor[0, 0] for tensor in turned.encode(given)] == [2.0, 1.0]
    assert TASKS["tensors"].input_shapes(plain, item) == {"x": [2, 3], "y": [2, 3]}


@pytest.mark.parametrize(
    ("given", "wanted", "words"),
    [
        ({"a/x": ONES}, {"a/sum": ONES}, "holds 'x', and m.onnx takes 'x', 'y'"),
        ({"a": ONES}, {"a/sum": ONES}, "is one tensor, and m.onnx takes 'x', 'y'"),
        ({"a/x": ONES, "a/y": np.ones((2, 4), np.float32)}, {"a/sum": ONES}, r"has the shape 2×4.*'y' of m.onnx \?×3"),
        ({"a/x": ONES, "a/y": ONES[0]}, {"a/sum": ONES}, r"has the shape 3, and tensor 'y'"),
        ({"a/x": ONES, "a/y": ONES}, {"a/diff": ONES}, "is a reference for no output of m.onnx, which has 'sum'"),
        ({"a/x": ONES, "a/y": ONES}, {"a/sum": ONES[:, :2]}, r"wanted/a/sum.npy: has the shape 2×2"),
    ],
)
def test_items_that_do_not_fit_the_model_are_refused_by_name(tmp_path, given, wanted, words):
    (item,) = items(tmp_path, given, wanted)
    with pytest.raises(UserError, match=words):
        check_item(model(), make_codec(model(), TensorNames()), item)


def test_names_that_the_model_has_not_got_are_refused():
    with pytest.raises(UserError, match=r"has no input 'z', which \[data.tensor\] inputs names"):
        make_codec(model(), TensorNames(inputs={"z": "x"}))
    with pytest.raises(UserError, match="two inputs are called 'y'"):
        make_codec(model(), TensorNames(inputs={"x": "y"}))
    with pytest.raises(UserError, match="holds string"):
        make_codec(model(inputs=[TensorInfo(name="t", dtype="string", shape=[1])]), TensorNames())


def test_floats_for_a_quantised_model_go_through_its_scale_and_back():
    """Affine quantisation: real = (level − zero point) · scale, as the .tflite format defines it."""
    quantised = [TensorInfo(name=name, dtype="int8", shape=[4], scale=0.5, zero_point=-10) for name in ("x", "y")]
    codec = make_codec(model(inputs=quantised[:1], outputs=quantised[1:]), TensorNames())
    (levels,) = codec.encode({"": np.array([0.0, 0.5, -1.0, 1e6])})
    assert levels.dtype == np.int8
    assert levels.tolist() == [-10, -9, -12, 127]
    assert codec.decode([levels])["y"].tolist() == [0.0, 0.5, -1.0, 68.5]
    (as_they_are,) = codec.encode({"": np.array([1, 2, 3, 4], np.int64)})
    assert as_they_are.tolist() == [1, 2, 3, 4]
    with pytest.raises(UserError, match="values beyond int8"):
        codec.encode({"": np.array([1, 2, 3, 400], np.int64)})


def test_floats_are_not_rounded_to_integers_in_silence(tmp_path):
    tokens = model(inputs=[TensorInfo(name="t", dtype="int64", shape=[2, 3])])
    (item,) = items(tmp_path, {"a": ONES}, {"a": ONES})
    with pytest.raises(UserError, match=r"holds float32, and input 't' of m\.onnx takes int64"):
        check_item(tokens, make_codec(tokens, TensorNames()), item)


def test_an_output_that_is_not_finite_is_no_output():
    with pytest.raises(ValueError, match="output 'sum' holds 1 values that are not finite"):
        make_codec(model(), TensorNames()).decode([np.array([1.0, np.nan])])


def test_shapes_of_outputs_are_compared_with_the_references(tmp_path):
    (item,) = items(tmp_path, {"a/x": ONES, "a/y": ONES}, {"a/sum": ONES})
    codec = make_codec(model(), TensorNames())
    TASKS["tensors"].check_outputs(model(), codec, "arm", item, [[2, 3]])
    with pytest.raises(
        UserError, match=r"arm: its output 'sum' has the shape \[1, 3\] for a, and its reference .* \[2, 3\]"
    ):
        TASKS["tensors"].check_outputs(model(), codec, "arm", item, [[1, 3]])
    assert TASKS["tensors"].output_bytes(codec, item) == 2 * 3 * 4


# Chosen and renamed per arm

GAIN = TensorInfo(name="gain", dtype="float32", shape=["n", 1])
AUX = TensorInfo(name="aux", dtype="float32", shape=[4])


def test_a_constant_fills_an_input_that_no_file_does_in_the_size_of_the_others(tmp_path):
    wide = model(inputs=(X, GAIN, Y))
    (item,) = items(tmp_path, {"a/x": ONES, "a/y": 2 * ONES}, {"a/sum": ONES})
    codec = make_codec(wide, TensorNames(constants={"gain": 0.5}))
    check_item(wide, codec, item)
    _, gain, _ = codec.encode(read_tensors(item.input_path))
    assert gain.dtype == np.float32
    assert gain.tolist() == [[0.5], [0.5]]
    assert TASKS["tensors"].input_shapes(codec, item) == {"x": [2, 3], "gain": [2, 1], "y": [2, 3]}
    assert TASKS["tensors"].notes(wide, codec) == ["its input 'gain' is 0.5 everywhere"]


def test_a_constant_leaves_an_item_s_only_file_any_name(tmp_path):
    one = model(inputs=(GAIN, X), outputs=(SUM,))
    (item,) = items(tmp_path, {"a": ONES}, {"a": ONES})
    codec = make_codec(one, TensorNames(constants={"gain": 1.0}))
    check_item(one, codec, item)
    assert [tensor.shape for tensor in codec.encode(read_tensors(item.input_path))] == [(2, 1), (2, 3)]


def test_a_single_number_stays_one(tmp_path):
    scalar = TensorInfo(name="gain", dtype="float32", shape=[])
    (item,) = items(tmp_path, {"a/x": ONES, "a/gain": np.float32(2.0)}, {"a/sum": ONES})
    assert make_codec(model(inputs=(X, scalar)), TensorNames()).encode(read_tensors(item.input_path))[1].shape == ()
    filled = make_codec(model(inputs=(X, scalar)), TensorNames(constants={"gain": 2.0}))
    assert filled.encode(read_tensors(item.input_path))[1].shape == ()


def test_one_file_fills_two_inputs_where_both_are_said(tmp_path):
    (item,) = items(tmp_path, {"a/x": ONES}, {"a/sum": ONES})
    codec = make_codec(model(), TensorNames(inputs={"x": "x", "y": "x"}))
    check_item(model(), codec, item)
    assert all(np.array_equal(each, ONES) for each in codec.encode(read_tensors(item.input_path)))
    with pytest.raises(UserError, match="two inputs are called 'x'"):
        make_codec(model(), TensorNames(inputs={"y": "x"}))


def test_an_output_that_is_given_another_one_s_name_is_compared_in_its_place(tmp_path):
    both = model(outputs=(SUM, TensorInfo(name="fixed", dtype="float32", shape=["n", 3])))
    (item,) = items(tmp_path, {"a/x": ONES, "a/y": ONES}, {"a/sum": ONES})
    codec = make_codec(both, TensorNames(outputs={"fixed": "sum"}))
    check_item(both, codec, item)
    assert codec.output_of("sum") == 1
    assert TASKS["tensors"].outputs_needed(codec) == [1]
    assert set(codec.decode([2 * ONES])) == {"sum"}


def test_of_many_references_those_that_are_named_are_compared_and_the_rest_is_left_alone(tmp_path):
    save(tmp_path / "given" / "a" / "x.npy", ONES)
    save(tmp_path / "given" / "a" / "y.npy", ONES)
    for name in ("sum", "noise"):
        save(tmp_path / "wanted" / "a" / f"{name}.npy", ONES)
    (item,) = find_items(tmp_path / "given", tmp_path / "wanted", None, None, None, ["sum"])
    assert set(item.references) == {"sum"}
    wide = model(outputs=(AUX, SUM))
    codec = make_codec(wide, TensorNames(), ["sum"])
    check_item(wide, codec, item)
    data = Data(task="tensors", inputs="given", references="wanted", scored=["sum"])
    task = TASKS["tensors"].of(data)
    assert task.outputs_needed(codec) == [1]
    assert [info.name for info in task.tensors(codec)[1]] == ["sum"]
    assert set(task.read_reference(item.reference_path)) == {"sum"}
    assert task.decode(codec, [ONES], {}).keys() == {"sum"}
    assert task.notes(wide, codec) == ["its outputs 'aux' are not compared"]
    with pytest.raises(UserError, match=r"holds no aux.npy, which data.scored names"):
        find_items(tmp_path / "given", tmp_path / "wanted", None, None, None, ["aux"])


@pytest.mark.parametrize(
    ("names", "scored", "words"),
    [
        ({"constants": {"gian": 1.0}}, None, r"has no input 'gian', which \[data.tensor\] constants names"),
        ({"constants": {"x": 1.0}, "inputs": {"x": "x"}}, None, "'x' is given a file and a constant"),
        ({"constants": {"x": 1.0, "y": 1.0}}, None, "constants fill every input"),
        ({}, ["total"], "has no output 'total', which data.scored names"),
        ({"outputs": {"sum": "a", "aux": "a"}}, None, "two outputs are called 'a'"),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_name(names, scored, words):
    with pytest.raises(UserError, match=words):
        make_codec(model(outputs=(SUM, AUX)), TensorNames(**names), scored)


def test_a_constant_that_an_integer_cannot_be_and_one_of_no_known_size_are_refused(tmp_path):
    steps = TensorInfo(name="steps", dtype="int64", shape=[])
    with pytest.raises(UserError, match=r"takes int64, and \[data.tensor\] constants gives it 0.5"):
        make_codec(model(inputs=(X, Y, steps)), TensorNames(constants={"steps": 0.5}))
    open_size = model(inputs=(X, Y, TensorInfo(name="k", dtype="float32", shape=["m"])))
    (item,) = items(tmp_path, {"a/x": ONES, "a/y": ONES}, {"a/sum": ONES})
    with pytest.raises(UserError, match="leaves a size open"):
        check_item(open_size, make_codec(open_size, TensorNames(constants={"k": 1.0})), item)


# experiment.toml


def test_an_experiment_on_tensors_is_looked_up_with_each_arm_s_own_names(tmp_path):
    experiment = TensorExperiment(tmp_path)
    path = experiment.write()
    found = resolve(parse_experiment(path.read_bytes(), path), lambda done, total: None)
    assert found.file.experiment.measure.metrics == ["max_abs_error", "cosine_similarity", "snr"]
    assert found.arms[1].codec.input_names == ["y", "x"]
    assert found.arms[1].codec.output_names == ["sum", "product"]
    assert [item.stem for item in found.items] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('task = "tensors"', 'task = "tensor"', "unknown task 'tensor' in data.task; known: image_to_image, seq"),
        ('task = "tensors"', "task = 3", "unknown task 3 in data.task"),
        ('references = "wanted"', 'references = "wanted"\nscale = 2', "unknown key `data.scale`"),
        ("inputs = { left", "inptus = { left", r"unknown key `arms\[1\].tensor.inptus`"),
        ("tensor = { inputs", 'tensor = { color = "y", inputs', r"unknown key `arms\[1\].tensor.color`"),
        ("seed = 7", 'seed = 7\nmetrics = ["psnr"]', "unknown metric 'psnr' in measure.metrics; known: snr"),
        ('tensor = { inputs = { left = "x"', "tensor = { inputs = { left = 3", r"`arms\[1\].tensor.inputs.left`"),
    ],
)
def test_what_is_wrong_with_the_tables_of_a_task_is_said_at_its_place(tmp_path, old, new, words):
    path = TensorExperiment(tmp_path).write()
    text = path.read_text()
    assert old in text
    with pytest.raises(UserError, match=words):
        parse_experiment(text.replace(old, new).encode(), path)


def test_the_nearest_key_is_that_of_the_task_s_own_table(tmp_path):
    path = TensorExperiment(tmp_path).write()
    with pytest.raises(UserError) as raised:
        parse_experiment(path.read_text().replace("inputs = { left", "inptus = { left").encode(), path)
    assert raised.value.remedy == "Did you mean `inputs`?"


def test_a_schema_knows_the_tables_of_both_tasks(tmp_path):
    table = tomllib.loads(TensorExperiment(tmp_path).write().read_text())
    jsonschema.validate(table, json_schema("experiment"))
    table["data"]["scale"] = 2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, json_schema("experiment"))


def test_init_writes_an_experiment_that_can_be_looked_up(tmp_path):
    TensorExperiment(tmp_path).write()
    write_model(tmp_path / OFF, ("x", "y"), ("sum", "product"), 1.01)
    draft = Draft(
        name=None, baseline=tmp_path / EXACT, candidate=tmp_path / OFF, inputs=tmp_path / "given",
        references=tmp_path / "wanted", out=tmp_path / "new.toml", task="tensors",
    )  # fmt: skip
    text = write_draft(draft)
    found = resolve(parse_experiment(text.encode(), draft.out), lambda done, total: None)
    assert found.file.experiment.data.task == "tensors"
    assert 'the baseline has "x", "y"' in text
    assert {rule.quantity for rule in found.file.experiment.rules} >= {"cosine_similarity", "snr", "latency_p50"}
    assert json.loads(found.file.experiment.model_dump_json())["data"]["task"] == "tensors"


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes here")
def test_names_that_are_no_text_are_refused(tmp_path):
    save(tmp_path / "a.npy", ONES)
    (tmp_path / "a.npy").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.npy"))
    with pytest.raises(UserError, match="is not UTF-8 text"):
        items_in(tmp_path, "inputs")

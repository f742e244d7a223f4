"""Labels and scores of classes: what is found, how outputs are read, and what is refused in which words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.classification.chance import Answer, at_chance, other_order
from harness.tasks.classification.codec import make_codec
from harness.tasks.classification.dataset import find_items
from harness.tasks.classification.label_looks import LabelLooks
from harness.tasks.classification.options import ClassTensor, Data
from harness.tasks.classification.output_check import check_label, check_outputs
from tests.rig.digits import NAMES, DigitsExperiment, write_classifier

PICTURE = [1, 3, 8, 8]


def model(*outputs: TensorInfo, given: TensorInfo | None = None) -> ModelFile:
    info = given or TensorInfo(name="picture", dtype="float32", shape=PICTURE)
    made = list(outputs) or [TensorInfo(name="scores", dtype="float32", shape=[1, 3])]
    return ModelFile(Path("m.onnx"), "onnx", "0" * 64, 1, [info], made)


def pictures(folder: Path, *names: str, size: tuple[int, int] = (8, 8)) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (10, 20, 30)).save(path)


def found(tmp_path: Path, labels: str | None, tensor: ClassTensor | None = None, **more: object) -> list:
    if labels is not None:
        (tmp_path / "labels.csv").write_text(labels)
    data = Data(
        task="classification",
        inputs="in",
        labels=None if labels is None else "labels.csv",
        tensor=tensor or ClassTensor(),
        **more,
    )
    return find_items(data, lambda path: tmp_path / path)


def test_items_and_labels_come_from_a_csv_or_from_folders(tmp_path):
    pictures(tmp_path / "in", "b.png", "a.jpg", "cat/one.png", "dog/one.png")
    items = found(tmp_path, "item,label\na,cat\nb.png,dog\n")
    assert [(item.stem, item.label) for item in items] == [("a", "cat"), ("b", "dog")]
    for stray in ("b.png", "a.jpg"):
        (tmp_path / "in" / stray).unlink()
    items = found(tmp_path, None)
    assert [(item.stem, item.label) for item in items] == [("cat/one", "cat"), ("dog/one", "dog")]


def test_labels_that_are_numbers_are_places_in_the_output(tmp_path):
    pictures(tmp_path / "in", "a.png", "b.png")
    classes = ClassTensor(classes=["cat", "dog", "elk"])
    items = found(tmp_path, "item,label\na,2\nb,00\n", classes)
    assert [item.label for item in items] == ["elk", "cat"]
    items = found(tmp_path, "item,label\na,2\nb,0\n", ClassTensor(classes=["2", "1", "0"]))  # names, all of them
    assert [item.label for item in items] == ["2", "0"]
    assert [item.label for item in found(tmp_path, "item,label\na,2\nb,0\n")] == ["2", "0"]


@pytest.mark.parametrize(
    ("labels", "tensor", "words"),
    [
        ("item,label\na,cat\n", None, r"labels\.csv: b\.png has no label"),
        ("item,label\na,cat\nb,cat\nc,dog\nd,dog\n", None, "labels 'c' and 1 more, and no such input"),
        ("name;class\na;cat\n", None, "begins with 'name;class', not with item,label"),
        ("item,label\na,cat,dog\n", None, "line 2 does not name one item and one label"),
        ("item,label\na,cat\na,dog\nb,cat\n", None, "a is labelled 'cat' and, on line 3, 'dog'"),
        ("item,label\n", None, "labels no item"),
        ('item,label\n"a,cat\n', None, "is no CSV"),
        (
            "item,label\na,3\nb,0\n",
            ClassTensor(classes=["x", "y", "z"]),
            "label 3, and the 3 classes are numbered 0",
        ),
        ("item,label\na,w\nb,x\n", ClassTensor(classes=["x", "y"]), "label 'w', which is none of the 2 classes"),
        ("item,label\na,x\nb,x\n", ClassTensor(classes=["x", "x"]), "'x' stands twice, as class 1 and class 2"),
        ("item,label\na,x\nb,x\n", ClassTensor(classes=["x"]), "names 1 classes"),
        ("item,label\na,x\nb,x\n", ClassTensor(classes="names.txt"), r"names\.txt: no such file"),
    ],
)
def test_labels_that_do_not_fit_are_refused_in_words(tmp_path, labels, tensor, words):
    pictures(tmp_path / "in", "a.png", "b.png")
    with pytest.raises(UserError, match=words):
        found(tmp_path, labels, tensor)


def test_a_folder_that_is_none_of_classes_is_told_what_to_do(tmp_path):
    pictures(tmp_path / "in", "a.png")
    with pytest.raises(UserError, match="none in a folder that is called as its class"):
        found(tmp_path, None)


@pytest.mark.parametrize(
    ("given", "tensor", "words"),
    [
        (
            model(
                TensorInfo(name="hidden", dtype="float32", shape=[1, 8]),
                TensorInfo(name="y", dtype="float32", shape=[1, 3]),
            ),
            ClassTensor(),
            r"puts out 2 tensors: 'hidden' \(1×8\), 'y' \(1×3\)",
        ),
        (model(), ClassTensor(output="x"), "has no output 'x'"),
        (model(), ClassTensor(classes=["a", "b"]), "has 3 scores, and .* names 2"),
        (model(TensorInfo(name="y", dtype="float32", shape=[1, 7, 7, 3])), ClassTensor(), "is no row of scores"),
        (model(TensorInfo(name="y", dtype="int64", shape=[1])), ClassTensor(), "holds int64"),
        (model(TensorInfo(name="y", dtype="float32", shape=[1, 1])), ClassTensor(), "is one number, and what it says"),
        (
            model(TensorInfo(name="y", dtype="float32", shape=[1, 1])),
            ClassTensor(classes=["a", "b"]),
            "may be a logit or a probability",
        ),
        (model(), ClassTensor(resize=224), "by which kernel is not said"),
        (model(), ClassTensor(kernel="bilinear"), "nothing is resized"),
        (model(), ClassTensor(mean=[0.5]), r"takes 3 channel\(s\), and .* mean has 1"),
        (model(), ClassTensor(color="grey"), "takes 3 channel"),
        (
            model(given=TensorInfo(name="x", dtype="uint8", shape=[1, 8, 8, 3])),
            ClassTensor(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]),
            "the model normalises itself, and the experiment asks for mean and std again",
        ),
        (
            model(given=TensorInfo(name="x", dtype="uint8", shape=[1, 8, 8, 3], scale=1 / 255, zero_point=0)),
            ClassTensor(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
            "Is it normalised twice",
        ),
        (
            model(given=TensorInfo(name="x", dtype="uint8", shape=[1, 8, 8, 3], scale=1.0, zero_point=0)),
            ClassTensor(),
            "black and white as 0 and 1 do not fit",
        ),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_refused_in_words(given, tensor, words):
    with pytest.raises(UserError, match=words):
        make_codec(given, tensor, "pictures")


def test_a_background_class_is_thought_of():
    with pytest.raises(UserError) as refused:
        make_codec(model(), ClassTensor(classes=["a", "b"]), "pictures")
    assert "background" in (refused.value.remedy or "")


@pytest.mark.parametrize(
    ("values", "scores", "expected"),
    [
        ([[0.1, 0.7, 0.2]], "auto", [0.1, 0.7, 0.2]),
        ([[0.0, 1.0, 0.0]], "auto", [0.0, 1.0, 0.0]),
        ([[1.0, 2.0, 0.0]], "auto", np.exp([1.0, 2.0, 0.0]) / np.exp([1.0, 2.0, 0.0]).sum()),
        ([[900.0, 0.0, -900.0]], "logits", [1.0, 0.0, 0.0]),
        ([[[[0.1]], [[0.7]], [[0.2]]]], "logits", np.exp([0.1, 0.7, 0.2]) / np.exp([0.1, 0.7, 0.2]).sum()),
    ],
)
def test_logits_and_probabilities_are_told_apart_or_declared(values, scores, expected):
    codec = make_codec(model(), ClassTensor(scores=scores), "pictures")
    assert codec.decode(np.array(values, np.float32)).probabilities == pytest.approx(expected, abs=1e-6)


def test_a_quantised_output_is_dequantised_and_one_number_is_of_two_classes():
    quantised = model(TensorInfo(name="y", dtype="uint8", shape=[1, 3], scale=1 / 256, zero_point=0))
    codec = make_codec(quantised, ClassTensor(), "pictures")
    assert codec.decode(np.array([[64, 128, 62]], np.uint8)).probabilities == pytest.approx([0.25, 0.5, 62 / 256])
    single = make_codec(
        model(TensorInfo(name="y", dtype="float32", shape=[1, 1])),
        ClassTensor(classes=["no", "yes"], scores="logits"),
        "pictures",
    )
    assert single.decode(np.array([[0.0]], np.float32)).probabilities.tolist() == [0.5, 0.5]
    assert single.decode(np.array([[-800.0]], np.float32)).probabilities == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((1, 3), np.nan, np.float32), "3 values that are not finite"),
        (np.zeros((1, 4), np.float32), "4 scores, and there are 3 classes"),
        (np.zeros((1, 3, 2), np.float32), "not that of one score for each class"),
    ],
)
def test_an_output_that_is_none_is_said(values, words):
    with pytest.raises(ValueError, match=words):
        make_codec(model(), ClassTensor(), "pictures").decode(values)


def test_declared_probabilities_that_are_none_are_said():
    codec = make_codec(model(), ClassTensor(scores="probabilities"), "pictures")
    with pytest.raises(ValueError, match=r"reaches from -2 to 3: no probabilities"):
        codec.decode(np.array([[-2.0, 3.0, 0.0]], np.float32))


def test_a_label_beyond_the_model_s_classes_is_refused(tmp_path):
    pictures(tmp_path / "in", "a.png")
    (item,) = found(tmp_path, "item,label\na,3\n")
    codec = make_codec(model(), ClassTensor(), "pictures")
    with pytest.raises(UserError, match=r"a: has the label 3, and m\.onnx puts out 3 scores \(0 to 2\)"):
        check_label(model(), codec, item)
    (item,) = found(tmp_path, "item,label\na,cat\n")
    with pytest.raises(UserError, match="is labelled 'cat', and which of the 3 scores"):
        check_label(model(), codec, item)
    named = make_codec(model(), ClassTensor(classes=["cats", "dogs", "elks"]), "pictures")
    with pytest.raises(UserError) as refused:
        check_label(model(), named, item)
    assert refused.value.remedy == "Did you mean 'cats'?"
    open_model = model(TensorInfo(name="y", dtype="float32", shape=["n", "k"]))
    (item,) = found(tmp_path, "item,label\na,7\n")
    open_codec = make_codec(open_model, ClassTensor(), "pictures")
    check_label(open_model, open_codec, item)
    with pytest.raises(UserError, match="puts out 5 scores, and a has the label 7"):
        check_outputs(open_model, open_codec, "arm", item, [[1, 5]])


# Of arms that are read wrongly alike.


def answered(accuracy: float, count: int, classes: int = 10, seed: int = 0) -> list[Answer]:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, count)
    given = np.where(draw.random(count) < accuracy, labels, draw.integers(0, classes, count))
    return [Answer(f"i{n}", NAMES[a], NAMES[b]) for n, (a, b) in enumerate(zip(labels, given, strict=True))]


def test_chance_is_told_from_ability():
    false_alarms = sum(at_chance(answered(0.4, 60, seed=seed)) is not None for seed in range(50))
    found_out = sum(at_chance(answered(0.0, 60, seed=seed)) is not None for seed in range(50))
    assert false_alarms <= 1
    assert found_out >= 47
    assert at_chance(answered(0.0, 5)) is None


def test_another_order_of_classes_is_found_and_none_where_there_is_none():
    right = answered(0.9, 100)
    turned = {name: NAMES[(place + 3) % 10] for place, name in enumerate(NAMES)}
    text = other_order([Answer(each.item, each.label, turned[each.answer]) for each in right], NAMES)
    assert text is not None
    assert "classes in another order" in text
    shifted = {name: NAMES[min(place + 1, 9)] for place, name in enumerate(NAMES)}
    text = other_order([Answer(each.item, each.label, shifted[each.answer]) for each in right], NAMES)
    assert text is not None
    assert "one place later" in text
    assert all(other_order(answered(accuracy, 60, seed=seed), NAMES) is None for accuracy in (0.0, 0.5, 0.95)
               for seed in range(10))  # fmt: skip


def looked(first: list[Answer], second: list[Answer]) -> LabelLooks:
    looks = LabelLooks(["here"], ["one", "two"])
    codec = make_codec(
        model(TensorInfo(name="y", dtype="float32", shape=[1, 10])), ClassTensor(classes=NAMES), "pictures"
    )
    for place, (one, two) in enumerate(zip(first, second, strict=True)):
        looks.item(one.item, place, len(first), Path("x"), None, one.label)
        for arm, answer in (("one", one), ("two", two)):
            values = np.zeros((1, 10), np.float32)
            values[0, NAMES.index(answer.answer)] = 5.0
            looks.output(["here"], arm, codec, [values])
    return looks


def test_two_arms_that_answer_by_chance_alike_are_doubted_and_good_ones_are_not():
    wrong = looked(answered(0.0, 80), answered(0.0, 80)).seen().doubts["here"]
    assert any("every arm answers by chance" in text for text in wrong.pairs)
    good = looked(answered(0.9, 80), answered(0.85, 80)).seen()
    assert good.doubts["here"].all() == []
    assert "read as logits, told from its values" in " ".join(good.notes)
    broken = looked(answered(0.9, 80), answered(0.0, 80)).seen().doubts["here"]
    assert not broken.pairs
    assert not broken.suspicions
    assert "chance" in broken.doubts["two"][0]


def test_one_answer_to_everything_is_said():
    labels = answered(0.9, 40)
    constant = [Answer(each.item, each.label, "seven") for each in labels]
    (text,) = looked(labels, constant).seen().doubts["here"].doubts["two"]
    assert text == "two answers 'seven' to everything, though labels differ"


# The command's part.


def test_a_classifier_with_classes_in_a_wrong_order_is_doubted_before_anything_runs(tmp_path, capsys):
    experiment = DigitsExperiment(tmp_path)
    experiment.tensor = f"classes = {json.dumps(NAMES[5:] + NAMES[:5])}"
    assert main(["check", str(experiment.write())]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "would be doubted" in said
    assert "where chance gives" in said


def test_levels_that_the_model_was_not_trained_with_are_found(tmp_path, capsys):
    experiment = DigitsExperiment(tmp_path)
    experiment.tensor += "\nrange = [-3.0, 1.0]"
    assert main(["check", str(experiment.write())]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "looks like another reading of its input: range = [0, 1], without mean and std" in said


def write_colors(folder: Path, color: str) -> Path:
    """Red, green and blue pictures, and a model that says which channel is the brightest, with both arms alike."""
    draw = np.random.default_rng(0)
    for place, name in enumerate(["red", "green", "blue"]):
        for number in range(12):
            picture = draw.integers(0, 120, (9, 12, 3)).astype(np.uint8)
            picture[..., place] += 90
            path = folder / "given" / name / f"{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture, "RGB").save(path)
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colors",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    experiment = DigitsExperiment(folder, in_folders=True)
    experiment.tensor = f'classes = ["red", "green", "blue"]\ncolor = "{color}"'
    experiment.metrics = ["top1"]
    for name in ("float.onnx", "int8.onnx"):
        (folder / name).write_bytes(made.SerializeToString())
    return experiment.write_toml()


def test_blue_and_red_read_the_wrong_way_round_in_both_arms_are_found(tmp_path, capsys):
    path = write_colors(tmp_path / "wrong", "bgr")
    assert main(["check", str(path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert 'looks like another reading of its input: color = "rgb" answers 16 of 24 more rightly' in said
    assert "would be doubted" in said
    assert main(["check", str(write_colors(tmp_path / "right", "rgb"))]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "24 of 24 answered rightly" in said
    assert "doubt" not in said


def test_two_outputs_and_none_named_are_refused_and_a_named_one_is_taken(tmp_path, capsys):
    experiment = DigitsExperiment(tmp_path)
    path = experiment.write()
    for name in ("float.onnx", "int8.onnx"):
        write_classifier(tmp_path / name, aux=True, softmax=True)
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().err
    assert "puts out 2 tensors: 'hidden' (1×32), 'scores' (1×10)" in said
    assert "[data.tensor] output" in said
    experiment.tensor += '\noutput = "scores"'
    assert main(["check", str(experiment.write_toml())]) == 0
    assert "probabilities (told from their values)" in capsys.readouterr().out


@pytest.mark.parametrize("in_folders", [False, True])
def test_init_sees_that_it_is_classification_and_writes_what_can_be_run(tmp_path, capsys, in_folders):
    experiment = DigitsExperiment(tmp_path, in_folders=in_folders)
    experiment.write()
    out = tmp_path / "new.toml"
    labels = [] if in_folders else ["--references", str(tmp_path / "labels.csv")]
    command = ["init", "--baseline", str(tmp_path / "float.onnx"), "--candidate", str(tmp_path / "int8.onnx")]
    assert main([*command, "--inputs", str(tmp_path / "given"), *labels, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "taken for the task classification" in said
    assert "alphabet" in said
    # The digits' names are not in the order of the alphabet, which the models' classes are not in.
    assert "where chance gives" in " ".join(said.split())
    text = out.read_text()
    assert 'task = "classification"' in text
    assert main(["check", str(out)]) == 0

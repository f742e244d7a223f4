"""A rule on one group of items: where it may stand, and what `bakeoff check` says of it."""

import pytest

from harness.cli.main import main
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.resolve import resolve
from tests.rig.tiny_experiment import TinyExperiment


def experiment(home, group="night", quantity="psnr_y", groups='groups = "tags.csv"', tags="picture0,night\n"):
    path = TinyExperiment(
        home, rules=[{"quantity": quantity, "no_worse_than": "0.1 dB", "group": group}], candidate="double.onnx"
    ).write()
    (path.parent / "tags.csv").write_text(f"item,tag\n{tags}picture1,night\npicture2,faces\n")
    path.write_text(path.read_text().replace("scale = 2", f"scale = 2\n{groups}"))
    return path


def test_check_says_how_many_images_the_group_has_and_that_they_are_too_few(tmp_path, capsys):
    path = experiment(tmp_path)
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "rule      PSNR (Y): at most 0.1 dB lower on night (2 images)" in said
    path.write_text(path.read_text().replace("min_items = 2", "min_items = 3"))
    assert main(["check", str(path)]) == 0
    assert "only 2 images of night: rules on it stay open below 3 (measure.min_items)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"group": "nihgt"}, r"a rule is on the group 'nihgt' of psnr_y, and no item is in it"),
        ({"groups": ""}, "a rule is on the group 'night', and data.groups is not given"),
        ({"group": ""}, r"`rules\[0\].group`"),
    ],
)
def test_a_group_that_is_none_is_refused_in_words(tmp_path, kwargs, words):
    path = experiment(tmp_path, **kwargs)
    with pytest.raises(UserError, match=words):
        resolve(parse_experiment(path.read_bytes(), path), lambda done, total: None)


def test_a_rule_on_times_takes_no_group(tmp_path):
    path = experiment(tmp_path)
    text = path.read_text().replace('"psnr_y"\nno_worse_than = "0.1 dB"', '"latency_p50"\nno_worse_than = "5 %"')
    with pytest.raises(UserError, match="group is for scores; latency_p50 is not measured item by item"):
        parse_experiment(text.encode(), path)

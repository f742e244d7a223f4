"""experiment.toml: what is valid, and how a fault is said."""

import contextlib
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.experiment.file import parse_experiment, read_experiment
from harness.quantity import QUANTITIES

VALID = """
name = "a"
question = "b?"
[data]
inputs = "lr"
references = "hr"
scale = 2
[[arms]]
name = "one"
role = "baseline"
model = "a.onnx"
runtime = "onnxruntime"
[[arms]]
name = "two"
role = "candidate"
model = "b.onnx"
runtime = "onnxruntime==1.32.0"
[[rules]]
quantity = "latency_p50"
improve_by_at_least = "5 %"
"""


def parsed(text: str):
    return parse_experiment(text.encode(), Path("/somewhere/experiment.toml"))


def test_a_valid_experiment_has_its_paths_relative_to_the_file():
    file = parsed(VALID)
    assert file.resolve(file.experiment.data.inputs) == Path("/somewhere/lr")
    assert file.experiment.baseline.runtime_version is None
    assert file.experiment.candidates[0].runtime_version == "1.32.0"


@pytest.mark.parametrize(
    ("change", "says", "advises"),
    [
        (("scale = 2", "scael = 2"), "unknown key `data.scael`", "Did you mean `scale`?"),
        (('model = "a.onnx"', 'modle = "a.onnx"'), "unknown key `arms[0].modle`", "Did you mean `model`?"),
        (('question = "b?"', ""), "`question` is missing", ""),
        (('role = "candidate"', 'role = "baseline"'), "exactly one arm has the role 'baseline'; here 2 have", ""),
        (('name = "two"', 'name = "one"'), "two arms are called 'one'", ""),
        (("latency_p50", "latency_p5"), "unknown quantity 'latency_p5'", "Did you mean `latency_p50`?"),
        (('"5 %"', '"5 ms"'), "'5 ms' is not a percentage", ""),
        (('improve_by_at_least = "5 %"', ""), "give exactly one of", ""),
        (("improve_by_at_least", "at_most"), "expected ns, us, ms, s", ""),
        (("latency_p50", "lpips_squeeze"), "'5 %' has the unit '%'; expected a plain number", ""),
        (('"5 %"', '"a lot"'), "'a lot' is not an amount", ""),
        (("latency_p50", "psnr_pooled"), "'5 %' has the unit '%'; expected dB", ""),
        (("latency_p50", "preference"), "'5 %' of a share of votes says little; write '5 points'", ""),
        (("scale = 2", "scale = 0"), "`data.scale`", ""),
        (("scale = 2", "scale = = 2"), "is not valid TOML", ""),
        (('"onnxruntime==1.32.0"', '"onnxruntime>=1"'), "arms[1].runtime", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\naccelerator = "tpu"'), "arms[0].accelerator", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\naccelerator_options = { a = "b" }'), "accelerator is 'cpu'", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\ncores = "fast"'), "arms[0].cores", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\ncores = [-1]'), "arms[0].cores", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\ncores = [1, 1]'), "a core is named twice", ""),
        (('model = "a.onnx"', 'model = "a.onnx"\ncores = []'), "arms[0].cores", ""),
    ],
)
def test_a_fault_is_named_with_its_place_in_one_or_two_lines(change, says, advises):
    with pytest.raises(UserError) as caught:
        parsed(VALID.replace(*change, 1))
    assert says in caught.value.what
    assert advises in caught.value.remedy
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize(("name", "value"), [("a b", "x"), ("a=b", "x"), ("a", "line\\nline"), ("a", "x" * 1001)])
def test_an_option_that_is_more_than_a_name_and_a_text_is_refused(name, value):
    options = f'accelerator = "qnn"\naccelerator_options = {{ "{name}" = "{value}" }}'
    with pytest.raises(UserError, match="accelerator_options"):
        parsed(VALID.replace('model = "a.onnx"', f'model = "a.onnx"\n{options}', 1))


@pytest.mark.parametrize(("written", "cores"), [('"big"', "big"), ("[3, 1]", [1, 3])])
def test_cores_are_numbers_or_a_kind(written, cores):
    file = parsed(VALID.replace('model = "a.onnx"', f'model = "a.onnx"\ncores = {written}', 1))
    assert file.experiment.baseline.cores == cores


def test_a_file_that_is_missing_or_is_not_text_is_said(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_experiment(tmp_path / "nothing.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        read_experiment(binary)
    with pytest.raises(UserError, match="cannot be read"):
        read_experiment(tmp_path)


@pytest.mark.parametrize("metric", ["psnr_z", "latency_p50"])
def test_only_known_metrics_are_listed(metric):
    with pytest.raises(UserError, match="unknown metric"):
        parsed(VALID + f'[measure]\nmetrics = ["{metric}"]\n')


def test_a_rule_on_a_metric_that_is_not_measured_is_refused():
    text = VALID.replace("latency_p50", "psnr_y").replace('"5 %"', '"0.1 dB"') + '[measure]\nmetrics = ["psnr"]\n'
    with pytest.raises(UserError, match=r"which measure\.metrics does not list"):
        parsed(text)
    text = VALID.replace("latency_p50", "run_peak_memory") + "[measure]\nmemory_repeats = 0\n"
    with pytest.raises(UserError, match="memory_repeats is 0"):
        parsed(text)


def test_people_are_asked_about_pictures_alone():
    text = VALID.replace("latency_p50", "preference").replace('improve_by_at_least = "5 %"', 'at_least = "50 %"')
    assert parsed(text).experiment.rules[0].quantity == "preference"
    with pytest.raises(UserError, match="nothing that people could look at"):
        parsed(text.replace("[data]", '[data]\ntask = "tensors"').replace("scale = 2\n", ""))


@pytest.mark.parametrize(("written", "number"), [("0.00001", 1e-5), ("1e-05", 1e-5), ('"0.5 dB"', 0.5), ("2", 2.0)])
def test_amounts_are_read_however_they_are_written(written, number):
    text = VALID.replace("latency_p50", "psnr_y").replace("improve_by_at_least", "no_worse_than")
    rule = parsed(text.replace('"5 %"', written)).experiment.rules[0]
    assert rule.no_worse_than.in_unit("dB") == number


def ruled(quantity, bound):
    rule = f'[[rules]]\nquantity = "{quantity}"\n{bound}\n'
    head = VALID.partition("[[rules]]")[0]
    return parsed(f'{head}{rule}\n[measure]\nmetrics = ["{quantity}"]\n').experiment.rules[0]


@pytest.mark.parametrize("bound", ["no_worse_than", "improve_by_at_least"])
def test_a_score_in_per_cent_is_bounded_in_points_or_by_a_share_of_the_baseline(bound):
    in_points = getattr(ruled("close_pixels", f'{bound} = "0.5 points"'), bound)
    assert in_points.difference_in("%") == 0.5
    assert not in_points.is_share(QUANTITIES["close_pixels"])
    share = getattr(ruled("close_pixels", f'{bound} = "0.5 %"'), bound)
    assert share.is_share(QUANTITIES["close_pixels"])
    assert share.fraction() == 0.005
    with pytest.raises(UserError, match=r"has no unit; write '0.5 points', or '0.5 %' of the baseline's value"):
        ruled("close_pixels", f"{bound} = 0.5")
    with pytest.raises(UserError, match="expected points, point"):
        ruled("close_pixels", f'{bound} = "0.5 dB"')


def test_a_score_in_per_cent_is_bounded_by_per_cent():
    assert ruled("close_pixels", 'at_least = "92 %"').at_least.in_unit("%") == 92.0
    with pytest.raises(UserError, match="expected %"):
        ruled("close_pixels", 'at_least = "92 points"')


def test_a_score_of_a_whole_set_has_no_margin_for_an_item():
    with pytest.raises(UserError, match="psnr_pooled has no items"):
        ruled("psnr_pooled", 'no_worse_than = "0.1 dB"\nitem_margin = "0.5 dB"\nworst_share = "10 %"')


@pytest.mark.parametrize("line", ["max_minutes = inf", "step_timeout_s = 1e300", "block_ms = nan"])
def test_bounds_that_bound_nothing_are_refused(line):
    with pytest.raises(UserError, match=line.split()[0]):
        parsed(f"{VALID}[measure]\n{line}\n")


VALUES = ["1", "-1", '""', "[]", "{}", "true", "1.5", '"x"', "{x = 1}", "nan", "inf", "1979-05-27", '"5 %"', "[[1]]"]


def test_any_value_at_any_key_is_an_error_in_words_or_none():
    lines = VALID.strip().splitlines()
    for place, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        for value in VALUES if equals else []:
            for name in (key, f"{key}x", f"{key}.a.b"):
                with contextlib.suppress(UserError):
                    parsed("\n".join([*lines[:place], f"{name} = {value}", *lines[place + 1 :]]))


@pytest.mark.parametrize("path", ["~nobody-is-called-so/x", "./~x"])
def test_a_tilde_that_is_nobody_s_home_is_part_of_a_name(path):
    assert parsed(VALID).resolve(path) == Path("/somewhere") / path

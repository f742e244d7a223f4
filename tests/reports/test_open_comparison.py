import json
from pathlib import Path

import pytest

from reports.open_comparison import UnreadableComparisonError, open_comparison
from tests.reports.sample_comparison import comparison


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "comparison.json"
    file.write_text(comparison(tmp_path, images=1).model_dump_json(indent=1), encoding="utf-8")
    return file


def test_a_file_and_its_folder_open_alike(saved: Path) -> None:
    assert open_comparison(saved) == open_comparison(saved.parent) == comparison(saved.parent, images=1)


def test_identical_images_survive_the_file(saved: Path) -> None:
    value = open_comparison(saved).devices[0].arms[0].values["psnr"]
    assert value.kind == "available"
    assert value.value == float("inf")


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableComparisonError) as caught:
        open_comparison(tmp_path)
    assert caught.value.what == f"{tmp_path / 'comparison.json'} is not there"
    assert f"bakeoff analyze {tmp_path}" in caught.value.remedy


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_anywhere_is_said_to_be_cut_short(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableComparisonError, match=r"is cut short: .* at line"):
        open_comparison(saved)


@pytest.mark.parametrize("kept", ["t", "tr", "nul", "Infinit", "[1, fals", '{"a": nu'])
def test_a_cut_within_a_word_is_a_cut_too(saved: Path, kept: str) -> None:
    saved.write_text(kept)
    with pytest.raises(UnreadableComparisonError, match="is cut short"):
        open_comparison(saved)


def test_text_that_is_not_json_is_not_said_to_be_cut(saved: Path) -> None:
    saved.write_text("<html>\n" * 20)
    with pytest.raises(UnreadableComparisonError, match="is not JSON"):
        open_comparison(saved)


def test_bytes_that_are_not_text_are_named(saved: Path) -> None:
    saved.write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(UnreadableComparisonError, match="is not UTF-8 text: byte 7"):
        open_comparison(saved)


def test_a_later_schema_is_named_beside_the_one_that_can_be_read(saved: Path) -> None:
    document = json.loads(saved.read_text()) | {"schema": "bakeoff.comparison/2"}
    saved.write_text(json.dumps(document))
    with pytest.raises(UnreadableComparisonError, match=r"schema 'bakeoff\.comparison/2'") as caught:
        open_comparison(saved)
    assert "'bakeoff.comparison/1'" in caught.value.remedy


@pytest.mark.parametrize("content", ["[]", "{}", "null", '"comparison"'])
def test_json_of_something_else_names_no_schema(saved: Path, content: str) -> None:
    saved.write_text(content)
    with pytest.raises(UnreadableComparisonError, match="names no schema"):
        open_comparison(saved)


def test_a_wrong_field_is_named_by_its_place(saved: Path) -> None:
    document = json.loads(saved.read_text())
    document["verdicts"][0]["decision"] = "maybe"
    saved.write_text(json.dumps(document))
    with pytest.raises(UnreadableComparisonError, match=r"verdicts\.0\.decision: Input should be 'ship'"):
        open_comparison(saved)

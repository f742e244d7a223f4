"""Warnings that say the same of several quantities are one warning; those of older files are read."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.documents.comparison import WARNING_KINDS, Comparison, Contrast, RunWarning, warned
from reports.comparison_parts import warning_groups
from tests.reports.sample_comparison import comparison as sample_comparison

SAME = "the interval and its twin disagree."


def with_warnings(folder: Path, *warnings: RunWarning) -> Comparison:
    sample = sample_comparison(folder)
    device = sample.devices[0].model_copy(
        update={
            "warnings": warned("conditions", ["Others kept the device busy: load 3."]),
            "contrasts": [
                contrast.model_copy(update={"warnings": [warning]})
                for contrast, warning in zip(sample.devices[0].contrasts, warnings, strict=False)
            ],
        }
    )
    return sample.model_copy(update={"warnings": [], "devices": [device]})


def test_one_text_about_several_quantities_names_them_all_once(tmp_path):
    warnings = [
        RunWarning(about="psnr", kind="intervals disagree", text=SAME),
        RunWarning(kind="evidence", text="Only 2 processes."),
        RunWarning(about="psnr_y", kind="intervals disagree", text=SAME),
    ]
    (group,) = warning_groups(with_warnings(tmp_path, *warnings))
    assert group.warnings == [
        "Others kept the device busy: load 3.",
        f"PSNR (RGB); PSNR (Y): {SAME}",
        "Only 2 processes.",
    ]


def test_a_colon_in_a_text_parts_nothing(tmp_path):
    """A label in front of a colon is a quantity only where the warning is about one."""
    text = "PSNR (RGB): said by a device in its own words."
    (group,) = warning_groups(with_warnings(tmp_path, RunWarning(kind="conditions", text=text)))
    assert group.warnings[1] == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"PSNR (RGB): {SAME}", RunWarning(about="psnr", kind="unsorted", text=SAME)),
        ("Others: load 3.", RunWarning(kind="unsorted", text="Others: load 3.")),
        ("Only 2 processes.", RunWarning(kind="unsorted", text="Only 2 processes.")),
    ],
)
def test_a_comparison_from_before_warnings_had_kinds_is_read(tmp_path, text, read):
    sample = sample_comparison(tmp_path)
    old = sample.devices[0].contrasts[0].model_dump(mode="json") | {"warnings": [text]}
    assert Contrast.model_validate(old).warnings == [read]
    whole = sample.model_dump(mode="json", by_alias=True) | {"warnings": [text]}
    assert Comparison.model_validate(whole).warnings == [read]


def test_kinds_are_a_closed_list():
    assert len(set(WARNING_KINDS)) == len(WARNING_KINDS)
    with pytest.raises(ValidationError, match="kind"):
        RunWarning(kind="weather", text="It rained.")

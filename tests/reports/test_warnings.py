"""Warnings that say the same of several quantities are one warning."""

from pathlib import Path

from harness.documents.comparison import Comparison
from reports.comparison_parts import warning_groups
from tests.reports.sample_comparison import comparison as sample_comparison


def with_warnings(folder: Path, *texts: str) -> Comparison:
    sample = sample_comparison(folder)
    device = sample.devices[0].model_copy(
        update={
            "warnings": ["Others kept the device busy: load 3."],
            "contrasts": [
                contrast.model_copy(update={"warnings": [text]})
                for contrast, text in zip(sample.devices[0].contrasts, texts, strict=False)
            ],
        }
    )
    return sample.model_copy(update={"warnings": [], "devices": [device]})


def test_one_text_about_several_quantities_names_them_all_once(tmp_path):
    same = "the interval and its twin disagree."
    (group,) = warning_groups(with_warnings(tmp_path, f"PSNR (RGB): {same}", "Only 2 processes.", f"PSNR (Y): {same}"))
    assert group.warnings == [
        "Others kept the device busy: load 3.",
        f"PSNR (RGB); PSNR (Y): {same}",
        "Only 2 processes.",
    ]

"""The real outputs of ../shared/samples, and what SOURCES.tsv says that a parser must find in them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "samples"

TOPICS = (
    "batterystats_checkin", "cpufreq", "dumpsys_battery", "dumpsys_meminfo", "dumpsys_power", "jetson", "power_rails",
    "power_supply", "proc", "rpi", "thermal_zones", "thermalservice", "top",
)  # fmt: skip

_KEY = re.compile(r'(?:^|(?<=\s))((?:\w+\."[^"]*"|[\w.\[\]-]+)(?:\(\w+\))?)=')


def sample(path: str) -> str:
    """As a runner would give it: bytes that are no UTF-8 replaced."""
    file = SAMPLES / path
    if not file.exists():
        pytest.skip(f"no {path} in ../shared/samples: unpack the shared samples beside the repository")
    return file.read_bytes().decode("utf-8", "replace")


def expected_rows(topics: tuple[str, ...] = TOPICS) -> dict[str, str]:
    """Path → column `expected`, for these topics; empty where the samples are not there."""
    table = SAMPLES / "SOURCES.tsv"
    if not table.exists():
        return {}
    with table.open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["path"]: row["expected"] for row in rows if row["path"].partition("/")[0] in topics}


def expected_pairs(expected: str) -> list[tuple[str, str]]:
    """`a=1 b=2(two) c=0 -> unknown` as its keys and the text up to the next key."""
    found = list(_KEY.finditer(expected))
    ends = [match.start() for match in found[1:]] + [len(expected)]
    return [(match[1], expected[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)]

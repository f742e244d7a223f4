"""The comparison in the order of the page: what stands beside what, with figures drawn and pictures embedded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from harness.documents.comparison import (
    ArmInfo,
    Comparison,
    Contrast,
    DeviceResult,
    Effect,
    ErrorMap,
    GalleryItem,
    LatencyDistribution,
)
from harness.quantity import Measured
from reports.charts.arm_courses import arm_courses, course_in_words
from reports.charts.block_medians import block_medians, marks_in_words, slow_in_words
from reports.charts.effect_scale import EffectScale, bounds_on, effect_scales
from reports.charts.interval_bar import interval_bar
from reports.charts.latency_distribution import EDGE_LEVEL, is_told, latency_distribution
from reports.charts.readings import reading_in_words, readings_chart
from reports.comparison_parts import (
    WarningGroup,
    candidates,
    floor_in_words,
    warning_groups,
)
from reports.embedded_images import ImageEmbedder, Picture
from reports.first_screen import FirstScreen, first_screens
from reports.forests import CandidateForests, forests
from reports.glossary import GlossaryEntry, glossary
from reports.groups import GroupTable, group_scales, group_tables
from reports.scores import ScoreFigure, score_figures
from reports.small_files import SmallFile, SmallFiles
from reports.strips import Strip, row_ids, strips

_OF_STRIPS: Final = 0.45
"""What small views of all items may take of a page's files; the rest is for the items to look at."""


@dataclass(frozen=True)
class ContrastRow:
    """One quantity of one candidate, with its interval bar."""

    contrast: Contrast
    bar: Markup | None


@dataclass(frozen=True)
class ContrastTable:
    """One candidate against the baseline on one device."""

    candidate: str
    rows: list[ContrastRow]


@dataclass(frozen=True)
class LatencyFigures:
    """The latency charts of one device."""

    distributions: list[LatencyDistribution]
    series: list[int]
    distribution_chart: Markup
    has_p99: bool
    """Whether some arm has inferences enough for a 99th percentile."""
    medians_chart: Markup | None
    readings: list[tuple[str, Markup]]
    """Charts of heat, clocks and free memory, each with its words."""
    slow: list[str]
    """What is shaded in the charts over the run, a sentence; empty where nothing is."""
    stalled: dict[str, Measured]
    """Arm → share of its stalled inferences; of those of which it is known or said why not."""
    marks: list[str]
    """What the marks in the chart of blocks mean, a sentence each."""


@dataclass(frozen=True)
class CourseFigure:
    """Memory or power of the arms over its pass."""

    quantity: str
    chart: Markup | None
    """None where no arm has a value."""
    shown: list[tuple[int, str, str]]
    """Colour, words and source of each arm that is drawn."""
    missing: list[tuple[str, str]]
    """Arm and reason of each that is not."""


@dataclass(frozen=True)
class GalleryPicture:
    """One of the pictures of an item: what it shows, of which arm."""

    role: str
    arm: str | None
    picture: Picture


@dataclass(frozen=True)
class GalleryEntry:
    """One item: its pictures side by side, where it has some, and its scores."""

    item: GalleryItem
    pictures: list[GalleryPicture]
    maps: list[tuple[ErrorMap, list[GalleryPicture]]]
    """Where each arm is how far off, with the pictures of both arms."""
    originals: list[tuple[str, str]]
    """Role and link of every picture that was made smaller."""
    details: list[GalleryPicture]
    """The region where the candidate is furthest off, lossless; empty where the pictures are whole."""
    arms: list[str]
    quantities: list[str]


@dataclass(frozen=True)
class DeviceSection:
    """All that the page shows of one device."""

    result: DeviceResult
    tables: list[ContrastTable]
    latency: LatencyFigures | None
    courses: list[CourseFigure]
    gallery: list[GalleryEntry]
    scores: list[ScoreFigure]
    strips: list[Strip]
    groups: list[GroupTable]


@dataclass(frozen=True)
class Page:
    """The whole page."""

    comparison: Comparison
    baseline: ArmInfo | None
    screens: list[FirstScreen]
    forests: list[CandidateForests]
    devices: list[DeviceSection]
    warnings: list[WarningGroup]
    floor: str | None
    maps: dict[str, str]
    """Name → label of every kind of map that any item has."""
    symbols: list[SmallFile]
    """Small files that are shown in several places, and stand in the page once."""
    glossary: list[GlossaryEntry]
    """Every quantity that was compared, in plain words."""


def lay_out(comparison: Comparison, run_folder: Path, limit_bytes: int) -> Page:
    """Arrange the comparison for reading. Draws the figures; computes nothing.

    At most `limit_bytes` of files are embedded; small views take their part first, and what they leave is for the
    items to look at.
    """
    scales, of_groups = effect_scales(comparison), group_scales(comparison)
    items = [item for device in comparison.devices for item in device.gallery]
    shown = sum(4 + sum(len(one.files) for one in item.maps) for item in items)
    files = SmallFiles(run_folder, int(_OF_STRIPS * limit_bytes) if shown else limit_bytes)
    entries = [
        {(item.candidate, item.item): f"device-{index}-image-{place}" for place, item in enumerate(device.gallery)}
        for index, device in enumerate(comparison.devices)
    ]
    all_strips = [strips(comparison, index, entries[index], files) for index in range(len(comparison.devices))]
    images = ImageEmbedder(run_folder, limit_bytes - files.used_bytes, shown)
    return Page(
        comparison=comparison,
        baseline=next((arm for arm in comparison.arms if arm.role == "baseline"), None),
        screens=first_screens(comparison),
        forests=forests(comparison, scales),
        devices=[
            _device_section(
                comparison,
                result,
                index,
                images,
                scales,
                entries[index],
                all_strips[index],
                group_tables(result, of_groups),
            )
            for index, result in enumerate(comparison.devices)
        ],
        warnings=warning_groups(comparison),
        floor=floor_in_words(comparison),
        maps={one.name: one.label for item in items for one in item.maps},
        symbols=files.symbols,
        glossary=glossary(comparison),
    )


def _device_section(
    comparison: Comparison,
    result: DeviceResult,
    index: int,
    images: ImageEmbedder,
    scales: dict[str, EffectScale],
    entries: dict[tuple[str, str], str],
    of_device: list[Strip],
    groups: list[GroupTable],
) -> DeviceSection:
    tables = []
    for candidate in candidates(comparison):
        rows = [
            ContrastRow(contrast, _bar(contrast, result, scales))
            for contrast in result.contrasts
            if contrast.candidate == candidate
        ]
        if rows:
            tables.append(ContrastTable(candidate, rows))
    return DeviceSection(
        result=result,
        tables=tables,
        latency=_latency_figures(comparison, result, index),
        courses=_course_figures(comparison, result, index),
        gallery=[_gallery_entry(comparison, item, images, _worst_place(result, item)) for item in result.gallery],
        scores=score_figures(result, entries, {strip.candidate: row_ids(strip) for strip in of_device}),
        strips=of_device,
        groups=groups,
    )


def _bar(contrast: Contrast, result: DeviceResult, scales: dict[str, EffectScale]) -> Markup | None:
    if not isinstance(contrast.effect, Effect):
        return None
    bounds = bounds_on(result, contrast.candidate, contrast.quantity)
    return interval_bar(contrast.effect, contrast.quantity, contrast.outcome, bounds, scales[contrast.quantity])


def _latency_figures(comparison: Comparison, result: DeviceResult, index: int) -> LatencyFigures | None:
    distributions = [distribution for distribution in result.latency if distribution.quantiles_ns]
    if not distributions:
        return None
    series = _series(comparison, [distribution.arm for distribution in distributions])
    any_blocks = any(distribution.block_medians_ns for distribution in distributions)
    return LatencyFigures(
        distributions=distributions,
        series=series,
        distribution_chart=latency_distribution(distributions, series, prefix=f"device-{index}-spread"),
        has_p99=any(is_told(distribution, EDGE_LEVEL) for distribution in distributions),
        medians_chart=block_medians(distributions, series, prefix=f"device-{index}-blocks", slow=result.slow_stretch)
        if any_blocks
        else None,
        readings=[
            (
                reading_in_words(one),
                readings_chart(
                    one,
                    _last_block_s(distributions),
                    prefix=f"device-{index}-reading-{place}",
                    slow=result.slow_stretch,
                ),
            )
            for place, one in enumerate(result.readings)
            if one.values and len(one.values) == len(one.at_s)
        ],
        stalled={arm.arm: arm.values["latency_stalls"] for arm in result.arms if "latency_stalls" in arm.values},
        marks=marks_in_words(distributions),
        slow=slow_in_words(result.slow_stretch),
    )


def _series(comparison: Comparison, arms: list[str]) -> list[int]:
    """Colour, marker and line style of each arm: the same in every chart of the page."""
    names = [arm.name for arm in comparison.arms]
    return [names.index(arm) if arm in names else len(names) + place for place, arm in enumerate(arms)]


def _course_figures(comparison: Comparison, result: DeviceResult, index: int) -> list[CourseFigure]:
    figures = []
    for place, quantity in enumerate(dict.fromkeys(course.quantity for course in result.courses)):
        courses = [one for one in result.courses if one.quantity == quantity]
        drawn = [one for one in courses if one.values and len(one.values) == len(one.at_s)]
        series = _series(comparison, [one.arm for one in drawn])
        figures.append(
            CourseFigure(
                quantity,
                arm_courses(drawn, series, prefix=f"device-{index}-course-{place}") if drawn else None,
                [(colour, course_in_words(one), one.source) for colour, one in zip(series, drawn, strict=True)],
                [(one.arm, one.unavailable or "it was not recorded") for one in courses if one not in drawn],
            )
        )
    return figures


def _last_block_s(distributions: list[LatencyDistribution]) -> float:
    return max((started for one in distributions for started in one.block_started_s), default=0.0)


def _worst_place(result: DeviceResult, item: GalleryItem) -> tuple[int, int] | None:
    """The middle of the square where the candidate loses most, as the item's row shows it; None where not known."""
    worst = next((view.worst.get(item.candidate) for view in result.views if view.item == item.item), None)
    return None if worst is None else (worst.left + worst.side // 2, worst.top + worst.side // 2)


def _gallery_entry(
    comparison: Comparison, item: GalleryItem, images: ImageEmbedder, worst: tuple[int, int] | None
) -> GalleryEntry:
    baseline = next((arm.name for arm in comparison.arms if arm.role == "baseline"), None)
    shown = [
        ("Baseline", baseline, item.baseline_image),
        ("Candidate", item.candidate, item.candidate_image),
        ("Reference", None, item.reference_image),
        ("Difference", None, item.difference_image),
    ]
    pictures = [
        GalleryPicture(role, arm, images.embed(path))
        for role, arm, path in shown
        if comparison.gallery_has_pictures or path is not None
    ]
    if item.input_image is not None:
        pictures.append(GalleryPicture("Input", None, images.embed(item.input_image)))
    maps = [
        (
            one,
            [
                GalleryPicture(
                    role.capitalize(), baseline if role == "baseline" else item.candidate, images.embed(path)
                )
                for role, path in one.files.items()
            ],
        )
        for one in item.maps
    ]
    originals = [(one.role, one.picture.original) for one in pictures if one.picture.original is not None]
    cut = images.details({role: path for role, _, path in shown}, item.difference_image, worst) if originals else {}
    order = [name for name in (baseline, item.candidate) if name in item.values]
    arms = order + [arm for arm in item.values if arm not in order]
    quantities = list(dict.fromkeys(quantity for arm in arms for quantity in item.values[arm]))
    details = [GalleryPicture(role, arm, cut[role]) for role, arm, _ in shown if role in cut]
    return GalleryEntry(item, pictures, maps, originals, details, arms, quantities)

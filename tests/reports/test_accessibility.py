"""What a reader with a keyboard, a screen reader or weak eyes needs of the page."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from reports.html import render_html
from reports.page_environment import TEMPLATES
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_id, elements, local_name, parse, seen_text

STYLE = (TEMPLATES / "report.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    folder: Path = tmp_path_factory.mktemp("run")
    return parse(render_html(sample.comparison(folder, candidates=[sample.INT8, sample.FLOAT16]), folder))


def test_language_title_and_one_main(tree: ET.Element) -> None:
    assert elements(tree, "html")[0].get("lang") == "en" or tree.get("lang") == "en"
    assert elements(tree, "title")[0].text
    assert len(elements(tree, "main")) == 1
    assert len(elements(tree, "h1")) == 1


def test_no_level_of_headings_is_skipped(tree: ET.Element) -> None:
    levels = [int(local_name(e)[1]) for e in tree.iter() if re.fullmatch("h[1-6]", local_name(e))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_heading_and_link_and_summary_has_text(tree: ET.Element) -> None:
    for element in tree.iter():
        if local_name(element) in {"h1", "h2", "h3", "h4", "summary", "th", "dt"}:
            assert seen_text(element)
        if local_name(element) == "a":
            named = [one.get("alt") or "".join(one.itertext()) for one in element.iter() if _names(one)]
            assert seen_text(element) or element.get("aria-label") or all(named)
            assert seen_text(element) or element.get("aria-label") or named


def _names(element: ET.Element) -> bool:
    """A picture by its alternative, a dot of a chart by its title."""
    return local_name(element) in {"img", "title"}


def test_every_picture_has_an_alternative_that_names_it(tree: ET.Element) -> None:
    alternatives = [picture.attrib["alt"] for picture in elements(tree, "img")]
    assert "Candidate int8 (quantised), image butterfly" in alternatives
    assert all(alternatives)


def test_every_figure_has_a_name_or_is_hidden(tree: ET.Element) -> None:
    for svg in elements(tree, "svg"):
        if svg.get("aria-hidden") == "true":
            continue
        assert svg.get("role") == ("group" if elements(svg, "a") else "img")
        named_by = svg.get("aria-labelledby", "").split()
        name = svg.get("aria-label") or " ".join("".join(by_id(tree, target).itertext()) for target in named_by)
        assert len(name) > 10


def test_every_header_of_a_table_has_a_scope_and_every_table_has_a_name(tree: ET.Element) -> None:
    for table in elements(tree, "table"):
        for header in elements(table, "th"):
            assert header.get("scope") in {"col", "row", "rowgroup"}
    for table in elements(tree, "table"):
        captions = elements(table, "caption")
        assert captions or table.get("class") == "statistics"


def test_tables_that_are_stacked_on_a_telephone_keep_their_roles(tree: ET.Element) -> None:
    roles = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
    for table in (table for table in elements(tree, "table") if "stacks" in table.get("class", "")):
        for element in table.iter():
            if local_name(element) in roles:
                assert element.get("role") == roles[local_name(element)]
            if local_name(element) == "th":
                assert element.get("role") in {"columnheader", "rowheader"}


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(tree: ET.Element) -> None:
    for region in (element for element in tree.iter() if element.get("class") == "scrolls"):
        assert region.get("tabindex") == "0"
        assert region.get("role") == "region"
        assert region.get("aria-label")


def palettes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    named = dict(zip(("light", "dark", "print"), blocks, strict=True))
    return {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for name, block in named.items()}


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio of two sRGB colours, https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_formula_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["paper", "raised"])
@pytest.mark.parametrize("ink", ["ink", "muted", "link", "good", "bad", "open", "none"])
def test_text_has_a_contrast_of_at_least_4_5(scheme: str, ground: str, ink: str) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("series", range(6))
def test_lines_of_a_chart_have_a_contrast_of_at_least_3(scheme: str, series: int) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[f"series-{series}"], palette["paper"]) >= 3


def test_every_variable_of_the_style_is_in_every_palette() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLE)) - {"tone", "split"}
    for palette in palettes().values():
        assert used <= set(palette)
    assert palettes()["light"].keys() == palettes()["dark"].keys() == palettes()["print"].keys()

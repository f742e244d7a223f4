"""Where to look: scores item by item, and the viewer, in a real browser by keyboard, mouse and touch."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.documents.comparison import Comparison, ItemScores
from reports.charts.score_dots import SIZE, ends_in_words, score_dots
from reports.html import render_html
from tests.reports import sample_comparison as sample
from tests.reports.chromium import box, opened
from tests.reports.parsed_page import by_class, by_id, elements, parse, seen_text
from tests.reports.test_html import everywhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser

expect = pytest.importorskip("playwright.sync_api", reason="no Playwright; `pip install playwright`").expect


def written(comparison: Comparison, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(render_html(comparison, folder), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return written(sample.comparison(folder, devices=["local"], images=3), folder)


def scores(before: list[float | None], after: list[float | None], quantity: str = "psnr_y") -> ItemScores:
    return ItemScores(
        candidate="b",
        quantity=quantity,
        items=[f"i{place}" for place in range(len(before))],
        baseline=before,
        candidate_values=after,
        furthest=0.1,
        words="worse on all images (2 of 2)",
    )


def test_a_worse_item_lies_in_the_tinted_half_whichever_way_is_better() -> None:
    for quantity, after in (("psnr_y", 29.0), ("lpips_alex", 31.0)):
        svg = ET.fromstring(str(score_dots(scores([30.0, 30.0], [after, 30.0], quantity), {})))
        tinted = next(part for part in svg if part.get("class") == "dots-worse")
        assert float(tinted.attrib["y"]) == SIZE / 2
        places = [float(part.attrib["cy"]) for part in svg if part.get("class") == "dot"]
        assert places[0] > SIZE / 2
        assert places[1] == SIZE / 2


def test_what_changed_most_reaches_furthest_and_the_caption_says_how_far() -> None:
    some = scores([30.0, 32.0, 36.0], [29.9, 32.05, 36.0])
    svg = ET.fromstring(str(score_dots(some, {})))
    away = [float(part.attrib["cy"]) - SIZE / 2 for part in svg if part.get("class") == "dot"]
    assert away[0] == pytest.approx(-2 * away[1], rel=0.01)
    assert away[2] == 0.0
    told = (ends_in_words(some) or "").replace("\u00a0", " ")
    assert told == "30.00 dB to 36.00 dB along, at most 0.10 dB up or down"


def test_what_has_no_finite_value_has_no_dot_and_nothing_at_all_is_no_figure() -> None:
    some = score_dots(scores([30.0, None, float("inf")], [29.0, 20.0, float("inf")]), {})
    assert some is not None
    assert some.count("<circle") == 1
    assert score_dots(scores([None, float("inf")], [1.0, float("inf")]), {}) is None
    assert score_dots(scores([], []), {}) is None


def test_every_score_says_on_how_many_images_it_is_worse_and_its_dots_lead_to_the_image(page: Path) -> None:
    tree = parse(page.read_text(encoding="utf-8"))
    figures = by_class(tree, "score")
    assert [seen_text(figure).split(" Axes")[0] for figure in figures] == [
        "PSNR (Y): worse on 95 % of images (18 of 19).",
        "LPIPS (AlexNet): worse on all images (19 of 19).",
    ]
    links = elements(figures[0], "a")
    targets = [link.attrib["href"] for link in links if "tabindex" not in link.attrib]
    assert sorted(targets) == ["#device-0-image-0", "#device-0-image-1", "#device-0-image-2"]
    assert len(links) == 19
    for link in links:
        item = seen_text(link).partition(":")[0]
        assert seen_text(by_id(tree, link.attrib["href"][1:])).startswith(item)


def test_images_drawn_by_chance_stand_beside_the_worst_and_say_so(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, devices=["local"], images=2)
    worst, other = comparison.devices[0].gallery
    gallery = [worst, other.model_copy(update={"chosen": "sample"})]
    device = comparison.devices[0].model_copy(update={"gallery": gallery})
    tree = parse(render_html(comparison.model_copy(update={"devices": [device]}), tmp_path))
    assert [seen_text(one) for one in by_class(tree, "chosen")] == ["chosen by PSNR (Y)", "drawn by chance"]
    assert "so that the worst are not taken for typical" in seen_text(tree)


def test_all_of_the_viewer_goes_by_keyboard(chromium: Browser, page: Path) -> None:
    with opened(chromium, page, reduced_motion="reduce") as shown:
        shown.locator(".compare").first.focus()
        shown.keyboard.press("Enter")
        dialog = shown.get_by_role("dialog")
        assert dialog.is_visible()
        assert shown.locator(".viewer-stage img").count() == 2
        shown.keyboard.press("+")
        shown.keyboard.press("+")
        shown.keyboard.press("ArrowRight")
        transforms = {
            image.evaluate("one => one.style.transform") for image in shown.locator(".viewer-stage img").all()
        }
        assert transforms == {"scale(2) translate(-4%, 0%)"}
        shown.locator("[data-do=split]").focus()
        shown.keyboard.press("Home")
        top = shown.locator(".viewer-stage figure").nth(1)
        assert top.evaluate("one => one.style.clipPath") in ("inset(0px 0px 0px 0%)", "inset(0 0 0 0%)")
        shown.locator("[value=slider]").focus()
        shown.keyboard.press("ArrowRight")
        assert shown.locator("[data-do=flip]").inner_text() == "Start"
        shown.locator(".viewer-stage").focus()
        told = shown.locator(".viewer-shown")
        assert told.inner_text().startswith("Baseline")
        shown.keyboard.press("Space")
        assert told.inner_text().startswith("Candidate")
        shown.keyboard.press("n")
        assert shown.locator("#viewer-title").inner_text().startswith("woman")
        shown.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert shown.evaluate("document.activeElement.className") == "compare"


def test_every_mode_shows_its_pictures_and_panes_move_together(chromium: Browser, page: Path) -> None:
    with opened(chromium, page) as shown:
        shown.locator("a.enlarge").first.click()
        for mode, count in (("side", 2), ("reference", 1), ("difference", 1), ("flicker", 2)):
            shown.locator(f"[value={mode}]").check()
            assert shown.locator(".viewer-stage img").count() == count
        shown.locator("[value=side]").check()
        first, second = (box(shown, f".viewer-stage figure:nth-child({place})") for place in (1, 2))
        assert first[2] <= second[0]
        shown.mouse.move(first[0] + 100, first[1] + 100)
        shown.mouse.wheel(0, -100)
        shown.mouse.wheel(0, -100)
        expect(shown.locator("[data-do=zoom]")).to_have_value("2")
        shown.mouse.down()
        shown.mouse.move(first[0] + 150, first[1] + 120)
        shown.mouse.up()
        moved = {image.evaluate("one => one.style.transform") for image in shown.locator(".viewer-stage img").all()}
        assert len(moved) == 1
        assert moved.pop() not in ("scale(2) translate(0%, 0%)", "")
        shown.locator("[data-do=close]").click()


def test_maps_of_both_arms_stand_beside_each_other_with_their_scale(chromium: Browser, tmp_path: Path) -> None:
    comparison = sample.with_maps(sample.comparison(tmp_path, devices=["local"], images=2), tmp_path)
    with opened(chromium, written(comparison, tmp_path)) as shown:
        assert shown.locator(".entry").first.locator(".ramp").count() == 2
        shown.locator(".compare").first.click()
        shown.get_by_label("Map of absolute_error").check()
        assert shown.locator(".viewer-stage img").count() == 2
        first, second = (box(shown, f".viewer-stage figure:nth-child({place})") for place in (1, 2))
        assert first[2] <= second[0]
        assert "levels of 255" in shown.locator(".viewer-shown").inner_text()
        assert shown.locator(".viewer-shown .ticks").inner_text().split() == ["0", "1", "8", "64+"]
        shown.locator(".viewer-stage").focus()
        shown.keyboard.press("+")
        moved = {image.evaluate("one => one.style.transform") for image in shown.locator(".viewer-stage img").all()}
        assert len(moved) == 1
        shown.get_by_label("Slider").check()
        assert shown.locator(".viewer-shown").inner_text() == ""


def test_it_flickers_by_itself_and_stops_when_asked(chromium: Browser, page: Path) -> None:
    with opened(chromium, page) as shown:
        shown.locator(".compare").first.click()
        shown.locator("[value=flicker]").check()
        expect(shown.locator(".viewer-shown")).to_contain_text("Candidate")
        shown.locator("[data-do=flip]").click()
        assert shown.locator("[data-do=flip]").inner_text() == "Start"


def test_the_viewer_fits_a_telephone_and_goes_by_touch(chromium: Browser, page: Path) -> None:
    with opened(chromium, page, 360, 740, has_touch=True, is_mobile=True) as shown:
        shown.locator(".compare").first.tap()
        shown.get_by_text("Side by side", exact=True).tap()
        left, top, right, bottom = box(shown, ".viewer")
        assert left >= 0
        assert top >= 0
        assert right <= 360
        assert bottom <= 740
        assert shown.evaluate(
            "document.querySelector('.viewer').scrollWidth <= document.querySelector('.viewer').clientWidth"
        )


def test_the_filter_leaves_one_score(chromium: Browser, page: Path) -> None:
    with opened(chromium, page) as shown:
        shown.get_by_label("Show").select_option("lpips_alex")
        assert [one.is_visible() for one in shown.locator(".score").all()] == [False, True]
        shown.get_by_label("Show").select_option("")
        assert all(one.is_visible() for one in shown.locator(".score").all())


def test_without_scripts_everything_reads_and_nothing_is_a_dead_button(chromium: Browser, page: Path) -> None:
    with opened(chromium, page, java_script_enabled=False) as shown:
        for name in ("button", "select", "dialog", "input"):
            assert shown.locator(name).count() == 0
        shown.locator("a.enlarge").first.click()
        assert box(shown, ".picture:target")[2] > 1400


def test_hostile_names_stay_names_in_the_viewer(chromium: Browser, tmp_path: Path) -> None:
    name = "<img src=x onerror=\"document.title='acted'\"> </template></script><script>document.title='acted'</script>"
    comparison = everywhere(sample.comparison(tmp_path, devices=["local"], images=1), name)
    with opened(chromium, written(comparison, tmp_path)) as shown:
        shown.locator(".compare").first.click()
        assert "onerror" in shown.locator("#viewer-title").inner_text()
        assert shown.locator(".viewer-stage img").count() == 1  # the other's path was made hostile too
        assert shown.title() != "acted"


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_said_on_the_console_and_nothing_sticks_out(
    chromium: Browser, page: Path, width: int, scheme: str
) -> None:
    with opened(chromium, page, width, color_scheme=scheme) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

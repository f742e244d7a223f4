"""Every item in one table: seen, sorted, filtered and compared in a real browser, and whole without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.documents.comparison import Comparison, ItemScores
from reports.html import render_html
from reports.shared_copy import shared
from reports.small_files import SmallFiles
from tests.reports import sample_comparison as sample
from tests.reports.chromium import box, opened
from tests.reports.parsed_page import by_class, by_id, elements, parse, seen_text
from tests.reports.test_html import everywhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api", reason="no Playwright; `pip install playwright`")


def written(comparison: Comparison, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(render_html(comparison, folder), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def comparison(run_folder: Path) -> Comparison:
    """LPIPS calls the fourth item better, and PSNR calls it worse."""
    plain = sample.comparison(run_folder, devices=["local"], images=3)
    psnr, lpips = plain.devices[0].scores
    values = list(lpips.candidate_values)
    values[3] = (lpips.baseline[3] or 0.0) - 0.01
    device = plain.devices[0].model_copy(
        update={"scores": [psnr, lpips.model_copy(update={"candidate_values": values})]}
    )
    return sample.with_views(plain.model_copy(update={"devices": [device]}), run_folder)


@pytest.fixture(scope="module")
def page(run_folder: Path, comparison: Comparison) -> Path:
    return written(comparison, run_folder)


def names_shown(shown) -> list[str]:
    return [row.locator("bdi").inner_text() for row in shown.locator(".items tbody tr").all() if row.is_visible()]


def losses(comparison: Comparison, quantity: str) -> dict[str, float]:
    """Item → by how much the candidate is worse; of those that have both values."""
    scores = next(one for one in comparison.devices[0].scores if one.quantity == quantity)
    turn = 1 if quantity == "psnr_y" else -1
    both = zip(scores.items, scores.baseline, scores.candidate_values, strict=True)
    return {
        item: turn * (one - other)
        for item, one, other in both
        if one is not None and other is not None and abs(one - other) < 1e9
    }


def test_every_item_has_a_row_with_its_scores_and_views_that_are_in_the_page_once(page: Path, comparison) -> None:
    tree = parse(page.read_text(encoding="utf-8"))
    rows = elements(by_class(tree, "items")[0], "tr")[1:]
    scores = comparison.devices[0].scores[0]
    assert {seen_text(elements(row, "bdi")[0]) for row in rows} == set(scores.items)
    for row in rows:
        uses = [use.attrib["href"] for use in elements(row, "use")]
        assert len(uses) == 6
        for use in uses:
            assert by_id(tree, use[1:]).attrib["href"].startswith("data:image/webp;base64,")
    links = [link.attrib["href"] for link in elements(rows[0], "a") if link.attrib["href"].startswith("./")]
    item = seen_text(elements(rows[0], "bdi")[0])
    assert links == [
        f"./items/reference/{item}.png",
        f"./items/device-1/arm-0/{item}.png",
        f"./items/device-1/arm-1/{item}.png",
    ]


def test_the_worst_stands_first_without_any_script(chromium: Browser, page: Path, comparison: Comparison) -> None:
    with opened(chromium, page, java_script_enabled=False) as shown:
        own = losses(comparison, "psnr_y")
        assert names_shown(shown)[:5] == sorted(own, key=lambda item: (-own[item], item))[:5]
        assert shown.locator(".items select, .items button").count() == 0


def test_it_is_sorted_by_each_score_and_by_name_with_the_keyboard(chromium: Browser, page: Path, comparison) -> None:
    with opened(chromium, page) as shown:
        sort = shown.get_by_label("Sort")
        sort.focus()
        shown.keyboard.press("ArrowDown")
        own = losses(comparison, "lpips_alex")
        assert names_shown(shown)[: len(own)] == sorted(own, key=lambda item: -own[item])
        shown.keyboard.press("End")
        assert names_shown(shown) == sorted(names_shown(shown))


def test_it_is_filtered_by_what_is_worse_by_what_disagrees_and_by_group(
    chromium: Browser, page: Path, comparison: Comparison
) -> None:
    own = losses(comparison, "psnr_y")
    worse = {item for item, loss in own.items() if loss > 0}
    night = set(comparison.item_groups["night"])
    with opened(chromium, page) as shown:
        kept, group = shown.get_by_label("Filter"), shown.get_by_label("Group")
        kept.select_option(label="worse by PSNR (Y)")
        assert set(names_shown(shown)) == worse
        group.select_option(label="night")
        assert set(names_shown(shown)) == worse & night
        assert shown.locator(".strip-tools [aria-live]").inner_text() == f"{len(worse & night)} of 20"
        kept.select_option(label="where scores disagree")
        group.select_option(label="every group")
        assert names_shown(shown) == ["head"]
        assert "nowhere" not in group.inner_text()


def test_a_dot_leads_to_its_row_also_where_that_is_folded_and_filtered_away(
    chromium: Browser, page: Path, comparison: Comparison
) -> None:
    with opened(chromium, page) as shown:
        kept = shown.get_by_label("Filter")
        kept.select_option(label="where scores disagree")
        shown.locator(".strip > summary").click()
        dots = shown.locator(".score").first.locator('a[tabindex="-1"]')
        dots.nth(2).dispatch_event("click")
        target = dots.nth(2).get_attribute("href")
        shown.evaluate("href => { location.hash = href; }", target)
        assert shown.locator(f"{target}").is_visible()
        assert kept.input_value() == ""
        top, bottom = box(shown, str(target))[1::2]
        assert top >= 0
        assert bottom <= 900


def test_arrow_keys_go_from_dot_to_dot_and_tell_which_item_it_is(chromium: Browser, page: Path) -> None:
    with opened(chromium, page) as shown:
        figure = shown.locator(".dots").first
        assert figure.locator("a").count() == 19
        figure.locator("a:not([tabindex='-1'])").first.focus()
        seen = []
        for _ in range(19):
            shown.keyboard.press("ArrowRight")
            seen.append(shown.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert len({one.partition(":")[0] for one in seen}) == 19
        shown.keyboard.press("Enter")
        assert shown.evaluate("location.hash").startswith(("#d0c0-", "#device-0-image-"))


def test_a_row_s_worst_place_opens_in_the_viewer_by_mouse_touch_and_keyboard(chromium: Browser, page: Path) -> None:
    with opened(chromium, page, 360, 740, has_touch=True, is_mobile=True) as shown:
        row = shown.locator(".items tbody tr").nth(4)
        row.locator(".place").first.tap()
        assert shown.get_by_role("dialog").is_visible()
        assert shown.locator("#viewer-title").inner_text() == row.locator("bdi").inner_text()
        assert shown.locator(".viewer-stage img").count() == 2
        assert not shown.locator("[value=difference]").is_visible()
        shown.keyboard.press("n")
        assert shown.locator("#viewer-title").inner_text() == shown.locator(".items tbody tr bdi").nth(5).inner_text()
        shown.keyboard.press("Escape")
        row.locator(".compare").focus()
        shown.keyboard.press("Enter")
        shown.locator("[value=reference]").check()
        assert shown.locator(".viewer-stage img").count() == 1


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_width_is_too_small_for_it(chromium: Browser, page: Path, width: int) -> None:
    with opened(chromium, page, width) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        row = box(shown, ".items tbody tr")
        assert row[0] >= 0
        assert row[2] <= width


def test_a_hostile_name_is_a_name_in_rows_tools_and_groups(chromium: Browser, tmp_path: Path) -> None:
    name = "<img src=x onerror=\"document.title='acted'\">\"'</select></script><script>document.title='acted'</script>"
    plain = sample.with_views(sample.comparison(tmp_path, devices=["local"], images=1), tmp_path)
    hostile = everywhere(plain, name)
    items = hostile.devices[0].scores[0].items
    hostile = hostile.model_copy(update={"item_groups": {name: items[:3]}})
    with opened(chromium, written(hostile, tmp_path)) as shown:
        shown.get_by_label("Group").first.select_option(label=name)
        names = [bdi.inner_text() for bdi in shown.locator(".items >> nth=0 >> tbody tr:not([hidden]) bdi").all()]
        assert len(names) == 3
        assert "onerror" in names[0]
        assert shown.title() != "acted"


def alone_on(scores: ItemScores, place: int) -> ItemScores:
    update = {"items": [scores.items[place]], "baseline": [1.5], "candidate_values": [1.25]}
    return scores.model_copy(update=update)


def test_no_items_make_no_table_and_one_makes_no_tools(chromium: Browser, tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, devices=["local"], images=0)
    empty = comparison.devices[0].model_copy(update={"scores": []})
    assert not by_class(parse(render_html(comparison.model_copy(update={"devices": [empty]}), tmp_path)), "items")
    one = comparison.devices[0].model_copy(
        update={"scores": [alone_on(one, 0) for one in comparison.devices[0].scores]}
    )
    alone = sample.with_views(comparison.model_copy(update={"devices": [one]}), tmp_path)
    with opened(chromium, written(alone, tmp_path)) as shown:
        assert names_shown(shown) == ["butterfly"]
        assert shown.locator(".strip-tools").count() == 0


def test_what_does_not_fit_is_left_out_from_the_end_and_the_page_says_so(run_folder: Path, comparison) -> None:
    tree = parse(render_html(comparison, run_folder, image_limit_bytes=20_000))
    rows = elements(by_class(tree, "items")[0], "tr")[1:]
    count = [len(elements(row, "use")) for row in rows]
    assert count[0] > 0
    assert count[-1] == 0
    assert sum(count[:5]) > 3 * sum(count[-10:])
    assert "without small views, to keep this page small" in seen_text(tree)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 40, b"<svg onload=alert(1)>" + b" " * 40]
)
def test_only_a_small_webp_file_inside_the_run_is_taken(tmp_path: Path, content: bytes) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "bad.webp").write_bytes(content)
    (tmp_path / "outside.webp").write_bytes(b"x")
    files = SmallFiles(run, 10**6)
    for path in ("bad.webp", "../outside.webp", "/etc/passwd", "absent.webp", "x\0y", "."):
        assert files.take(path, 10**6) is None
    assert files.used_bytes == 0


def test_a_file_that_names_somebody_is_left_out_of_what_is_shared(run_folder: Path, comparison: Comparison) -> None:
    copy = shared(comparison, also_private=["butterfly"])
    assert "butterfly" not in copy.model_dump_json()
    assert len(copy.reference_views) == 19
    assert shared(copy) == copy
    assert shared(comparison).reference_views == comparison.reference_views
    assert shared(comparison).devices[0].views == comparison.devices[0].views

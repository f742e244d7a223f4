import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from harness.documents.comparison import Course, Effect, Interval, LatencyDistribution, Stall
from harness.quantity import FEWEST_FOR_P99
from reports.charts.block_medians import MANY_BLOCKS, MOST_RINGS, block_medians, marks_in_words
from reports.charts.interval_bar import WIDTH, interval_bar
from reports.charts.latency_distribution import is_told, latency_distribution, quantile
from tests.reports.sample_comparison import HOSTILE_NAMES, distribution

CHARTS = [latency_distribution, block_medians]


def effect(scale: str, estimate: float, low: float | None = None, high: float | None = None) -> Effect:
    interval = None if low is None or high is None else Interval(low=low, high=high, level=0.95, method="m")
    return Effect.model_validate(
        {"scale": scale, "estimate": estimate, "interval": interval, "p_value": None, "p_method": None, "n": 1}
        | {"replicate": "file", "sd": None, "minimum_detectable": None, "pairs_needed": None}
    )


def named(svg: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in svg.iter() if element.get("class") == name]


def centre(svg: ET.Element) -> float:
    return float(named(svg, "bar-estimate")[0].attrib["cx"])


def test_better_is_to_the_right_whichever_way_the_quantity_goes() -> None:
    faster = ET.fromstring(interval_bar(effect("ratio", 0.7, 0.6, 0.8), "latency_p50", "better"))
    sharper = ET.fromstring(interval_bar(effect("difference", 0.2, 0.1, 0.3), "psnr", "better"))
    blurrier = ET.fromstring(interval_bar(effect("difference", -0.2, -0.3, -0.1), "psnr", "worse"))
    assert centre(faster) > WIDTH / 2
    assert centre(sharper) > WIDTH / 2
    assert centre(blurrier) < WIDTH / 2


def test_the_interval_and_the_rule_are_drawn_to_one_scale() -> None:
    svg = ET.fromstring(interval_bar(effect("ratio", 0.7, 0.6, 0.8), "latency_p50", "better", [0.9]))
    bound = float(named(svg, "bar-bound")[0].attrib["x1"]) - WIDTH / 2
    band = named(svg, "bar-interval")[0]
    left = float(band.attrib["x"]) - WIDTH / 2
    right = left + float(band.attrib["width"])
    estimate = centre(svg) - WIDTH / 2
    assert [value / bound for value in (left, estimate, right)] == pytest.approx([2, 3, 4], rel=0.01)


def test_an_interval_far_beyond_per_cent_reaches_to_both_sides() -> None:
    svg = ET.fromstring(interval_bar(effect("ratio", 2.0, 1e-3, 1e6), "load_time", "inconclusive"))
    band = named(svg, "bar-interval")[0]
    left = float(band.attrib["x"]) - WIDTH / 2
    right = left + float(band.attrib["width"])
    assert right / left == pytest.approx(-0.5, rel=0.01)  # log 1000 of log 1000000, and faster is to the right
    assert left < centre(svg) - WIDTH / 2 < 0


def test_a_bar_whose_interval_begins_at_nothing_is_drawn_to_the_edge() -> None:
    svg = ET.fromstring(interval_bar(effect("ratio", 1.5, 0.0, 20.0), "load_time", "inconclusive"))
    band = named(svg, "bar-interval")[0]
    assert float(band.attrib["x"]) + float(band.attrib["width"]) == WIDTH - 8


def test_no_change_at_all_is_a_dot_on_the_line() -> None:
    svg = ET.fromstring(interval_bar(effect("ratio", 1.0), "model_size", "equivalent"))
    assert centre(svg) == WIDTH / 2
    assert named(svg, "bar-interval") == []


def test_an_endless_interval_ends_at_the_edge_and_nothing_drawn_is_not_a_number() -> None:
    svg = interval_bar(effect("ratio", 1.2, 0.9, float("inf")), "latency_p50", "inconclusive")
    assert "nan" not in svg
    assert "inf" not in svg.replace("inconclusive", "")
    assert "without bound" in svg


def test_the_bar_says_in_words_what_it_shows() -> None:
    svg = interval_bar(effect("ratio", 0.7, 0.6, 0.8), "latency_p50", "better", [0.8])
    label = ET.fromstring(svg).attrib["aria-label"].replace("\u00a0", " ")
    assert label == "Change −30.0 %, interval −40.0 to −20.0 %, rule at −20.0 %"


@pytest.mark.parametrize("draw", CHARTS)
def test_the_same_chart_is_the_same_bytes_whatever_the_user_s_matplotlib_is_set_to(draw) -> None:
    arms = [distribution("a", 40, 1), distribution("b", 30, 2)]
    first = draw(arms, [0, 1], prefix="p")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path", "text.usetex": True}):
        assert draw(arms, [0, 1], prefix="p") == first


@pytest.mark.parametrize("draw", CHARTS)
def test_drawing_leaves_the_user_s_matplotlib_alone(draw) -> None:
    before = dict(mpl.rcParams)
    draw([distribution("a", 40, 1)], [0], prefix="p")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_are_never_drawn_and_stand_escaped_in_the_text_alternative(draw, name: str) -> None:
    svg = draw([distribution(name, 40, 1)], [0], prefix="p")
    root = ET.fromstring(svg)
    drawn = "".join(text for element in root.iter("text") for text in element.itertext())
    assert re.fullmatch(r"[0-9.−]*(milliseconds|% done|seconds since the start|[0-9.−])*", drawn)
    assert {element.tag for element in root.iter()} <= {
        *("svg", "title", "desc", "g", "path", "defs", "use", "text", "clipPath", "rect"),
    }
    assert root.findtext("desc", "").startswith(name[:3])


@pytest.mark.parametrize("draw", CHARTS)
def test_colours_are_the_page_s_and_identifiers_are_the_figure_s_own(draw) -> None:
    svg = draw([distribution(str(i), 30 + i, i) for i in range(8)], list(range(8)), prefix="fig-7")
    assert "#0" not in svg.replace('href="#', "")
    assert "var(--series-0)" in svg
    assert "var(--series-5)" in svg
    identifiers = re.findall(r' id="([^"]+)"', svg)
    assert identifiers
    assert all(identifier.startswith("fig-7-") for identifier in identifiers)
    assert len(identifiers) == len(set(identifiers))
    referenced = re.findall(r'(?:href="|url\()#([^")]+)', svg)
    assert set(referenced) <= set(identifiers)
    assert "<style" not in svg


def test_many_blocks_are_a_line_and_the_chart_stays_small() -> None:
    svg = block_medians([distribution("a", 40, 1, blocks=20 * MANY_BLOCKS)], [0], prefix="p")
    assert "<use" not in svg.split("clip-path", 1)[1].split("</g>")[0]
    assert len(svg) < 400_000


def marked(blocks: int = 30, outlying: int = 2, stalls: int = 3, course: Course | None = None) -> LatencyDistribution:
    """Marks on the last blocks."""
    plain = distribution("a", 40, 1, blocks=blocks)
    return plain.model_copy(
        update={
            "outlying_blocks": list(range(blocks - 1, blocks - 1 - outlying, -1)),
            "stalls": [Stall(block=blocks - 1 - place, slowest_ns=9e7) for place in range(stalls)],
            "course": course,
        }
    )


def shapes(svg: str) -> tuple[int, int, int]:
    """Hollow marks, paths of separate strokes, and lines of two points in a series' colour."""
    body = svg[svg.index("</desc>") :]
    rings = len(re.findall(r"<use [^>]*fill-opacity: 0;", body))
    drawn = [path for path in re.findall(r"<path [^>]*>", body) if "var(--series-" in path]
    paths = [found[1] for path in drawn if (found := re.search(r' d="([^"]*)"', path))]
    strokes = sum(path.count("M") for path in paths if path.count("M") > 1)
    return rings, strokes, sum(path.count("M") == 1 == path.count("L") for path in paths)


def test_what_stands_out_is_marked_by_shape_and_in_words() -> None:
    svg = block_medians([marked(course=Course(kind="two speeds", levels_ns=(3.9e7, 4.4e7)))], [0], prefix="p")
    assert shapes(svg) == (2, 3, 2)
    words = ET.fromstring(svg).findtext("desc", "").replace("\u00a0", " ")
    assert "2 blocks unlike the neighbours (furthest " in words
    assert "3 blocks with a far slower inference (slowest 90.00 ms at " in words
    assert words.endswith("two speeds of 39.00 ms and 44.00 ms")
    drifting = block_medians(
        [marked(outlying=0, stalls=0, course=Course(kind="drift", levels_ns=(4e7, 5e7)))], [0], prefix="p"
    )
    assert shapes(drifting) == (0, 0, 1)
    assert "a drift from 40.00" in drifting


def test_a_chart_without_findings_has_no_marks_and_no_words_of_them() -> None:
    plain = distribution("a", 40, 1)
    assert shapes(block_medians([plain], [0], prefix="p")) == (0, 0, 0)
    assert marks_in_words([plain]) == []


def test_the_caption_s_counts_are_those_of_all_builds() -> None:
    words = [text.replace("\u00a0", " ") for text in marks_in_words([marked(), marked(outlying=1, stalls=0)])]
    assert words == [
        "Ringed: 3 bursts unlike the neighbours.",
        "Ticks at the upper edge: 3 bursts with an inference far slower than the rest (the slowest took 90.00 ms).",
        "Nothing is left out of the numbers.",
    ]


def test_stalled_inferences_do_not_flatten_the_drawing() -> None:
    svg = block_medians([marked(outlying=0)], [0], prefix="p")
    assert max(float(text) for text in re.findall(r"<text[^>]*>([0-9.]+)</text>", svg)) < 45  # and they took 90 ms


def test_marks_on_thousands_of_blocks_stay_small() -> None:
    blocks = 20 * MANY_BLOCKS
    many = marked(blocks, outlying=blocks // 4, stalls=blocks)
    plain = block_medians([distribution("a", 40, 1, blocks=blocks)], [0], prefix="p")
    svg = block_medians([many], [0], prefix="p")
    assert shapes(svg)[0] == MOST_RINGS
    assert len(svg) - len(plain) < 60_000
    assert marks_in_words([many])[0].endswith(f"bursts unlike the neighbours, the furthest of {blocks // 4}.")


@pytest.mark.parametrize("draw", CHARTS)
def test_one_arm_whose_inferences_all_took_the_same_time_can_be_drawn(draw) -> None:
    flat = LatencyDistribution(
        arm="flat",
        inferences=3,
        quantile_levels=[0.5],
        quantiles_ns=[5e6],
        block_medians_ns=[5e6],
        block_started_s=[0.0],
        minimum_ns=5e6,
        maximum_ns=5e6,
    )
    assert "nan" not in draw([flat], [0], prefix="p").lower()
    assert quantile(flat, 0.5) == 5e6
    assert quantile(flat, 0.9) is None


def test_a_99th_percentile_of_too_few_is_neither_marked_nor_told() -> None:
    marks = []
    for inferences in (FEWEST_FOR_P99, FEWEST_FOR_P99 - 1):
        few = distribution("a", 40, 1).model_copy(update={"inferences": inferences})
        marks.append(str(latency_distribution([few], [0], prefix="p")).count("<use "))
        assert is_told(few, 0.9)
        assert is_told(few, 0.99) == (inferences == FEWEST_FOR_P99)
    assert marks[0] == marks[1] + 1

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.proof.stability import LevelStability
from calibrate.statistics.bands import equal_bands
from calibrate.statistics.ranking import ScoreCounts, gains
from calibrate.words.language import language
from reports.charts import figures
from reports.charts.figures import Moving, Step
from reports.wording.numbers import cut, plain

ENGLISH = language("en")
PALETTE = {"#0b6e99", "#c4511a", "#b8460f", "#1d2430", "#5b6472", "#8a8f98", "#e3e6ea", "#ffffff"}

MOVES = [
    Moving("a = x", 12, 0, LevelStability(9, 16, 1.0, 1, 2, 0.5, stable=False)),
    Moving("a = y", -1, 0, LevelStability(-3, 1, 0.6, 3, 9, 0.0, stable=True)),
    Moving("a = z", -8, 0, LevelStability(-9, -6, 1.0, 9, 9, 0.0, stable=True)),
]


def texts(svg: str) -> list[str]:
    return ["".join(item.itertext()).strip() for item in ET.fromstring(svg).iter("text")]


def drawn(calibration, scores):
    bands = equal_bands(scores)
    points = [(0.0, 0.0), *((gain.share_of_leads, gain.share_of_conversions) for gain in gains(scores))]
    curve = [(score, 0.1 + score / 100) for score in range(-10, 30)]
    histogram = list(zip(scores.scores, scores.leads, strict=True))
    return {
        "forest": figures.forest(
            calibration.attributes, calibration.overall.rate, 0.6, say=ENGLISH, name="a", label="finding"
        ),
        "bands": figures.bands(bands, 0.195, say=ENGLISH, name="b", label="finding"),
        "gains": figures.gains(points, 0.195, (0.2, 0.46), say=ENGLISH, name="c", label="finding"),
        "meaning": figures.meaning(curve, [(25.0, bands[0])], histogram, say=ENGLISH, name="d", label="finding"),
        "spans": figures.spans([("a", 20, 9), ("b", 4, 6)], say=ENGLISH, name="s", label="finding"),
        "stability": figures.stability(MOVES, say=ENGLISH, name="t", label="finding"),
        "waterfall": figures.waterfall([Step("a", 5), Step("b", -2)], 3, say=ENGLISH, name="e", label="finding"),
    }


def test_every_chart_says_its_finding_and_is_read_without_eyes(calibration, scores):
    for svg in drawn(calibration, scores).values():
        root = ET.fromstring(svg)
        assert (root.tag, root.get("role"), root.get("aria-label")) == ("svg", "img", "finding")
        assert "xmlns" not in svg
        assert "<style" not in svg
        assert "style=" not in svg
        assert "metadata" not in svg


def test_no_text_is_smaller_than_eleven_pixels(calibration, scores):
    for svg in drawn(calibration, scores).values():
        sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg)]
        assert sizes
        assert min(sizes) >= 11
        root = ET.fromstring(svg)
        assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_only_the_colours_of_the_house(calibration, scores):
    for svg in drawn(calibration, scores).values():
        assert {color.lower() for color in re.findall(r"#[0-9a-fA-F]{6}\b", svg)} <= PALETTE


def test_the_same_bytes_twice_whatever_the_reader_set(calibration, scores):
    before = drawn(calibration, scores)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path", "text.usetex": True}):
        assert drawn(calibration, scores) == before
    assert mpl.rcParams["svg.fonttype"] == mpl.rcParamsDefault["svg.fonttype"]


def test_forest_has_counts_points_and_words_in_searchable_text(calibration, scores):
    found = texts(drawn(calibration, scores)["forest"])
    for text in (
        "Asked for a demo",
        "yes",
        "40 of 100",
        "+25",
        "all leads 15.0%",
        "110 of 900",
        "−3",
        "unclear",
        "too few",
    ):
        assert text in found


def test_forest_puts_rates_where_they_belong(calibration, scores):
    svg = figures.forest(calibration.attributes[:1], 0.15, 0.6, say=ENGLISH, name="a", label="")
    dots = [float(x) for x in re.findall(r'<use x="([\d.]+)"', svg)]
    yes, no = calibration.attributes[0].levels
    line = re.findall(r'd="M ([\d.]+) 26 ', svg)  # of all leads
    scale = (dots[0] - float(line[0])) / (yes.rate - 0.15)
    assert dots[1] - float(line[0]) == pytest.approx(scale * (no.rate - 0.15), abs=1e-3)


def fill(svg: str, text: str) -> str:
    """The colour of a printed text."""
    for item in ET.fromstring(svg).iter("text"):
        if "".join(item.itertext()).strip() == text:
            return item.get("fill")
    raise AssertionError(text)


def test_points_beside_the_others_have_a_colour_of_their_own(calibration):
    # Alone yes is 25 above and strong; beside the others 4 below, surely, or 4 below and open.
    item = calibration.attributes[0]
    yes, no = item.levels
    sure = replace(item, levels=(replace(yes, points=-4, support_low=-6.0, support_high=-2.0), no))
    svg = figures.forest([sure], 0.15, 0.6, "adjusted", say=ENGLISH, name="a", label="")
    assert fill(svg, "−4") == "#b8460f"
    assert 'stroke="#0b6e99"' in svg
    doubtful = replace(item, levels=(replace(yes, points=-4, support_low=-9.0, support_high=1.0), no))
    svg = figures.forest([doubtful], 0.15, 0.6, "adjusted", say=ENGLISH, name="a", label="")
    assert fill(svg, "−4") == "#5b6472"
    assert "open beside others" in texts(svg)


def test_points_from_zero_are_coloured_by_their_side_of_the_average(calibration):
    item = calibration.attributes[0]
    yes, no = item.levels
    strong = replace(no, evidence="strong")
    moved = replace(item, unknown=3, levels=(replace(yes, points=28), replace(strong, points=1)))
    svg = figures.forest([moved], 0.15, 0.6, say=ENGLISH, name="a", label="")
    assert (fill(svg, "+28"), fill(svg, "+1")) == ("#0b6e99", "#b8460f")


def test_too_few_leads_do_not_squeeze_the_axis(calibration):
    source = next(item for item in calibration.attributes if item.name == "Source")
    wide = [replace(level, rate_high=1.0) if level.evidence == "too few" else level for level in source.levels]
    assert figures.rate_limit(wide, 0.15) == figures.rate_limit(source.levels, 0.15) < 0.5
    assert texts(figures.forest([replace(source, levels=tuple(wide))], 0.15, 0.3, say=ENGLISH, name="a", label=""))


def test_bars_are_as_high_as_their_rates(scores):
    bands = equal_bands(scores)
    svg = figures.bands(bands, 0.195, say=ENGLISH, name="b", label="")
    paths = re.findall(r'd="(M [^"]*z)\s*"(?: clip-path="[^"]*")? fill="(#0b6e99|#8a8f98|#ffffff" stroke|url)', svg)
    heights = []
    for path, _ in paths:
        ys = [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", path)]
        if max(ys) == 246:
            heights.append(246 - min(ys))
    for (high, first), (low, second) in pairwise(zip(heights, (band.rate for band in bands), strict=False)):
        assert high * second == pytest.approx(low * first, rel=1e-3)
    assert len(heights) >= 9


def test_bands_show_rate_scores_and_counts_and_name_what_is_out_of_order(scores):
    found = texts(figures.bands(equal_bands(scores), 0.195, say=ENGLISH, name="b", label=""))
    for text in ("50.0%", "25", "20 won", "of 40", "leads 19.5%"):
        assert text in found
    assert found.count("out of order") == 1  # 10 of 40 after 9 of 40


def test_a_single_band_is_drawn(scores):
    tied = ScoreCounts((3,), (100,), (10,))
    assert "10.0%" in texts(figures.bands(equal_bands(tied), 0.1, say=ENGLISH, name="b", label=""))


def test_spans_stand_alone_and_beside_the_others():
    svg = figures.spans([("Source", 20, 9), ("b", 4, 4)], say=ENGLISH, name="s", label="")
    found = texts(svg)
    for text in ("Source", "20", "9", "alone", "beside the others"):
        assert text in found
    dots = [float(x) for x in re.findall(r'<use x="([\d.]+)"', svg)]
    zero = float(re.findall(r'd="M ([\d.]+) 28 [^"]*"[^>]*#1d2430', svg)[0])
    assert (dots[0] - zero) / 20 == pytest.approx((dots[1] - zero) / 9, rel=1e-3)
    assert dots[2] == dots[3]


def test_points_that_move_show_their_range_and_are_hollow():
    svg = figures.stability(MOVES, say=ENGLISH, name="t", label="")
    found = texts(svg)
    for text in ("a = x", "+12", "+9 to +16", "−8", "−9 to −6", "−3 to +1"):
        assert text in found
    # A ring where points are not stable; grey where the range holds 0, else blue above and orange below.
    lines = re.findall(r'stroke="(#\w{6})" stroke-width="2.4"', svg)
    assert lines == ["#0b6e99", "#8a8f98", "#c4511a"]
    faces = re.findall(r'<use [^>]*fill="(#\w{6})" stroke="(#\w{6})', svg)
    assert faces == [("#ffffff", "#0b6e99"), ("#8a8f98", "#8a8f98"), ("#c4511a", "#c4511a")]


@pytest.mark.parametrize("points", [0, -4])
def test_one_rule_alone_is_drawn(points):
    still = LevelStability(points, points, 1.0, 1, 1, 1.0, stable=True)
    found = texts(figures.stability([Moving("a", points, 0, still)], say=ENGLISH, name="t", label=""))
    assert found.count("0") <= 2  # at the axis once


def test_waterfall_ends_at_the_score():
    found = texts(figures.waterfall([Step("up", 12), Step("down", -4)], 8, say=ENGLISH, name="w", label=""))
    for text in ("up", "+12", "down", "−4", "score", "8"):
        assert text in found


def test_waterfall_starts_at_its_base():
    svg = figures.waterfall([Step("up", 12), Step("down", -4)], 458, 450, say=ENGLISH, name="w", label="")
    found = texts(svg)
    for text in ("every lead starts with", "450", "+12", "458"):
        assert text in found
    assert "0" not in found  # the axis shows what is added, not the way up to the base
    assert "448" in found or "452" in found


@pytest.mark.parametrize("score", [0, -7])
def test_waterfall_of_a_score_at_or_below_zero(score):
    assert texts(figures.waterfall([Step("a", score)], score, say=ENGLISH, name="w", label=""))


@settings(max_examples=15, deadline=None)
@given(name=st.text(max_size=40))
def test_any_name_gives_a_sound_chart_that_holds_it(name):
    svg = figures.waterfall([Step(name, 3)], 3, say=ENGLISH, name="w", label=plain(name))
    assert cut(name, 40) in texts(svg)
    assert ET.fromstring(svg).get("aria-label") == plain(name)


def test_dollars_stay_dollars():
    assert "$x^2$ and \\$5" in texts(figures.waterfall([Step("$x^2$ and \\$5", 3)], 3, say=ENGLISH, name="w", label=""))

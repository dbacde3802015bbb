"""The page of the quarterly meeting: change points and a threshold, see at once what follows.

The page is drawn here for the points as proposed; its scripts draw it again after every change. All
that they need stands in the page: it asks nothing of anywhere, and its policy forbids it to.
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from calibrate.document.lead_score import words_of
from calibrate.document.rules import Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import bands, figures, gains, score_counts, tenths, worth_of_rules
from calibrate.statistics.bands import Band
from calibrate.words.language import Language
from reports.html import policy, template, text_of
from reports.live.charts import gains_chart, row_chart, tenths_chart
from reports.live.data import page_data, page_words, title_of
from reports.meeting.figures import moved, rate_range, shown_figures, written
from reports.meeting.last import LastPoints, LastQuarter, last_quarter
from reports.meeting.rows import Row, rows_of, rule_name
from reports.meeting.threshold import proposed_threshold, threshold_reason
from reports.wording.numbers import plain

SCRIPTS = ("model.js", "draw.js", "segment.js", "part.js")


@dataclass(frozen=True, slots=True)
class LivePart:
    """What a page needs: an element with id `live`, its script and its style."""

    html: str
    script: str
    style: str


def live_part(
    rules: Rules,
    combinations: Combinations,
    previous: Rules | None = None,
    held_out: str | None = None,
    say: Language | None = None,
    *,
    within: str | None = None,
) -> LivePart:
    """The page's part for the counted leads of these rules; the same bytes for the same input.

    previous: last quarter's rules, to compare with.  held_out: a sentence on what leads held out gave, which stands
    beside the remark that the counted leads made the points.  say: the language; that of the rules without it.
    within: where it is a part of a page with a title of its own, the finding that stands under its heading.
    """
    html = _html(rules, combinations, previous, held_out, say or words_of(rules), within=within)
    return LivePart(html, _script(), text_of("live/part.css"))


def live_page(
    rules: Rules,
    combinations: Combinations,
    previous: Rules | None = None,
    held_out: str | None = None,
    say: Language | None = None,
) -> str:
    """The same as a whole page in one file."""
    say = say or words_of(rules)
    part = live_part(rules, combinations, previous, held_out, say)
    title = say("meeting.page_title", title=title_of(rules))
    allowed = policy(part.style, part.script)
    return template("live/page.html.j2").render(part=part, title=title, code=say.code, policy=allowed)


def _script() -> str:
    """The scripts without their remarks and indents, which a page has no room for."""
    lines = (line.strip() for name in SCRIPTS for line in text_of(f"live/{name}").splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith(("//", "/**")))


def _html(
    rules: Rules,
    combinations: Combinations,
    previous: Rules | None,
    held_out: str | None,
    say: Language,
    *,
    within: str | None,
) -> str:
    last = last_quarter(rules, previous, say) if previous else None
    threshold = proposed_threshold(rules, combinations)
    then = None
    if last and previous:
        named = previous.handover_score
        then = proposed_threshold(last.rules, combinations) if named is None else named
    rows, words = rows_of(rules, combinations, say), page_words(say)
    return template("live/part.html.j2").render(
        code=say.code,
        words=words,
        within=within,
        whose=say("meeting.whose", leads=say.count(combinations.total_leads)),
        title=title_of(rules),
        held_out=held_out,
        last=last is not None,
        threshold=threshold,
        threshold_is=say("meeting.threshold_proposed", score=say.count(threshold)),
        threshold_why=_sentence(threshold_reason(rules, combinations, say)),
        capacity=words["capacity" if combinations.months is None else "capacity_a_month"],
        tiles=_tiles(rules, combinations, threshold, last, then, say),
        table=_table(rules, combinations, rows, last, say),
        gains_note=words["gains_note_last" if last else "gains_note"],
        notes=_notes(combinations, last, say),
        data=htmlsafe_json_dumps(
            page_data(rules, combinations, rows, threshold, last, then, _said(words), say), sort_keys=True
        ),
        **_charts(rules, combinations, threshold, last, say),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _said(words: dict[str, str]) -> dict[str, str]:
    """Those of the words that the script says."""
    script = _script()
    return {key: text for key, text in words.items() if key in script}


def _tiles(
    rules: Rules,
    combinations: Combinations,
    threshold: int,
    last: LastQuarter | None,
    then: int | None,
    say: Language,
) -> list[dict[str, str]]:
    found = shown_figures(figures(rules, combinations, threshold))
    before = shown_figures(figures(last.rules, combinations, then)) if last and then is not None else {}
    tiles = []
    for key, value in found.items():
        now = written(key, value, say)
        tile = {"key": key, "name": say(f"meeting.{key}"), "now": now, "last": ""}
        tile["proposed"] = say("meeting.proposed_is", value=now)
        if before:
            old = before[key]
            change = value - old if value is not None and old is not None else 0.0
            words = "meeting.last_is" if change else "meeting.last_same"
            tile["last"] = say(words, value=written(key, old, say), change=moved(key, change, say))
        tiles.append(tile)
    return tiles


def _table(
    rules: Rules, combinations: Combinations, rows: tuple[tuple[Row, ...], ...], last: LastQuarter | None, say: Language
) -> list[dict[str, object]]:
    top = max((row.high for part in rows for row in part if row.high is not None and row.leads), default=1.0)
    total = combinations.total_leads
    overall = rules.baseline.rate if rules.baseline else combinations.total_won / total if total else 0.0
    return [
        {
            "name": rule_name(rules, rule, say),
            "worth": "" if worth is None else say("meeting.worth", pairs=say.pairs(worth)),
            "rows": [_cells(row, overall, top, last.points[number][row.way] if last else None, say) for row in part],
        }
        for number, (rule, part, worth) in enumerate(
            zip(rules.rules, rows, worth_of_rules(rules, combinations), strict=True)
        )
    ]


def _cells(row: Row, overall: float, top: float, then: LastPoints | None, say: Language) -> dict[str, str | int | bool]:
    chart = Markup("")
    if row.rate is not None and row.low is not None and row.high is not None:
        chart = row_chart(row.rate, row.low, row.high, overall, max(top, overall))
    return {
        "way": row.way,
        "level": row.level,
        "won": _of(row.won, row.leads, say) if row.leads else "",
        "chart": chart,
        "support": _range(*row.support, say) if row.support else "",
        "last": _last(then, say) if then else "",
        "arrow": then is not None and not then.low == then.high == row.points,
        "points": say.signed(row.points),
    }


def _of(won: int, leads: int, say: Language) -> str:
    return say("meeting.of", won=say.count(won), leads=say.count(leads))


def _range(low: int, high: int, say: Language) -> str:
    return say("meeting.to", low=say.signed(low), high=say.signed(high))


def _last(then: LastPoints, say: Language) -> str:
    return say.signed(then.low) if then.low == then.high else _range(then.low, then.high, say)


def _charts(
    rules: Rules, combinations: Combinations, threshold: int, last: LastQuarter | None, say: Language
) -> dict[str, object]:
    counts, best = score_counts(rules, combinations), tenths(rules, combinations)
    total, brought = combinations.total_leads, figures(rules, combinations, threshold)
    handed = [
        sum(
            leads
            for score, leads in zip(counts.scores, counts.leads, strict=True)
            if max(threshold, band.score_from) <= score <= band.score_to
        )
        / band.leads
        for band in best
    ]
    disordered = (place > 0 and band.rate > best[place - 1].rate for place, band in enumerate(best))
    mark = (brought.leads / total if total else 0.0, brought.reached or 0.0)
    other = gains(last.rules if last else rules, combinations)
    return {
        "tenths_chart": tenths_chart(best, handed, combinations.total_won / total if total else 0.0, say),
        "tenths_rows": [
            (
                _scores(band, say),
                _of(band.conversions, band.leads, say),
                rate_range(band.rate, band.rate_low, band.rate_high, say)
                + (", " + say("meeting.out_of_order") if wrong else ""),
            )
            for band, wrong in zip(best, disordered, strict=True)
        ],
        "named_rows": [
            (
                plain(band.name),
                "" if band.score_from is None else say.count(band.score_from),
                _of(band.won, band.leads, say),
                rate_range(band.rate, band.rate_low, band.rate_high, say),
            )
            for band in bands(rules, combinations)
        ],
        "gains_chart": gains_chart(gains(rules, combinations), other, mark, say),
    }


def _scores(band: Band, say: Language) -> str:
    ends = {"low": say.count(band.score_from), "high": say.count(band.score_to)}
    return ends["low"] if band.score_from == band.score_to else say("meeting.scores", **ends)


def _notes(combinations: Combinations, last: LastQuarter | None, say: Language) -> list[str]:
    size = {"combinations": say.count(len(combinations.leads)), "alone": say.count(combinations.alone)}
    notes = [say("meeting.holds", **size)]
    if combinations.hidden:
        notes.append(say("meeting.hidden", share=say.percent(combinations.hidden)))
    if last and last.lost:
        notes.append(say("meeting.lost_rules", rules=", ".join(last.lost)))
    return notes

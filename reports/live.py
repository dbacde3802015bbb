"""The page of the quarterly meeting: change points and a threshold, see at once what follows.

The page is drawn here for the points as proposed; its scripts draw it again after every change. All
that they need stands in the page: it asks nothing of anywhere, and its policy forbids it to.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from calibrate.document.rules import Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.counts_file import counts_text
from calibrate.meeting.figures import bands, figures, gains, score_counts, tenths, worth_of_rules
from calibrate.statistics.rates import normal_quantile
from reports.live_charts import gains_chart, row_chart, tenths_chart
from reports.live_figures import moved, rate_range, shown_figures, written
from reports.live_last import LastQuarter, last_quarter
from reports.live_rows import Row, points_of, rows_of, rule_name
from reports.live_words import WORDS
from reports.numbers import count, pairs, percent, plain, signed

DRAWS = 500
SCRIPTS = ("live_model.js", "live_draw.js", "live.js")


@dataclass(frozen=True, slots=True)
class LivePart:
    """What a page needs: an element with id `live`, its script and its style, and a policy that allows these alone."""

    html: str
    script: str
    style: str
    csp: str


def live_part(
    rules: Rules, combinations: Combinations, previous: Rules | None = None, held_out: str | None = None
) -> LivePart:
    """The page's part for the counted leads of these rules; the same bytes for the same input.

    previous: last quarter's rules, to compare with.  held_out: a sentence on what leads held out gave, which stands
    beside the remark that the counted leads made the points.
    """
    last = last_quarter(rules, previous) if previous else None
    script, style = "".join(map(_text, SCRIPTS)), _text("live.css")
    return LivePart(_html(rules, combinations, last, previous, held_out), script, style, _policy(script, style))


def live_page(
    rules: Rules, combinations: Combinations, previous: Rules | None = None, held_out: str | None = None
) -> str:
    """The same as a whole page in one file."""
    part = live_part(rules, combinations, previous, held_out)
    title = WORDS["page_title"].format(title=_title(rules))
    return _environment().from_string(_text("live_page.html.j2")).render(part=part, title=title)


def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _text(name: str) -> str:
    return files("reports").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _title(rules: Rules) -> str:
    return plain(rules.title or rules.id)


def proposed_threshold(rules: Rules, combinations: Combinations) -> int:
    """The score from which leads are handed over; of a document that does not say, the best tenth."""
    if rules.handover_score is not None:
        return rules.handover_score
    best = tenths(rules, combinations)
    return best[0].score_from if best else rules.score.base


def _html(
    rules: Rules, combinations: Combinations, last: LastQuarter | None, previous: Rules | None, held_out: str | None
) -> str:
    threshold = proposed_threshold(rules, combinations)
    then = None
    if last and previous:
        named = previous.handover_score
        then = proposed_threshold(last.rules, combinations) if named is None else named
    rows = rows_of(rules, combinations)
    return (
        _environment()
        .from_string(_text("live.html.j2"))
        .render(
            words=WORDS,
            title=_title(rules),
            held_out=held_out,
            last=last is not None,
            threshold=threshold,
            threshold_is=WORDS["threshold_proposed"].format(score=count(threshold)),
            capacity=WORDS["capacity" if combinations.months is None else "capacity_a_month"],
            tiles=_tiles(rules, combinations, threshold, last, then),
            table=_table(rules, combinations, rows, last),
            gains_note=WORDS["gains_note"].format(other=WORDS["gains_last" if last else "gains_proposed"]),
            notes=_notes(combinations, last),
            data=htmlsafe_json_dumps(_data(rules, combinations, rows, threshold, last, then), sort_keys=True),
            **_charts(rules, combinations, threshold, last),
        )
    )


def _tiles(
    rules: Rules, combinations: Combinations, threshold: int, last: LastQuarter | None, then: int | None
) -> list[dict[str, str]]:
    found = shown_figures(figures(rules, combinations, threshold))
    before = shown_figures(figures(last.rules, combinations, then)) if last and then is not None else {}
    tiles = []
    for key, value in found.items():
        tile = {"key": key, "name": WORDS[key], "now": written(key, value), "last": ""}
        tile["proposed"] = WORDS["proposed_is"].format(value=written(key, value))
        if before:
            old = before[key]
            change = value - old if value is not None and old is not None else 0.0
            words = WORDS["last_is" if change else "last_same"]
            tile["last"] = words.format(value=written(key, old), change=moved(key, change))
        tiles.append(tile)
    return tiles


def _table(
    rules: Rules, combinations: Combinations, rows: tuple[tuple[Row, ...], ...], last: LastQuarter | None
) -> list[dict[str, object]]:
    top = max((row.high for part in rows for row in part if row.high is not None and row.leads), default=1.0)
    total = combinations.total_leads
    overall = rules.baseline.rate if rules.baseline else combinations.total_won / total if total else 0.0
    return [
        {
            "name": rule_name(rules, rule),
            "worth": "" if worth is None else WORDS["worth"].format(pairs=pairs(worth)),
            "rows": [_cells(row, overall, top, last, number) for row in part],
        }
        for number, (rule, part, worth) in enumerate(
            zip(rules.rules, rows, worth_of_rules(rules, combinations), strict=True)
        )
    ]


def _cells(row: Row, overall: float, top: float, last: LastQuarter | None, number: int) -> dict[str, str | int]:
    then = last.points[number][row.way] if last else None
    chart = Markup("")
    if row.rate is not None and row.low is not None and row.high is not None:
        chart = row_chart(row.rate, row.low, row.high, overall, max(top, overall))
    return {
        "way": row.way,
        "level": row.level,
        "won": WORDS["of"].format(won=count(row.won), leads=count(row.leads)) if row.leads else "",
        "chart": chart,
        "support": _range(*row.support) if row.support else "",
        "last": "" if then is None else signed(then.low) if then.low == then.high else _range(then.low, then.high),
        "points": signed(row.points),
    }


def _range(low: int, high: int) -> str:
    return WORDS["to"].format(low=signed(low), high=signed(high))


def _charts(rules: Rules, combinations: Combinations, threshold: int, last: LastQuarter | None) -> dict[str, object]:
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
        "tenths_chart": tenths_chart(best, handed, combinations.total_won / total if total else 0.0),
        "tenths_rows": [
            (
                count(band.score_from)
                if band.score_from == band.score_to
                else WORDS["to"].format(low=count(band.score_from), high=count(band.score_to)),
                WORDS["of"].format(won=count(band.conversions), leads=count(band.leads)),
                rate_range(band.rate, band.rate_low, band.rate_high) + (", " + WORDS["out_of_order"] if wrong else ""),
            )
            for band, wrong in zip(best, disordered, strict=True)
        ],
        "named_rows": [
            (
                plain(band.name),
                "" if band.score_from is None else count(band.score_from),
                WORDS["of"].format(won=count(band.won), leads=count(band.leads)),
                rate_range(band.rate, band.rate_low, band.rate_high),
            )
            for band in bands(rules, combinations)
        ],
        "gains_chart": gains_chart(gains(rules, combinations), other, mark),
    }


def _notes(combinations: Combinations, last: LastQuarter | None) -> list[str]:
    size = {"combinations": count(len(combinations.leads)), "alone": count(combinations.alone)}
    notes = [WORDS["holds"].format(**size)]
    if combinations.hidden:
        notes.append(WORDS["hidden"].format(share=percent(combinations.hidden)))
    if last and last.lost:
        notes.append(WORDS["lost_rules"].format(rules=", ".join(last.lost)))
    return notes


def _data(
    rules: Rules,
    combinations: Combinations,
    rows: tuple[tuple[Row, ...], ...],
    threshold: int,
    last: LastQuarter | None,
    then: int | None,
) -> dict[str, object]:
    """What the script reads. Groups by number, the last for rules without one; absent bounds are null."""
    groups = [*rules.groups, None]
    named = {band.name: (plain(band.name), band.score_from) for band in bands(rules, combinations)}
    own = {band.name for band in rules.bands}
    return {
        "id": rules.id,
        "version": rules.version,
        "title": _title(rules),
        "months": combinations.months,
        "quantile": normal_quantile(0.95),
        "draws": DRAWS,
        "threshold": threshold,
        "words": WORDS,
        "counts": json.loads(counts_text(combinations, rules)),
        "rules": {
            **_score(rules),
            "gates": [
                {"score": gate.then.score, "band": gate.then.band and plain(gate.then.band)} for gate in rules.gates
            ],
            "bands": [{"name": name, "from": start, "only": key not in own} for key, (name, start) in named.items()],
            "rules": [
                {
                    "id": rule.id,
                    "name": rule_name(rules, rule),
                    "group": groups.index(rule.group),
                    "points": points_of(rule),
                    "rows": [_told(row) for row in part],
                }
                for rule, part in zip(rules.rules, rows, strict=True)
            ],
        },
        "last": last
        and {"points": [points_of(rule) for rule in last.rules.rules], "score": _score(last.rules), "threshold": then},
    }


def _score(rules: Rules) -> dict[str, object]:
    bounds = [(group.min, group.max) for group in rules.groups.values()]
    return {"base": rules.score.base, "min": rules.score.min, "max": rules.score.max, "groups": [*bounds, (None, None)]}


def _told(row: Row) -> dict[str, object]:
    return {"way": row.way, "level": row.level, "points": row.points, "support": row.support, "both": row.both}

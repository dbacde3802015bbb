"""What the script of the meeting's page reads: rules, points, counted leads, and its words."""

from __future__ import annotations

import json

from calibrate.document.lead_score import words_of
from calibrate.document.rules import Rule, Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.counts_file import counts_text
from calibrate.meeting.figures import bands
from calibrate.statistics.rates import normal_quantile
from calibrate.words.language import Language
from reports.live.worked import worked_data
from reports.meeting.last import LastQuarter
from reports.meeting.rows import Row, level_name, points_of, rule_name
from reports.wording.numbers import plain

DRAWS = 500


def title_of(rules: Rules) -> str:
    """What the page is headed by."""
    return plain(rules.title or rules.id)


def page_words(say: Language) -> dict[str, str]:
    """The words of the page by key, for its template and its script."""
    return {key.removeprefix("meeting."): words for key, words in say.words.items() if key.startswith("meeting.")}


def page_data(
    rules: Rules,
    combinations: Combinations,
    rows: tuple[tuple[Row, ...], ...],
    threshold: int,
    last: LastQuarter | None,
    then: int | None,
    words: dict[str, str],
    say: Language,
) -> dict[str, object]:
    """What the script reads. Groups by number, the last for rules without one; absent bounds are null."""
    groups = [*rules.groups, None]
    named = {band.name: (plain(band.name), band.score_from) for band in bands(rules, combinations)}
    own = {band.name for band in rules.bands}
    return {
        "id": rules.id,
        "version": rules.version,
        "title": title_of(rules),
        "months": combinations.months,
        "quantile": normal_quantile(0.95),
        "draws": DRAWS,
        "threshold": threshold,
        "words": words,
        "marks": {name: say.words[f"marks.{name}"] for name in ("decimal", "thousands", "percent")},
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
                    "name": rule_name(rules, rule, say),
                    "group": groups.index(rule.group),
                    "points": points_of(rule),
                    "rows": [_told(rules, rule, row) for row in part],
                }
                for rule, part in zip(rules.rules, rows, strict=True)
            ],
        },
        "worked": worked_data(rules, say),
        "last": last
        and {"points": [points_of(rule) for rule in last.rules.rules], "score": _score(last.rules), "threshold": then},
    }


def _score(rules: Rules) -> dict[str, object]:
    bounds = [(group.min, group.max) for group in rules.groups.values()]
    return {"base": rules.score.base, "min": rules.score.min, "max": rules.score.max, "groups": [*bounds, (None, None)]}


def _told(rules: Rules, rule: Rule, row: Row) -> dict[str, object]:
    """A row for the script. label: what changes.json calls it, the same in every language of the page."""
    label = level_name(rule, row.way, words_of(rules))
    told = {"way": row.way, "level": row.level, "points": row.points, "support": row.support, "both": row.both}
    return told if label == row.level else told | {"label": label}

"""Sections on how far to trust the points: kinds of points, overlap, stability, surprises, size of the history."""

from __future__ import annotations

from collections.abc import Iterator

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.stability import LevelStability
from calibrate.proof.surprises import FEWEST, Surprises, suggestion
from calibrate.proof.validation import Ranking, Validation
from calibrate.statistics.overlap import Pair, SignFlip
from calibrate.statistics.ranking import ScoreCounts
from calibrate.statistics.sample_size import cox_snell_r2, leads_to_see, more_leads, riley_criteria
from reports import figures, prose, trust_prose, words
from reports.labels import COLUMN
from reports.numbers import count, pairs, plain, signed, signed_lift
from reports.section import Chart, Section, Table, chart, table

MOST_SPANS = 20
MOST_PAIRS = 8
MOST_FLIPS = 10
MOST_STABLE = 25
MOST_UNSTABLE = 10
MOST_LEVELS = 6
MOST_ROWS = 10
LIFTS = (2, 3, 5, 10, 15, 25)
SHARES = (0.02, 0.1, 0.3)

Steady = tuple[AttributeEvidence, LevelEvidence, LevelStability]


def trust_sections(calibration: Calibration) -> tuple[Section, ...]:
    """The sections, some of them empty where a run could not know."""
    return (
        _columns(calibration),
        _twice(calibration),
        _stable(calibration),
        _surprises(calibration),
        _enough(calibration),
    )


def _columns(calibration: Calibration) -> Section:
    validation = calibration.validation
    if validation is None or sum(item.auc is not None for item in validation.rankings) < 2:
        return Section("columns")
    texts = [trust_prose.best_sentence(calibration, validation)]
    texts += filter(None, (_worth(calibration, validation), trust_prose.shaping_sentence(calibration.shaping)))
    places = validation.rankings[0].reached
    notes = [trust_prose.COLUMNS_NOTE, *([trust_prose.reached_note(places.places)] if places else [])]
    return Section("columns", texts=tuple(texts), tables=(_kinds(calibration, validation),), notes=tuple(notes))


def _worth(calibration: Calibration, validation: Validation) -> str:
    """What the points in the rules were worth on held-out leads; empty where that cannot be said."""
    ranking = validation.ranking(calibration.column)
    if calibration.column == "log-odds":
        slope = ranking.check.slope if ranking.check else None
        return trust_prose.odds_sentence(calibration.rules.score.pdo or 0, slope) if slope is not None else ""
    slope = _rate_a_point(ranking.scores)
    return "" if slope is None else trust_prose.worth_sentence(calibration, slope)


def _rate_a_point(scores: ScoreCounts) -> float | None:
    """Least-squares slope of the outcome on the score, 0 to 1 a point; None where all scores tie."""
    rows = list(zip(scores.scores, scores.leads, scores.conversions, strict=True))
    leads, won = scores.total_leads, scores.total_conversions
    mean = sum(score * number for score, number, _ in rows) / leads
    spread = sum(number * (score - mean) ** 2 for score, number, _ in rows)
    return sum((score - mean) * (k - number * won / leads) for score, number, k in rows) / spread if spread else None


def _kinds(calibration: Calibration, validation: Validation) -> Table:
    names = ["kind", "order", "behind", "hold", "skill", "reached"]
    if all(item.reached is None for item in validation.rankings):
        names.remove("reached")
    rows = [_kind(item, calibration, validation) for item in validation.rankings]
    return table(tuple(names), [tuple(row[name] for name in names) for row in rows])


def _kind(ranking: Ranking, calibration: Calibration, validation: Validation) -> dict[str, str]:
    area, check, reached = ranking.auc, ranking.check, ranking.reached
    slope = check.slope if check else None
    return {
        "kind": ranking.column + (trust_prose.IN_RULES if ranking.column == calibration.column else ""),
        "order": f"{pairs(area.auc)}\n{trust_prose.pair_range(area.low, area.high)}" if area else "",
        "behind": _behind(ranking, validation),
        "hold": "" if slope is None else trust_prose.slope(slope),
        "skill": trust_prose.skill(check.skill if check else None),
        "reached": prose.of(round(reached.expected_conversions), validation.conversions) if reached else "",
    }


def _behind(ranking: Ranking, validation: Validation) -> str:
    if ranking.column == validation.best:
        return trust_prose.BEST
    found = next((item for item in validation.comparisons if item.other == ranking.column), None)
    if found is None:
        return ""
    gap = found.difference
    doubt = trust_prose.MAY_BE_CHANCE if words.may_be_chance(found) else ""
    return f"{pairs(gap.difference)}{doubt}\n{trust_prose.pair_range(gap.low, gap.high)}"


def _twice(calibration: Calibration) -> Section:
    overlap = calibration.overlap
    texts = trust_prose.overlap_sentences(calibration, overlap)
    if not texts or words.no_differences(calibration) or len(calibration.attributes) < 2:
        return Section("twice", texts=texts)
    tables = [_pairs(overlap.pairs)] if overlap.pairs else []
    tables += [_flips(overlap.flips)] if overlap.flips else []
    return Section("twice", texts=texts, charts=_spans(calibration), tables=tuple(tables))


def _spans(calibration: Calibration) -> tuple[Chart, ...]:
    spans = [span for span in calibration.overlap.spans if span.lift or span.adjusted]
    if not spans:
        return ()
    spans.sort(key=lambda span: -span.lift)
    title, note = trust_prose.spans_title(spans), trust_prose.SPANS_NOTE
    shown = [(span.attribute, span.lift, span.adjusted) for span in spans[:MOST_SPANS]]
    svg = figures.spans(shown, name="spans", label=prose.aria(title, note))
    return (chart(title, note, svg, trust_prose.widest_only(MOST_SPANS, len(spans))),)


def _pairs(found: tuple[Pair, ...]) -> Table:
    note = trust_prose.PAIRS_NOTE + trust_prose.more_rows(len(found) - MOST_PAIRS, "pairs")
    rows = [(plain(pair.first), plain(pair.second), trust_prose.closeness(pair)) for pair in found[:MOST_PAIRS]]
    return table(("first", "second", "close"), rows, trust_prose.PAIRS_TITLE, note)


def _flips(found: tuple[SignFlip, ...]) -> Table:
    note = trust_prose.FLIPS_NOTE + trust_prose.more_rows(len(found) - MOST_FLIPS, "levels")
    rows = [
        (plain(f"{flip.attribute} = {flip.level}"), signed_lift(flip.lift), signed_lift(flip.adjusted))
        for flip in found[:MOST_FLIPS]
    ]
    return table(("rule", "alone", "beside"), rows, trust_prose.FLIPS_TITLE, note)


def _stable(calibration: Calibration) -> Section:
    stability = calibration.stability
    if stability is None:
        return Section("stable")
    if calibration.column in stability.missing:
        return Section("stable", texts=(trust_prose.unstable(stability.missing[calibration.column]),))
    rules = sorted(_steady(calibration), key=lambda rule: -abs(rule[1].points))
    if not rules:
        return Section("stable")
    unstable = [rule for rule in rules if not rule[2].stable]
    tables = (_unstable(calibration, unstable),) if unstable else ()
    return Section(
        "stable",
        texts=(words.stability_sentence(calibration), *_open_signs(calibration, rules)),
        charts=(_stable_chart(rules[:MOST_STABLE]),),
        tables=tables,
        notes=(trust_prose.DRAWN_NOTE,),
    )


def _open_signs(calibration: Calibration, rules: list[Steady]) -> tuple[str, ...]:
    if not words.signed_points(calibration):
        return ()  # 0 is then the worst level, not the average
    return (trust_prose.open_signs(sum(still.low <= 0 <= still.high for _, _, still in rules), len(rules)),)


def _steady(calibration: Calibration) -> Iterator[Steady]:
    """The rules with points, each with how stable they are."""
    rows = words.level_stabilities(calibration) or ()
    for attribute, row in zip(calibration.attributes, rows, strict=False):
        for level, still in zip(attribute.levels, row, strict=True):
            if still is not None and level.points:
                yield attribute, level, still


def _stable_chart(rules: list[Steady]) -> Chart:
    title, note = trust_prose.stable_title(*_told(rules[0])), trust_prose.STABLE_NOTE
    shown = [(words.rule_text(attribute, level), level.points, still) for attribute, level, still in rules]
    return chart(title, note, figures.stability(shown, name="stable", label=prose.aria(title, note)))


def _told(rule: Steady) -> tuple[str, str, str]:
    attribute, level, still = rule
    return plain(words.rule_text(attribute, level)), signed(still.low), signed(still.high)


def _unstable(calibration: Calibration, rules: list[Steady]) -> Table:
    room = words.tolerance(calibration)
    rows = []
    for rule in rules[:MOST_UNSTABLE]:
        _, level, still = rule
        text, low, high = _told(rule)
        # A range that lies to one side of the points is as wide as its far end.
        needed = more_leads(max(level.points - still.low, still.high - level.points), room, calibration.overall.leads)
        rows.append((text, signed(level.points), trust_prose.between(low, high), trust_prose.about(needed)))
    note = trust_prose.MORE_NOTE + trust_prose.more_rows(len(rules) - MOST_UNSTABLE, "rules")
    return table(("rule", "given", "range", "more"), rows, trust_prose.STABLE_TITLE, note)


def _surprises(calibration: Calibration) -> Section:
    found = calibration.surprises
    if found is None:
        return Section("surprises", texts=(trust_prose.no_surprises(calibration, FEWEST),))
    told = tuple(plain(suggestion(level)) for level in found.levels)
    rows = _rows(found)
    return Section(
        "surprises",
        texts=trust_prose.surprise_sentences(found),
        items=told[:MOST_LEVELS],
        more=told[MOST_LEVELS:],
        tables=(table(("look", "rows"), rows, trust_prose.ROWS_TITLE, trust_prose.ROWS_NOTE),) if rows else (),
    )


def _rows(found: Surprises) -> list[tuple[str, str]]:
    sides = ((trust_prose.ROWS_LOST, found.rows_high), (trust_prose.ROWS_WON, found.rows_low))
    return [
        (name, ", ".join(f"{count(row)} ({count(score)})" for row, score in rows[:MOST_ROWS]))
        for name, rows in sides
        if rows
    ]


def _enough(calibration: Calibration) -> Section:
    texts = tuple(filter(None, (calibration.readiness.sentence, _model_size(calibration))))
    return Section("enough", texts=texts, tables=(_to_see(calibration),))


def _model_size(calibration: Calibration) -> str:
    """What a common rule asks for; empty where the points do not rank, or nothing tells leads apart."""
    ranking, rate = words.chosen_ranking(calibration), calibration.overall.rate
    differences = sum(len(attribute.levels) - 1 for attribute in calibration.attributes)
    if ranking is None or ranking.auc is None or ranking.auc.low <= 0.5 or ranking.auc.auc >= 1 or not differences:
        return ""
    size = riley_criteria(differences, rate, cox_snell_r2(ranking.auc.auc, rate))
    return trust_prose.model_sentence(size, differences, calibration.overall.leads)


def _to_see(calibration: Calibration) -> Table:
    rate, leads = calibration.overall.rate, calibration.overall.leads
    rows = []
    for lift in LIFTS:
        needed = [leads_to_see(lift, rate, share) for share in SHARES]
        rows.append((trust_prose.lift_row(lift), *(trust_prose.NEVER if n is None else count(n) for n in needed)))
    heads = ((trust_prose.share_heading(share, round(share * leads)), "needed") for share in SHARES)
    columns = ((COLUMN["size"], "size"), *heads)
    return Table(columns, (("", tuple(rows)),), trust_prose.SEE_TITLE, trust_prose.SEE_NOTE)

"""Sections on how far to trust the points: kinds of points, overlap, stability, surprises, size of the history."""

from __future__ import annotations

import math
from collections.abc import Iterator

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.stability import LevelStability
from calibrate.proof.surprises import FEWEST, Surprises, suggestion
from calibrate.proof.validation import Ranking, Validation
from calibrate.statistics.overlap import Pair, SignFlip
from calibrate.statistics.sample_size import cox_snell_r2, leads_to_see, more_leads, riley_criteria
from reports import columns_prose, figures, prose, trust_prose, words
from reports.labels import COLUMN
from reports.level_words import rule_text, side
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
    first = (columns_prose.advice(validation), columns_prose.best_sentence(calibration, validation))
    texts = (*first, _worth(calibration, validation), columns_prose.shaping_sentence(calibration.shaping))
    return Section(
        "columns",
        texts=tuple(filter(None, texts)),
        tables=(_kinds(calibration, validation),),
        notes=_columns_notes(calibration, validation),
    )


def _columns_notes(calibration: Calibration, validation: Validation) -> tuple[str, ...]:
    places = validation.rankings[0].reached
    promise = columns_prose.PROMISE_NOTE + (columns_prose.PROMISE_FREE if words.bound(calibration) else "")
    reached = (columns_prose.reached_note(places.places),) if places else ()
    return (promise, columns_prose.COLUMNS_NOTE, *reached, columns_prose.LISTED_NOTE)


def _worth(calibration: Calibration, validation: Validation) -> str:
    """What the points in the rules were worth on held-out leads; empty where that cannot be said."""
    slope = validation.ranking(calibration.column).slope
    if slope is None:
        return ""
    if calibration.column == "log-odds":
        return columns_prose.odds_sentence(calibration.rules.score.pdo or 0, slope)
    return columns_prose.worth_sentence(calibration, slope)


def _kinds(calibration: Calibration, validation: Validation) -> Table:
    names = ["kind", "order", "behind", "hold", "skill", "reached"]
    if all(item.reached is None for item in validation.rankings):
        names.remove("reached")
    rows = [_kind(item, calibration, validation) for item in validation.rankings]
    return table(tuple(names), [tuple(row[name] for name in names) for row in rows])


def _kind(ranking: Ranking, calibration: Calibration, validation: Validation) -> dict[str, str]:
    area, check, reached = ranking.auc, ranking.check, ranking.reached
    return {
        "kind": ranking.column + (columns_prose.IN_RULES if ranking.column == calibration.column else ""),
        "order": f"{pairs(area.auc)}\n{columns_prose.pair_range(area.low, area.high)}" if area else "",
        "behind": _behind(ranking, validation),
        "hold": columns_prose.promise(ranking.slope),
        "skill": columns_prose.skill(check.skill if check else None),
        "reached": prose.of(round(reached.expected_conversions), validation.conversions) if reached else "",
    }


def _behind(ranking: Ranking, validation: Validation) -> str:
    if ranking.column == validation.best:
        return columns_prose.BEST
    found = validation.against(ranking.column)
    if found is None:
        return ""
    gap = found.difference
    doubt = columns_prose.MAY_BE_CHANCE if found.chance else ""
    return f"{pairs(gap.difference)}{doubt}\n{columns_prose.pair_range(gap.low, gap.high)}"


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
    """The levels, those beyond chance apart from the others."""
    note = trust_prose.FLIPS_NOTE + trust_prose.more_rows(len(found) - MOST_FLIPS, "levels")
    shown = sorted(found, key=lambda flip: not flip.sure)[:MOST_FLIPS]
    parts = [
        (
            name,
            tuple(
                (plain(f"{flip.attribute} = {flip.level}"), signed_lift(flip.lift), signed_lift(flip.adjusted))
                for flip in shown
                if flip.sure == sure
            ),
        )
        for sure, name in trust_prose.FLIPS_SURE.items()
    ]
    columns = tuple((COLUMN[name], name) for name in ("rule", "alone", "beside"))
    return Table(columns, tuple(part for part in parts if part[1]), trust_prose.FLIPS_TITLE, note)


def _stable(calibration: Calibration) -> Section:
    stability = calibration.stability
    if stability is None:
        return Section("stable", texts=() if calibration.settings.points.draws else (trust_prose.NOT_ASKED,))
    if calibration.column in stability.missing:
        return Section("stable", texts=(trust_prose.unstable(stability.missing[calibration.column]),))
    rules = sorted(_steady(calibration), key=lambda rule: -abs(side(rule[0], rule[1])))
    if not rules:
        return Section("stable")
    unstable = [rule for rule in rules if not rule[2].stable]
    tables = (_unstable(calibration, unstable),) if unstable else ()
    return Section(
        "stable",
        texts=(words.stability_sentence(calibration),),
        charts=(_stable_chart(rules[:MOST_STABLE]),),
        tables=tables,
        notes=(f"{trust_prose.SIGN_NOTE} {trust_prose.SMALL_NOTE}", trust_prose.DRAWN_NOTE),
    )


def _steady(calibration: Calibration) -> Iterator[Steady]:
    """The rules with points, each with how stable they are."""
    rows = words.level_stabilities(calibration) or ()
    for attribute, row in zip(calibration.attributes, rows, strict=False):
        for level, still in zip(attribute.levels, row, strict=True):
            if still is not None and side(attribute, level):
                yield attribute, level, still


def _stable_chart(rules: list[Steady]) -> Chart:
    title, note = trust_prose.stable_title(*_told(rules[0])), trust_prose.STABLE_NOTE
    shown = [figures.Moving(rule_text(item, level), level.points, item.unknown, still) for item, level, still in rules]
    return chart(title, note, figures.stability(shown, name="stable", label=prose.aria(title, note)))


def _told(rule: Steady) -> tuple[str, str, str]:
    attribute, level, still = rule
    return plain(rule_text(attribute, level)), signed(still.low), signed(still.high)


def _unstable(calibration: Calibration, rules: list[Steady]) -> Table:
    room = words.tolerance(calibration)
    rows = []
    for rule in rules[:MOST_UNSTABLE]:
        _, level, still = rule
        text, low, high = _told(rule)
        needed = more_leads(still.reach, room, calibration.overall.leads)
        rows.append((text, signed(level.points), trust_prose.between(low, high), trust_prose.about(needed)))
    note = trust_prose.MORE_NOTE + trust_prose.more_rows(len(rules) - MOST_UNSTABLE, "rules")
    return table(("rule", "given", "range", "more"), rows, trust_prose.STABLE_TITLE, note)


def _surprises(calibration: Calibration) -> Section:
    found = calibration.surprises
    if found is None:
        return Section("surprises", texts=(trust_prose.no_surprises(calibration, FEWEST),))
    told = tuple(plain(suggestion(level)) for level in found.levels)
    return Section(
        "surprises",
        texts=trust_prose.surprise_sentences(found),
        items=told[:MOST_LEVELS],
        more=told[MOST_LEVELS:],
        tables=_to_look_at(found),
    )


def _to_look_at(found: Surprises) -> tuple[Table, ...]:
    sides = ((trust_prose.ROWS_LOST, found.rows_high), (trust_prose.ROWS_WON, found.rows_low))
    rows = [
        (name, ", ".join(f"{count(row)} ({count(score)})" for row, score in leads[:MOST_ROWS]))
        for name, leads in sides
        if leads
    ]
    first = next((leads[0][0] for _, leads in sides if leads), 1)
    return (table(("look", "rows"), rows, trust_prose.ROWS_TITLE, trust_prose.rows_note(first)),) if rows else ()


def _enough(calibration: Calibration) -> Section:
    texts = tuple(filter(None, (calibration.readiness.sentence, _model_size(calibration))))
    return Section("enough", texts=texts, tables=(_to_see(calibration),))


def _model_size(calibration: Calibration) -> str:
    """What a common rule asks for, as well as any kind of points ranks; empty where none does, or nothing differs."""
    rate, validation = calibration.overall.rate, calibration.validation
    areas = [item.auc for item in validation.rankings if item.auc] if validation else []
    best = max(areas, key=lambda area: area.auc, default=None)
    differences = sum(len(attribute.levels) - 1 for attribute in calibration.attributes)
    if best is None or best.low <= 0.5 or best.auc >= 1 or not differences:
        return ""
    size = riley_criteria(differences, rate, cox_snell_r2(best.auc, rate))
    return trust_prose.model_sentence(size, differences, calibration.overall.leads)


def _to_see(calibration: Calibration) -> Table:
    rate, leads, points = calibration.overall.rate, calibration.overall.leads, calibration.settings.points
    # As learn_levels has it; rounding the share holds off the last digits of a rate.
    fewest = max(points.min_leads, math.ceil(round(points.min_expected / min(rate, 1 - rate), 6)))
    rows = []
    for lift in LIFTS:
        needed = (leads_to_see(lift, rate, share) for share in SHARES)
        told = (trust_prose.NEVER if number is None else count(max(number, fewest)) for number in needed)
        rows.append((trust_prose.lift_row(lift), *told))
    heads = ((trust_prose.share_heading(share, round(share * leads)), "needed") for share in SHARES)
    columns = ((COLUMN["size"], "size"), *heads)
    return Table(columns, (("", tuple(rows)),), trust_prose.SEE_TITLE, trust_prose.see_note(fewest))

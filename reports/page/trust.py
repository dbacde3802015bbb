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
from calibrate.words.language import Language
from reports.charts import figures
from reports.page import columns_prose, prose, trust_prose
from reports.page.section import Chart, Section, Table, chart, heads, table
from reports.wording import results
from reports.wording.levels import between, of, rule_text, side
from reports.wording.numbers import plain

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


def trust_sections(calibration: Calibration, say: Language) -> tuple[Section, ...]:
    """The sections, some of them empty where a run could not know."""
    return (
        _columns(calibration, say),
        _twice(calibration, say),
        _stable(calibration, say),
        _surprises(calibration, say),
        _enough(calibration, say),
    )


def _columns(calibration: Calibration, say: Language) -> Section:
    validation = calibration.validation
    if validation is None or sum(item.auc is not None for item in validation.rankings) < 2:
        return Section("columns")
    first = (columns_prose.advice(validation, say), columns_prose.best_sentence(calibration, validation, say))
    texts = (*first, _worth(calibration, validation, say), columns_prose.shaping_sentence(calibration.shaping, say))
    return Section(
        "columns",
        texts=tuple(filter(None, texts)),
        tables=(_kinds(calibration, validation, say),),
        notes=_columns_notes(calibration, validation, say),
    )


def _columns_notes(calibration: Calibration, validation: Validation, say: Language) -> tuple[str, ...]:
    places = validation.rankings[0].reached
    promise = say("kinds.promise_note")
    if results.bound(calibration):
        promise = f"{promise} {say('kinds.promise_note_sums')}"
    reached = (say("kinds.reached_note", places=places.places),) if places else ()
    return (promise, say("kinds.note"), *reached, say("kinds.listed_note"))


def _worth(calibration: Calibration, validation: Validation, say: Language) -> str:
    """What the points in the rules were worth on held-out leads; empty where that cannot be said."""
    slope = validation.ranking(calibration.column).slope
    if slope is None:
        return ""
    if calibration.column == "log-odds":
        return columns_prose.odds_sentence(calibration.rules.score.pdo or 0, slope, say)
    return columns_prose.worth_sentence(calibration, slope, say)


def _kinds(calibration: Calibration, validation: Validation, say: Language) -> Table:
    names = ["kind", "order", "behind", "hold", "skill", "reached"]
    if all(item.reached is None for item in validation.rankings):
        names.remove("reached")
    rows = [_kind(item, calibration, validation, say) for item in validation.rankings]
    return table(tuple(names), [tuple(row[name] for name in names) for row in rows], say)


def _kind(ranking: Ranking, calibration: Calibration, validation: Validation, say: Language) -> dict[str, str]:
    area, check, reached, kind = ranking.auc, ranking.check, ranking.reached, say(f"kinds.name.{ranking.column}")
    return {
        "kind": say("kinds.in_rules", kind=kind) if ranking.column == calibration.column else kind,
        "order": f"{say.pairs(area.auc)}\n{columns_prose.pair_range(area.low, area.high, say)}" if area else "",
        "behind": _behind(ranking, validation, say),
        "hold": columns_prose.promise(ranking.slope, say),
        "skill": columns_prose.skill(check.skill if check else None, say),
        "reached": of(round(reached.expected_conversions), validation.conversions, say) if reached else "",
    }


def _behind(ranking: Ranking, validation: Validation, say: Language) -> str:
    if ranking.column == validation.best:
        return say("kinds.best")
    found = validation.against(ranking.column)
    if found is None:
        return ""
    gap = found.difference
    key = "kinds.behind_maybe" if found.chance else "kinds.behind"
    return say(key, gap=gap.difference, range=columns_prose.pair_range(gap.low, gap.high, say))


def _twice(calibration: Calibration, say: Language) -> Section:
    overlap = calibration.overlap
    texts = trust_prose.overlap_sentences(calibration, overlap, say)
    if not texts or results.no_differences(calibration, say) or len(calibration.attributes) < 2:
        return Section("twice", texts=texts)
    tables = [_pairs(overlap.pairs, say)] if overlap.pairs else []
    tables += [_flips(overlap.flips, say)] if overlap.flips else []
    return Section("twice", texts=texts, charts=_spans(calibration, say), tables=tuple(tables))


def _spans(calibration: Calibration, say: Language) -> tuple[Chart, ...]:
    spans = [span for span in calibration.overlap.spans if span.lift or span.adjusted]
    if not spans:
        return ()
    spans.sort(key=lambda span: -span.lift)
    title, note = trust_prose.spans_title(spans, say), say("charts.spans_note")
    shown = [(span.attribute, span.lift, span.adjusted) for span in spans[:MOST_SPANS]]
    svg = figures.spans(shown, say=say, name="spans", label=prose.aria(title, note))
    return (chart(title, note, svg, trust_prose.widest_only(MOST_SPANS, len(spans), say)),)


def _pairs(found: tuple[Pair, ...], say: Language) -> Table:
    note = trust_prose.noted("pairs", len(found) - MOST_PAIRS, say)
    rows = [(plain(pair.first), plain(pair.second), trust_prose.closeness(pair, say)) for pair in found[:MOST_PAIRS]]
    return table(("first", "second", "close"), rows, say, say("trust.pairs_title"), note)


def _flips(found: tuple[SignFlip, ...], say: Language) -> Table:
    """The levels, those beyond chance apart from the others."""
    note = trust_prose.noted("flips", len(found) - MOST_FLIPS, say)
    shown = sorted(found, key=lambda flip: not flip.sure)[:MOST_FLIPS]
    parts = [
        (say(f"trust.{name}"), tuple(_flip(flip, say) for flip in shown if flip.sure == sure))
        for sure, name in ((True, "flips_sure"), (False, "flips_maybe"))
    ]
    columns = heads(("rule", "alone", "beside"), say)
    return Table(columns, tuple(part for part in parts if part[1]), say("trust.flips_title"), note)


def _flip(flip: SignFlip, say: Language) -> tuple[str, str, str]:
    rule = say("tables.rule", attribute=flip.attribute, level=flip.level)
    return plain(rule), say.lift(flip.lift), say.lift(flip.adjusted)


def _stable(calibration: Calibration, say: Language) -> Section:
    stability = calibration.stability
    if stability is None:
        return Section("stable", texts=() if calibration.settings.points.draws else (say("trust.not_asked"),))
    if calibration.column in stability.missing:
        reason = plain(say.text(stability.missing[calibration.column]))
        return Section("stable", texts=(say("trust.not_known", reason=reason),))
    rules = sorted(_steady(calibration), key=lambda rule: -abs(side(rule[0], rule[1])))
    if not rules:
        return Section("stable")
    unstable = [rule for rule in rules if not rule[2].stable]
    tables = (_unstable(calibration, unstable, say),) if unstable else ()
    return Section(
        "stable",
        texts=(results.stability_sentence(calibration, say),),
        charts=(_stable_chart(rules[:MOST_STABLE], say),),
        tables=tables,
        notes=(f"{say('trust.sign_note')} {say('trust.small_note')}", say("trust.drawn_note")),
    )


def _steady(calibration: Calibration) -> Iterator[Steady]:
    """The rules with points, each with how stable they are."""
    rows = results.level_stabilities(calibration) or ()
    for attribute, row in zip(calibration.attributes, rows, strict=False):
        for level, still in zip(attribute.levels, row, strict=True):
            if still is not None and side(attribute, level):
                yield attribute, level, still


def _stable_chart(rules: list[Steady], say: Language) -> Chart:
    item, level, still = rules[0]
    title = say("charts.stable_title", rule=plain(rule_text(item, level, say)), low=still.low, high=still.high)
    note = say("charts.stable_note")
    shown = [
        figures.Moving(rule_text(item, level, say), level.points, item.unknown, still) for item, level, still in rules
    ]
    return chart(title, note, figures.stability(shown, say=say, name="stable", label=prose.aria(title, note)))


def _unstable(calibration: Calibration, rules: list[Steady], say: Language) -> Table:
    room = results.tolerance(calibration)
    rows = []
    for rule in rules[:MOST_UNSTABLE]:
        attribute, level, still = rule
        needed = trust_prose.about(more_leads(still.reach, room, calibration.overall.leads))
        rows.append(
            (
                plain(rule_text(attribute, level, say)),
                say.signed(level.points),
                between(say.signed(still.low), say.signed(still.high), say),
                say("trust.about", leads=needed),
            )
        )
    note = trust_prose.noted("unstable", len(rules) - MOST_UNSTABLE, say)
    return table(("rule", "given", "range", "more"), rows, say, say("trust.unstable_title"), note)


def _surprises(calibration: Calibration, say: Language) -> Section:
    found = calibration.surprises
    if found is None:
        return Section("surprises", texts=(trust_prose.no_surprises(calibration, FEWEST, say),))
    told = tuple(plain(say.text(suggestion(level))) for level in found.levels)
    return Section(
        "surprises",
        texts=trust_prose.surprise_sentences(found, say),
        items=told[:MOST_LEVELS],
        more=told[MOST_LEVELS:],
        tables=_to_look_at(found, say),
    )


def _to_look_at(found: Surprises, say: Language) -> tuple[Table, ...]:
    sides = ((say("trust.rows_lost"), found.rows_high), (say("trust.rows_won"), found.rows_low))
    rows = [
        (name, ", ".join(say("trust.row", lead=row, score=score) for row, score in leads[:MOST_ROWS]))
        for name, leads in sides
        if leads
    ]
    first = next((leads[0][0] for _, leads in sides if leads), 1)
    note = say("trust.rows_note", lead=first, row=first + 1)
    return (table(("look", "rows"), rows, say, say("trust.rows_title"), note),) if rows else ()


def _enough(calibration: Calibration, say: Language) -> Section:
    texts = tuple(
        filter(None, (trust_prose.enough_sentence(calibration.readiness, say), _model_size(calibration, say)))
    )
    return Section("enough", texts=texts, tables=(_to_see(calibration, say),))


def _model_size(calibration: Calibration, say: Language) -> str:
    """What a common rule asks for, as well as any kind of points ranks; empty where none does, or nothing differs."""
    rate, validation = calibration.overall.rate, calibration.validation
    areas = [item.auc for item in validation.rankings if item.auc] if validation else []
    best = max(areas, key=lambda area: area.auc, default=None)
    differences = sum(len(attribute.levels) - 1 for attribute in calibration.attributes)
    if best is None or best.low <= 0.5 or best.auc >= 1 or not differences:
        return ""
    size = riley_criteria(differences, rate, cox_snell_r2(best.auc, rate))
    return trust_prose.model_sentence(size, differences, calibration.overall.leads, say)


def _to_see(calibration: Calibration, say: Language) -> Table:
    rate, leads, points = calibration.overall.rate, calibration.overall.leads, calibration.settings.points
    # As learn_levels has it; rounding the share holds off the last digits of a rate.
    fewest = max(points.min_leads, math.ceil(round(points.min_expected / min(rate, 1 - rate), 6)))
    rows = []
    for lift in LIFTS:
        needed = (leads_to_see(lift, rate, share) for share in SHARES)
        told = (say("trust.see_never") if number is None else say.count(max(number, fewest)) for number in needed)
        rows.append((say("trust.see_lift", lift=lift), *told))
    shares = ((say("tables.head.needed", share=share, here=round(share * leads)), "needed") for share in SHARES)
    note = say("trust.see_note", fewest=fewest)
    return Table((*heads(("size",), say), *shares), (("", tuple(rows)),), say("trust.see_title"), note)

"""Whether newer leads convert as the rules promise: overall, by level, by band, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibrate.document.lead_score import outcome_label, outcome_points, standing_of
from calibrate.document.rules import Rules
from calibrate.meeting.grades import (
    BandOrder,
    BandRate,
    BaseRate,
    ChangedLevel,
    Finding,
    Grade,
    Inflation,
    Levels,
    NotChecked,
    Promises,
)
from calibrate.meeting.matching import attribute_name, evidence_at
from calibrate.meeting.newer_counts import MonthCounts
from calibrate.meeting.rule_counts import RuleCounts
from calibrate.statistics.bands import Band, band_trend, bands_at, inversions
from calibrate.statistics.change import LevelCount, LiftChange, RateChange, lift_change
from calibrate.statistics.lift import adjusted_p_values
from calibrate.statistics.ranking import ScoreCounts
from calibrate.statistics.rates import wilson_interval

SURE = 0.05
FAR = 1.25  # a rate that is so many times what was promised, or the promise that many times the rate
BROAD = 0.99  # confidence of a band's range: of a few bands one leaves a range of 95 % too often
FEWEST_MONTHS = 3


def base_rate_finding(change: RateChange) -> Finding:
    """The overall rate then and now."""
    far = _far(change.old.rate, change.new.rate)
    grade: Grade = "ok" if change.p_value >= SURE else "act" if far else "look"
    return Finding("base rate", None, grade, BaseRate(change))


def levels_finding(rules: Rules, counts: RuleCounts, change: RateChange) -> Finding | NotChecked:
    """The levels that convert otherwise than they did, beyond what the overall rate does to all of them."""
    tested = list(_level_changes(rules, counts, change))
    if not tested:
        return NotChecked("levels", None, "evidence")
    q_values = adjusted_p_values([item.p_value for *_, item in tested])
    changed = sorted(
        (
            ChangedLevel(attribute, label, points, item, q_value, item.old * item.new < 0)
            for (attribute, label, points, item), q_value in zip(tested, q_values, strict=True)
            if q_value is not None and q_value < SURE
        ),
        key=lambda level: level.q_value,
    )
    grade: Grade = "ok" if not changed else "act" if any(level.reversed for level in changed) else "look"
    return Finding("levels", None, grade, Levels(len(tested), tuple(changed)))


def _level_changes(rules: Rules, counts: RuleCounts, change: RateChange) -> Iterator[tuple[str, str, int, LiftChange]]:
    """Attribute, label and points of every level with evidence, and the change of its lift."""
    for rule, (leads, won) in zip(rules.rules, counts.ways, strict=True):
        for place in range(len(leads)):
            evidence = evidence_at(rule, place)
            if evidence is None:
                continue
            then = LevelCount(evidence.conversions, evidence.leads, change.old.conversions, change.old.leads)
            now = LevelCount(int(won[place]), int(leads[place]), change.new.conversions, change.new.leads)
            item = lift_change(then, now, change.spread or 1.0)
            if item is not None:
                label = outcome_label(rule, place)
                yield attribute_name(rules, rule), label, outcome_points(rule, place), item


def band_findings(rules: Rules, counts: ScoreCounts) -> Iterator[Finding | NotChecked]:
    """Whether better bands convert better, and as often as promised. counts: of leads that no gate decides.

    A broken promise is one to act on where it is that of the best band or of all leads.
    """
    if not rules.bands:
        yield from (NotChecked(kind, None, "bands") for kind in ("band order", "promised chances"))
        return
    bands = bands_at(counts, [band.from_ for band in rules.bands if band.from_ is not None])
    inverted = tuple((_name(rules, item.upper), _name(rules, item.lower), item.p_value) for item in inversions(bands))
    rates = tuple(_band_rate(rules, counts, band) for band in bands)
    grade: Grade = "act" if any(p < SURE for *_, p in inverted) else "look" if inverted else "ok"
    yield Finding("band order", None, grade, BandOrder(rates, inverted))
    if all(band.promised is None for band in rates):
        yield NotChecked("promised chances", None, "chances")
        return
    every = _every(rates)
    broken = tuple(band for band in rates if _is_broken(band))
    far = any(_is_broken(band) and _far(band.promised or 0.0, band.rate) for band in (every, rates[0]))
    grade = "act" if far else "look" if broken or _is_broken(every) else "ok"
    yield Finding("promised chances", None, grade, Promises(every, rates, broken))


def _every(bands: Sequence[BandRate]) -> BandRate:
    """The leads of all bands for which something was promised."""
    told = [band for band in bands if band.promised is not None]
    leads, won = sum(band.leads for band in told), sum(band.won for band in told)
    promised = sum((band.promised or 0.0) * band.leads for band in told) / leads
    return _ranged("all", won, leads, promised)


def _is_broken(band: BandRate) -> bool:
    return band.promised is not None and not band.low <= band.promised <= band.high


def _ranged(name: str, won: int, leads: int, promised: float | None) -> BandRate:
    low, high = wilson_interval(won, leads, BROAD)
    return BandRate(name, leads, won, won / leads, float(low), float(high), promised)


def _name(rules: Rules, band: Band) -> str:
    return next(item.name for item in rules.bands if item.from_ is None or band.score_from >= item.from_)


def _band_rate(rules: Rules, counts: ScoreCounts, band: Band) -> BandRate:
    """A band with its rate; promised: by the probability of its scores, else the rate that the document tells."""
    name = _name(rules, band)
    promised = next(item.rate for item in rules.bands if item.name == name)
    if rules.probability is not None:
        inside = [
            (standing_of(rules, score).probability or 0.0) * leads
            for score, leads in zip(counts.scores, counts.leads, strict=True)
            if band.score_from <= score <= band.score_to
        ]
        promised = sum(inside) / band.leads
    return _ranged(name, band.conversions, band.leads, promised)


def inflation_finding(counts: MonthCounts) -> Finding | NotChecked:
    """Whether the share from the threshold up rises, and whether those leads convert less and less."""
    months = counts.months
    if len(months) < FEWEST_MONTHS:
        return NotChecked("score inflation", None, "months")
    share_trend, share_p = _trend([(month.leads, month.above) for month in months])
    rate_trend, rate_p = _trend([(month.above, month.won) for month in months])
    rising, falling = share_trend > 0 and share_p < SURE, rate_trend < 0 and rate_p < SURE
    figures = Inflation(counts.threshold, months, share_trend, share_p, rate_trend, rate_p)
    return Finding("score inflation", None, "act" if rising and falling else "look" if rising else "ok", figures)


def _trend(rows: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Correlation of time and a yes, with its p-value, tested as bands are; 0 and 1 where there is none to see."""
    places = range(len(rows))
    counts = ScoreCounts.from_counts(list(places), [leads for leads, _ in rows], [hits for _, hits in rows])
    trend = band_trend(bands_at(counts, places))
    return (trend.correlation, trend.p_value) if trend else (0.0, 1.0)


def _far(promised: float, rate: float) -> bool:
    return not promised / FAR <= rate <= promised * FAR

"""The report: one self-contained HTML page, complete without a script and without a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from calibrate.calibration import Calibration
from calibrate.document.lead_score import score_lead
from calibrate.document.rules import WorkedLead
from calibrate.learning.evidence import AttributeEvidence
from calibrate.proof.validation import Ranking, Validation
from calibrate.statistics.bands import Band, share_reached
from calibrate.statistics.ranking import gains
from calibrate.statistics.rates import conversion_rate
from calibrate.whole import whole_file
from reports import figures, prose, words
from reports.figures import Step
from reports.labels import SCROLL
from reports.level_table import level_table
from reports.numbers import count, percent, percent_range, plain
from reports.section import Section, chart, table
from reports.trust import trust_sections

ROWS_A_CHART = 40
MOST_FORESTS = 6
MOST_STEPS = 8
CALLED = 0.2
FEWEST_SEEN = 30
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def render_page(calibration: Calibration) -> str:
    """The whole page: HTML that asks for nothing but itself; the same bytes for the same calibration."""
    return _rendered(calibration, whole=True)


class Report:
    """The page of a calibration, to be shown in a notebook or saved."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration

    @cached_property
    def html(self) -> str:
        """The whole page."""
        return render_page(self.calibration)

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all."""
        with whole_file(path) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        return _rendered(self.calibration, whole=False)


def _rendered(calibration: Calibration, *, whole: bool) -> str:
    template = files("reports").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["flags"] = _flags
    return environment.from_string(template).render(
        whole=whole,
        title=plain(prose.title(calibration)),
        headline=words.headline(calibration),
        texts=_under_headline(calibration),
        facts=prose.facts(calibration),
        more_remarks=prose.more_remarks,
        scroll=SCROLL,
        sections=[section for section in _sections(calibration) if not section.empty],
    )


def _flags(text: str) -> Markup:
    """A text with the options of the command line marked, so that no line breaks inside them."""
    return Markup(_OPTION.sub(r"<code>\g<0></code>", str(escape(text))))  # noqa: S704 - escaped a step before


def _under_headline(calibration: Calibration) -> tuple[str, ...]:
    if calibration.validation is None:
        return ()
    best = words.best_column_sentence(calibration)
    noise = (words.achieved(calibration),) if words.no_differences(calibration) else ()
    return (*noise, words.tested(calibration, calibration.validation), f"{prose.PAIR} {best}".strip())


def _sections(calibration: Calibration) -> tuple[Section, ...]:
    remarks = tuple(plain(remark.text) for remark in calibration.remarks)
    return (
        Section("remarks", items=remarks[: words.MOST_REMARKS], more=remarks[words.MOST_REMARKS :]),
        _levels(calibration),
        *_ranking_sections(calibration),
        _why(calibration),
        _named_bands(calibration),
        *trust_sections(calibration),
        _left_out(calibration),
        Section("reading", items=tuple(plain(text) for text in calibration.reading)),
        Section("method", terms=prose.method(calibration), notes=prose.FOOTNOTES),
        Section("table", texts=(prose.table_note(calibration),), tables=(level_table(calibration),)),
        Section("rules", tables=(table(("fact", "value"), prose.rules_facts(calibration)),)),
    )


def _levels(calibration: Calibration) -> Section:
    parts = _forest_parts(calibration.attributes)
    top = figures.rate_limit(
        [level for attribute in calibration.attributes for level in attribute.levels], calibration.overall.rate
    )
    charts, first = [], prose.forest_note(calibration)
    for number, part in enumerate(parts[:MOST_FORESTS]):
        title, note = prose.forest_title(part, first=number == 0), prose.FOREST_AGAIN if number else first
        drawing = {"name": f"levels{number}", "label": prose.aria(title, note)}
        svg = figures.forest(part, calibration.overall.rate, top, calibration.column, **drawing)
        charts.append(chart(title, note, svg))
    missing = len({(item.column, item.member) for part in parts[MOST_FORESTS:] for item in part})
    notes = (prose.charts_left_out(missing),) if missing else ()
    return Section("levels", charts=tuple(charts), notes=notes)


def _forest_parts(attributes: Sequence[AttributeEvidence]) -> list[tuple[AttributeEvidence, ...]]:
    """Attributes in as few parts of at most so many rows as can be, all about as long."""
    parts = _parts(attributes, ROWS_A_CHART)
    shorter = (_parts(attributes, rows) for rows in range(2, ROWS_A_CHART))
    return next((found for found in shorter if len(found) == len(parts)), parts)


def _parts(attributes: Sequence[AttributeEvidence], rows: int) -> list[tuple[AttributeEvidence, ...]]:
    """Attributes in parts of at most so many rows, a heading being one; a long attribute goes on in the next."""
    parts: list[list[AttributeEvidence]] = []
    room = 0
    for attribute in attributes:
        for start in range(0, len(attribute.levels), rows - 1):
            piece = attribute.levels[start : start + rows - 1]
            if start or len(piece) + 1 > room:
                parts.append([])
                room = rows
            parts[-1].append(replace(attribute, levels=piece))
            room -= len(piece) + 1
    return [tuple(part) for part in parts]


def _ranking_sections(calibration: Calibration) -> tuple[Section, ...]:
    ranking, validation = words.chosen_ranking(calibration), calibration.validation
    if ranking is None or validation is None or not validation.conversions or not validation.bands:
        return (Section("bands", texts=(prose.UNTESTED,)),)
    return (_bands(validation), _gains(calibration, validation, ranking), _meaning(validation, ranking))


def _bands(validation: Validation) -> Section:
    overall = validation.conversions / validation.leads
    title = prose.bands_title(validation.bands, overall)
    svg = figures.bands(validation.bands, overall, name="bands", label=prose.aria(title, prose.BANDS_NOTE))
    below = prose.out_of_order(validation.bands)
    return Section("bands", charts=(chart(title, prose.BANDS_NOTE, svg, below),))


def _gains(calibration: Calibration, validation: Validation, ranking: Ranking) -> Section:
    reached = share_reached(ranking.scores, CALLED)
    if reached is None:
        return Section("gains")
    points = [(0.0, 0.0), *((gain.share_of_leads, gain.share_of_conversions) for gain in gains(ranking.scores))]
    title, note = prose.gains_title(CALLED, reached), prose.gains_note(validation)
    overall = validation.conversions / validation.leads
    svg = figures.gains(points, overall, (CALLED, reached), name="gains", label=prose.aria(title, note))
    below = (words.capacity_sentence(calibration),) if validation.capacity else ()
    return Section("gains", charts=(chart(title, note, svg, below),))


def _meaning(validation: Validation, ranking: Ranking) -> Section:
    chances, scores = validation.probability, ranking.scores
    if chances is None or len(scores.scores) < 2:
        return Section("meaning")
    low, high = scores.scores[0], scores.scores[-1]
    curve = [(score, chances.probability(score)) for score in (low + (high - low) * step / 60 for step in range(61))]
    seen = [(_mean_score(ranking, band), band) for band in validation.bands if band.leads >= FEWEST_SEEN]
    best = round(seen[0][0]) if seen else high
    title, note = prose.meaning_title(best, chances.probability(best)), prose.MEANING_NOTE
    histogram = list(zip(scores.scores, scores.leads, strict=True))
    svg = figures.meaning(curve, seen, histogram, name="meaning", label=prose.aria(title, note))
    return Section("meaning", charts=(chart(title, note, svg),))


def _mean_score(ranking: Ranking, band: Band) -> float:
    held = [
        (score, leads)
        for score, leads in zip(ranking.scores.scores, ranking.scores.leads, strict=True)
        if band.score_from <= score <= band.score_to
    ]
    return sum(score * leads for score, leads in held) / sum(leads for _, leads in held)


def _why(calibration: Calibration) -> Section:
    told = [found for test in calibration.rules.tests if (found := _steps(calibration, test))]
    if not told:
        return Section("why")
    steps, score, band = max(told, key=lambda item: _telling(*item))
    title = prose.why_title(score, band)
    base, label = calibration.rules.score.base, prose.aria(title, prose.WHY_NOTE)
    svg = figures.waterfall(_shortened(steps), score, base, name="why", label=label)
    return Section("why", charts=(chart(title, prose.WHY_NOTE, svg),))


def _telling(steps: tuple[Step, ...], score: int, band: str | None) -> tuple[float, ...]:
    """How well a worked lead shows what a score is: ups and downs, several, little left for the others."""
    sizes = [abs(step.points) for step in steps]
    ups_and_downs = len({step.points > 0 for step in steps})
    shown, rest = sum(sizes[: MOST_STEPS - 1]), sum(sizes[MOST_STEPS - 1 :])
    return (ups_and_downs, score > 0, min(len(steps), 4), shown - 2 * rest, band is not None)


def _steps(calibration: Calibration, test: WorkedLead) -> tuple[tuple[Step, ...], int, str | None] | None:
    """The reasons of a worked lead, strongest first, and what the limits of the score change; None at a gate."""
    found = score_lead(
        calibration.rules, test.lead, reasons=len(calibration.rules.rules) + len(calibration.rules.groups)
    )
    if found.gate is not None or not found.reasons:
        return None
    steps = [Step(reason.text.partition(" ")[2], reason.points) for reason in found.reasons]
    beyond = found.score - calibration.rules.score.base - sum(step.points for step in steps)
    if beyond:
        steps.append(Step(prose.CLAMPED, beyond))
    return tuple(steps), found.score, found.band


def _shortened(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if len(steps) <= MOST_STEPS:
        return steps
    rest = steps[MOST_STEPS - 1 :]
    return (*steps[: MOST_STEPS - 1], Step(prose.others(len(rest)), sum(step.points for step in rest)))


def _named_bands(calibration: Calibration) -> Section:
    ranking, above = words.chosen_ranking(calibration), None
    rows = []
    for band in calibration.rules.bands:
        held = _between(ranking, band.from_, above) if ranking else (0, 0)
        rate = conversion_rate(held[1], held[0])
        rows.append(
            (
                plain(band.name),
                prose.score_range(band.from_, above),
                plain(band.action or ""),
                "" if band.leads_share is None else percent(band.leads_share),
                prose.of(held[1], held[0]) if rate else "",
                f"{percent(rate.rate)}\n{percent_range(rate.low, rate.high)}" if rate else "",
            )
        )
        above = band.from_
    bands = table(("band", "scores", "action", "share", "held_won", "rate"), rows)
    return Section("named", texts=(prose.NAMED_NOTE,), tables=(bands,)) if rows else Section("named")


def _between(ranking: Ranking, start: int | None, above: int | None) -> tuple[int, int]:
    """Held-out leads and conversions with start <= score < above."""
    scores = ranking.scores
    inside = [
        (leads, won)
        for score, leads, won in zip(scores.scores, scores.leads, scores.conversions, strict=True)
        if (start is None or score >= start) and (above is None or score < above)
    ]
    return sum(leads for leads, _ in inside), sum(won for _, won in inside)


def _left_out(calibration: Calibration) -> Section:
    leads = tuple((count(item.leads), plain(item.reason)) for item in calibration.excluded if item.leads)
    columns = tuple((plain(item.column), plain(item.reason)) for item in calibration.left_out)
    tables = [table(("leads", "reason"), leads)] if leads else []
    tables += [table(("column", "reason"), columns)] if columns else []
    return Section("left_out", tables=tuple(tables))

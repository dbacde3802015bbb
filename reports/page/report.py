"""The report: one self-contained HTML page, complete without a script and without a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

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
from calibrate.words.language import Language, LanguageCode, Message
from calibrate.words.language import language as in_language
from reports.charts import figures
from reports.charts.figures import Step
from reports.html import policy, template, text_of
from reports.live.page import live_part
from reports.meeting.counted import Meeting, meeting_of
from reports.page import prose
from reports.page.level_table import level_table
from reports.page.section import Section, chart, table
from reports.page.trust import trust_sections
from reports.wording import results
from reports.wording.levels import of, percent_between
from reports.wording.numbers import plain

ROWS_A_CHART = 40
MOST_FORESTS = 6
MOST_STEPS = 8
CALLED = 0.2
FEWEST_SEEN = 30
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def render_page(calibration: Calibration, say: Language | None = None, meeting: Meeting | Message | None = None) -> str:
    """The whole page: HTML that asks for nothing but itself; the same bytes for the same calibration.

    say: the language, None for that of the settings.  meeting: the counted leads that points are changed on, or why
    the page has none; without either it says nothing of them.
    """
    say = say or in_language(calibration.settings.report.language)
    live = None
    if isinstance(meeting, Meeting):
        finding = prose.forest_title(calibration.attributes, say, first=True)
        live = live_part(calibration.rules, meeting.combinations, meeting.previous, None, say, within=finding)
    style = text_of("page/whole.css") + text_of("page/report.css") + (live.style if live else "")
    return _rendered(
        calibration,
        say,
        whole=True,
        style=style,
        policy=policy(style, live.script if live else None),
        live=live,
        no_live=say.said(meeting) if isinstance(meeting, Message) else None,
    )


class Report:
    """The page of a calibration, to be shown in a notebook or saved.

    language: its code, None for that of the settings.
    """

    def __init__(self, calibration: Calibration, language: LanguageCode | None = None) -> None:
        self.calibration = calibration
        self.say = in_language(language or calibration.settings.report.language)

    @cached_property
    def html(self) -> str:
        """The whole page; points are changed on it where the calibration has its leads."""
        meeting = meeting_of(self.calibration) if self.calibration.store else None
        return render_page(self.calibration, self.say, meeting)

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all."""
        with whole_file(path) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        return _rendered(self.calibration, self.say, whole=False, style=text_of("page/report.css"), no_live=None)


def _rendered(calibration: Calibration, say: Language, **page: object) -> str:
    drawn = page.get("live") is None  # the live part has the levels, each with its range
    sections = [section for section in _sections(calibration, say, levels=drawn) if not section.empty]
    return template("page/report.html.j2", flags=_flags).render(
        **page,
        say=say,
        title=plain(prose.title(calibration, say)),
        headline=results.headline(calibration, say),
        texts=_under_headline(calibration, say),
        facts=prose.facts(calibration, say),
        sections=sections,
        first=sum(section.key == "remarks" for section in sections),
    )


def _flags(text: str) -> Markup:
    """A text with the options of the command line marked, so that no line breaks inside them."""
    return Markup(_OPTION.sub(r"<code>\g<0></code>", str(escape(text))))  # noqa: S704 - escaped a step before


def _under_headline(calibration: Calibration, say: Language) -> tuple[str, ...]:
    if calibration.validation is None:
        return ()
    best = results.best_column_sentence(calibration, say)
    noise = (results.achieved(calibration, say),) if results.no_differences(calibration, say) else ()
    tested = results.tested(calibration, calibration.validation, say)
    return (*noise, tested, f"{say('report.pair')} {best}".strip())


def _sections(calibration: Calibration, say: Language, *, levels: bool) -> tuple[Section, ...]:
    remarks = tuple(plain(say.text(remark.said)) for remark in calibration.remarks)
    return (
        Section("remarks", items=remarks[: results.MOST_REMARKS], more=remarks[results.MOST_REMARKS :]),
        _levels(calibration, say) if levels else Section("levels"),
        *_ranking_sections(calibration, say),
        _why(calibration, say),
        _named_bands(calibration, say),
        *trust_sections(calibration, say),
        _left_out(calibration, say),
        Section("reading", items=tuple(plain(say.text(text)) for text in calibration.reading)),
        Section("method", terms=prose.method(calibration, say), notes=prose.footnotes(say)),
        Section("table", texts=(prose.table_note(calibration, say),), tables=(level_table(calibration, say),)),
        Section("rules", tables=(table(("fact", "value"), prose.rules_facts(calibration, say), say),)),
    )


def _levels(calibration: Calibration, say: Language) -> Section:
    parts = _forest_parts(calibration.attributes)
    top = figures.rate_limit(
        [level for attribute in calibration.attributes for level in attribute.levels], calibration.overall.rate
    )
    charts, first = [], prose.forest_note(calibration, say)
    for number, part in enumerate(parts[:MOST_FORESTS]):
        title = prose.forest_title(part, say, first=number == 0)
        note = say("charts.levels_note_again") if number else first
        drawing = {"name": f"levels{number}", "label": prose.aria(title, note)}
        svg = figures.forest(part, calibration.overall.rate, top, calibration.column, say=say, **drawing)
        charts.append(chart(title, note, svg))
    missing = len({(item.column, item.member) for part in parts[MOST_FORESTS:] for item in part})
    notes = (say("charts.not_drawn", n=missing),) if missing else ()
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


def _ranking_sections(calibration: Calibration, say: Language) -> tuple[Section, ...]:
    ranking, validation = results.chosen_ranking(calibration), calibration.validation
    if ranking is None or validation is None or not validation.conversions or not validation.bands:
        return (Section("bands", texts=(say("report.untested"),)),)
    return (_bands(validation, say), _gains(calibration, validation, ranking, say), _meaning(validation, ranking, say))


def _bands(validation: Validation, say: Language) -> Section:
    overall = validation.conversions / validation.leads
    title, note = prose.bands_title(validation.bands, overall, say), say("charts.bands_note")
    svg = figures.bands(validation.bands, overall, say=say, name="bands", label=prose.aria(title, note))
    below = prose.out_of_order(validation.bands, say)
    return Section("bands", charts=(chart(title, note, svg, below),))


def _gains(calibration: Calibration, validation: Validation, ranking: Ranking, say: Language) -> Section:
    reached = share_reached(ranking.scores, CALLED)
    if reached is None:
        return Section("gains")
    points = [(0.0, 0.0), *((gain.share_of_leads, gain.share_of_conversions) for gain in gains(ranking.scores))]
    title, note = say("charts.gains_title", leads=CALLED, customers=reached), prose.gains_note(validation, say)
    overall = validation.conversions / validation.leads
    svg = figures.gains(points, overall, (CALLED, reached), say=say, name="gains", label=prose.aria(title, note))
    below = (results.capacity_sentence(calibration, say),) if validation.capacity else ()
    return Section("gains", charts=(chart(title, note, svg, below),))


def _meaning(validation: Validation, ranking: Ranking, say: Language) -> Section:
    chances, scores = validation.probability, ranking.scores
    if chances is None or len(scores.scores) < 2:
        return Section("meaning")
    low, high = scores.scores[0], scores.scores[-1]
    curve = [(score, chances.probability(score)) for score in (low + (high - low) * step / 60 for step in range(61))]
    seen = [(_mean_score(ranking, band), band) for band in validation.bands if band.leads >= FEWEST_SEEN]
    best = round(seen[0][0]) if seen else high
    title = say("charts.meaning_title", score=best, chance=chances.probability(best))
    note = say("charts.meaning_note")
    histogram = list(zip(scores.scores, scores.leads, strict=True))
    svg = figures.meaning(curve, seen, histogram, say=say, name="meaning", label=prose.aria(title, note))
    return Section("meaning", charts=(chart(title, note, svg),))


def _mean_score(ranking: Ranking, band: Band) -> float:
    held = [
        (score, leads)
        for score, leads in zip(ranking.scores.scores, ranking.scores.leads, strict=True)
        if band.score_from <= score <= band.score_to
    ]
    return sum(score * leads for score, leads in held) / sum(leads for _, leads in held)


def _why(calibration: Calibration, say: Language) -> Section:
    told = [found for test in calibration.rules.tests if (found := _steps(calibration, test, say))]
    if not told:
        return Section("why")
    steps, score, band = max(told, key=lambda item: _telling(*item))
    title, note = prose.why_title(score, band, say), say("charts.why_note")
    base, label = calibration.rules.score.base, prose.aria(title, note)
    svg = figures.waterfall(_shortened(steps, say), score, base, say=say, name="why", label=label)
    return Section("why", charts=(chart(title, note, svg),))


def _telling(steps: tuple[Step, ...], score: int, band: str | None) -> tuple[float, ...]:
    """How well a worked lead shows what a score is: ups and downs, several, little left for the others."""
    sizes = [abs(step.points) for step in steps]
    ups_and_downs = len({step.points > 0 for step in steps})
    shown, rest = sum(sizes[: MOST_STEPS - 1]), sum(sizes[MOST_STEPS - 1 :])
    return (ups_and_downs, score > 0, min(len(steps), 4), shown - 2 * rest, band is not None)


def _steps(
    calibration: Calibration, test: WorkedLead, say: Language
) -> tuple[tuple[Step, ...], int, str | None] | None:
    """The reasons of a worked lead, strongest first, and what the limits of the score change; None at a gate."""
    found = score_lead(
        calibration.rules, test.lead, reasons=len(calibration.rules.rules) + len(calibration.rules.groups)
    )
    if found.gate is not None or not found.reasons:
        return None
    steps = [Step(reason.text.partition(" ")[2], reason.points) for reason in found.reasons]
    beyond = found.score - calibration.rules.score.base - sum(step.points for step in steps)
    if beyond:
        steps.append(Step(say("charts.limit"), beyond))
    return tuple(steps), found.score, found.band


def _shortened(steps: tuple[Step, ...], say: Language) -> tuple[Step, ...]:
    if len(steps) <= MOST_STEPS:
        return steps
    rest = steps[MOST_STEPS - 1 :]
    return (*steps[: MOST_STEPS - 1], Step(say("charts.others", n=len(rest)), sum(step.points for step in rest)))


def _named_bands(calibration: Calibration, say: Language) -> Section:
    ranking, above = results.chosen_ranking(calibration), None
    rows = []
    for band in calibration.rules.bands:
        held = _between(ranking, band.from_, above) if ranking else (0, 0)
        rate = conversion_rate(held[1], held[0])
        rows.append(
            (
                plain(band.name),
                prose.score_range(band.from_, above, say),
                plain(band.action or ""),
                "" if band.leads_share is None else say.percent(band.leads_share),
                of(held[1], held[0], say) if rate else "",
                f"{say.percent(rate.rate)}\n{percent_between(rate.low, rate.high, say)}" if rate else "",
            )
        )
        above = band.from_
    bands = table(("band", "scores", "action", "share", "held_won", "rate"), rows, say)
    return Section("named", texts=(say("tables.bands_note"),), tables=(bands,)) if rows else Section("named")


def _between(ranking: Ranking, start: int | None, above: int | None) -> tuple[int, int]:
    """Held-out leads and conversions with start <= score < above."""
    scores = ranking.scores
    inside = [
        (leads, won)
        for score, leads, won in zip(scores.scores, scores.leads, scores.conversions, strict=True)
        if (start is None or score >= start) and (above is None or score < above)
    ]
    return sum(leads for leads, _ in inside), sum(won for _, won in inside)


def _left_out(calibration: Calibration, say: Language) -> Section:
    leads = tuple((say.count(item.leads), plain(say.text(item.reason))) for item in calibration.excluded if item.leads)
    columns = tuple((plain(item.column), plain(say.text(item.reason))) for item in calibration.left_out)
    tables = [table(("leads", "reason"), leads, say)] if leads else []
    tables += [table(("column", "reason"), columns, say)] if columns else []
    return Section("left_out", tables=tuple(tables))

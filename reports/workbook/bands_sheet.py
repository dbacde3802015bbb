"""Sheet Bands: tenths of the leads and the bands of the document, both live; how points become a score; gates."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain, readable
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.exports.target import band_of
from calibrate.meeting.figures import NamedBand, bands
from calibrate.words.language import Language
from reports.workbook.content import Content
from reports.workbook.counts_sheet import gate_bands
from reports.workbook.looks import Looks, guarded
from reports.workbook.places import NAMED_FIRST, TENTHS_FIRST, Places
from reports.workbook.rate_cells import RATE_KEYS, RATE_LOOKS, Counted, rate_cells
from reports.workbook.sheets import sheet_name
from reports.workbook.tenths_table import HELPERS, write_tenths

_WIDTHS = (30, 13, 10, 12, 12, 10, 10, 13, 13, 15, 40)
_TO_THE_LEFT = {"order": "indented heading", "action": "indented heading"}


def write_bands(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content, say = places.content, places.content.say
    sheet = new_sheet(book, sheet_name(say, "bands"), _WIDTHS)
    sheet.set_column(HELPERS, HELPERS + 9, 7)
    put(sheet, 1, 0, say("workbook.tenths"), looks["title"])
    put(sheet, 2, 0, say("workbook.tenths_note"), looks["note"])
    _header(say, sheet, looks, TENTHS_FIRST - 1, ("score_from", "score_to", *RATE_KEYS))
    write_tenths(sheet, looks, content)
    _write_named(sheet, looks, content)
    _write_scale(sheet, looks, places)
    if content.rules.gates:
        _write_gates(sheet, looks, places)
    sheet.print_area(0, 0, places.gates + len(content.rules.gates), len(_WIDTHS) - 1)
    guarded(sheet)


def _header(
    say: Language, sheet: Worksheet, looks: Looks, row: int, keys: Sequence[str], first: str = "heading"
) -> None:
    for place, key in enumerate(keys):
        style = _TO_THE_LEFT.get(key, "heading") if place else first
        put(sheet, row, place, say(f"workbook.{key}"), looks[style])


def _write_named(sheet: Worksheet, looks: Looks, content: Content) -> None:
    found = bands(content.rules, content.combinations)
    if not found:
        return
    actions = {band.name: band.action or "" for band in content.rules.bands}
    put(sheet, NAMED_FIRST - 2, 0, content.say("workbook.bands"), looks["heading two"])
    _header(content.say, sheet, looks, NAMED_FIRST - 1, ("band", "score_from", *RATE_KEYS, "action"), "text heading")
    for place, band in enumerate(found):
        row, counted = NAMED_FIRST + place, Counted(band.leads, band.won)
        above = Counted(found[place - 1].leads, found[place - 1].won) if 0 < place < len(actions) else None
        here = _named_counts(content, found, place)
        cells = [readable(band.name), band.score_from, *here, *rate_cells(row, counted, above, content)]
        looked = ("text", "plain", *RATE_LOOKS, "indented")
        for column, value in enumerate([*cells, readable(actions.get(band.name, ""))]):
            put(sheet, row, column, value, looks[looked[column]])


def _named_counts(content: Content, found: Sequence[NamedBand], place: int) -> list[Plain | Formula]:
    """Leads and customers of a band: by score, but where a gate names another; and those to whom a gate gives it."""
    band = found[place]
    if not content.live:
        return [band.leads, band.won]
    limits, own = [], place < len(content.rules.bands)
    if band.score_from is not None:
        limits.append(f'lead_score,">="&$B{NAMED_FIRST + place}')
    if place and own:
        limits.append(f'lead_score,"<"&$B{NAMED_FIRST + place - 1}')
    named = gate_bands(content)

    def summed(name: str) -> str:
        terms = [f"SUMIFS({name},{','.join([*limits, 'lead_band,0'])})"] if own else []
        terms += [f"SUMIFS({name},lead_band,{place + 1})"] if place + 1 in named else []
        return "=" + "+".join(terms)

    return [Formula(summed("lead_count"), band.leads), Formula(summed("lead_won"), band.won)]


def _write_scale(sheet: Worksheet, looks: Looks, places: Places) -> None:
    """What the formulas of the score read: its start and bounds, and those of the sums."""
    rules, row, say = places.content.rules, places.scale, places.content.say
    put(sheet, row - 2, 0, say("workbook.scale"), looks["heading two"])
    _header(say, sheet, looks, row - 1, ("part", "never_under", "never_over"), "text heading")
    lines: list[tuple[str, int | None, int | None]] = [
        (say("workbook.base"), rules.score.base, None),
        (say("workbook.score"), rules.score.min, rules.score.max),
    ]
    lines += [(part_name(places.content, part.name), part.low, part.high) for part in places.content.parts]
    for place, cells in enumerate(lines):
        for column, (value, style) in enumerate(zip(cells, ("text", "plain", "plain"), strict=True)):
            put(sheet, row + place, column, value, looks[style])
    put(sheet, row, 4, say("workbook.scale_note"), looks["note"])


def part_name(content: Content, group: str | None) -> str:
    """What the sum of a group is called, or that of the rules without one."""
    return content.say("workbook.no_group") if group is None else readable(content.rules.groups[group].label or group)


def _write_gates(sheet: Worksheet, looks: Looks, places: Places) -> None:
    rules, row, say = places.content.rules, places.gates, places.content.say
    put(sheet, row - 2, 0, say("workbook.gates"), looks["heading two"])
    _header(say, sheet, looks, row - 1, ("gate", "score", "band"), "text heading")
    put(sheet, row, 0, say("workbook.no_gate"), looks["note"])
    for place, (gate, name) in enumerate(zip(rules.gates, places.content.gates, strict=True), start=1):
        band = readable(band_of(rules, gate) or "")
        put(sheet, row + place, 0, name, looks["text"])
        put(sheet, row + place, 1, gate.then.score, looks["plain"])
        put(sheet, row + place, 2, band, looks["right"])

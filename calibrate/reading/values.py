"""Texts as people write them, read as numbers, dates and yes/no; the one definition for learning and scoring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Decimal = Literal[",", "."]
DateOrder = Literal["dmy", "mdy", "ymd"]

YES = frozenset({"yes", "y", "true", "t", "1", "ja", "j", "oui", "o", "vrai", "waar", "wahr", "sand"})
NO = frozenset({"no", "n", "false", "f", "0", "nee", "nej", "non", "nein", "faux", "onwaar", "falsch", "falsk"})

# What CRMs and people write into a field that has no value, in English, Dutch, Danish, French and German.
_PLACEHOLDER_LINES = """
select|-select-|- select -|--select--|please select|select one|choose|choose one|none selected|unknown|not known
n/a|n.a.|#n/a|na|nan|none|-none-|--none--|null|nil|(null)|<null>|-|--|---|–|—|?|??|.|..|tbd|tba|not set|undefined
not specified|unspecified|not provided|not applicable|not available|not given|no value|empty|(empty)|blank|(blank)
onbekend|niet bekend|n.v.t.|nvt|n.v.t|niet van toepassing|n.b.|nnb|geen|leeg|(leeg)|niet ingevuld|niet opgegeven
...|…|kies|maak een keuze|maak keuze|selecteer
ukendt|ikke kendt|ikke angivet|ikke oplyst|ingen|tom|(tom)|vælg|ikke relevant|i/t
inconnu|inconnue|non renseigné|non précisé|non applicable|n.c.|nc|s.o.|vide|(vide)|aucun|aucune|choisir|sélectionner
unbekannt|k.a.|k. a.|k.a|keine angabe|keine|nicht angegeben|leer|(leer)|bitte wählen|auswählen|entfällt
0000-00-00|0000-00-00 00:00:00|00-00-0000|00/00/0000|01-01-0001
"""
PLACEHOLDERS = frozenset(_PLACEHOLDER_LINES.strip().replace("\n", "|").split("|"))

_SPACE = "[ \u00a0\u2009\u202f]"
_CURRENCY = r"(?:US\$|R\$|[€$£¥]|kr\.?|Kr\.?|EUR|USD|GBP|DKK|SEK|NOK|CHF|PLN|zł)"
_DATE = {
    "ymd": r"(?P<y>{Y})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    "dmy": r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>{Y})",
    "mdy": r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>{Y})",
}
# Years far from ours are codes and telephone numbers; 9999 is how systems write "never".
_YEAR = r"(?:1[89]|2[01])\d\d|9999"
_TIME = (
    r"(?:(?:T|,? )\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?)?"
)
# Names of months in English, Dutch, Danish, French and German, short and long; no two of them share one.
_MONTHS = (
    "jan(?:uar[iy]?|vier|v)?|jän(?:ner)?",
    "feb(?:ruar[iy]?)?|f[ée]v(?:r|rier)?",
    "mar(?:ch|ts|s)?|maart|mrt|m(?:ä|ae)rz|mär|mrz",
    "apr(?:il)?|avr(?:il)?",
    "ma[yij]|mei",
    "jun[ei]?|juin",
    "jul[yi]?|juil(?:let)?",
    "aug(?:ust(?:us)?)?|ao[ûu]t",
    "sept?(?:ember|embre)?",
    "o[ck]t(?:ober|obre)?",
    "nov(?:ember|embre)?",
    "d[eé][cz](?:ember|embre)?",
)
_UP_TO_31 = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL, _GAP = r"(?:\.|st|nd|rd|th|er|e)?", r"[-/. ]?"
_NAMED_DAY = rf"{_UP_TO_31}{_ORDINAL}{_GAP}"
_AFTER_NAME = r"\.?,?[-/ ]?"
_SHORT_YEAR = (
    rf"(?i)^(?:{_UP_TO_31}(?:-{_UP_TO_31}-|/{_UP_TO_31}/|\.{_UP_TO_31}\.)"
    rf"|{_NAMED_DAY}(?:{'|'.join(_MONTHS)}){_AFTER_NAME})\d\d{_TIME}$"
)
_MAY_BE_NAMED = r"^(?:\d{1,2}[^\d]{3,14}|\pL{3,9}[^\d]{0,2}\d{1,2}[^\d]{1,4})\d{4}"
_CODE = r"^0\d+$|^\d{16,}$"


def _number_pattern(decimal: Decimal | None) -> str:
    """How a number is written; the groups are minus, minus and the digits with their marks, or digits and minus."""
    fraction = rf"\{decimal}" if decimal else "(?:\\b\\B)"
    thousands = [_SPACE, "['’]"] + ([r"\." if decimal == "," else ","] if decimal else [])
    grouped = "|".join(rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+" for mark in thousands)
    body = rf"(?:(?:{grouped}|\d+)(?:{fraction}\d+)?|{fraction}\d+|\d(?:{fraction}\d+)?[eE][+-]\d{{1,3}})"
    before = rf"(?:([-−]?){_SPACE}?(?:{_CURRENCY}{_SPACE}?)?|{_CURRENCY}{_SPACE}?([-−]){_SPACE}?)"
    # A minus behind belongs to a number that shows its decimals: `10-` may be a range, `1.234-` has either mark.
    behind = rf"((?:{grouped}|\d+){fraction}(?:\d\d?|\d{{4,}}))([-−])"
    return rf"^(?:{before}({body})|(?:{_CURRENCY}{_SPACE}?)?{behind}){_SPACE}?(?:{_CURRENCY}|%)?$"


_NUMBER: dict[str | None, str] = {
    ",": _number_pattern(","),
    ".": _number_pattern("."),
    None: _number_pattern(None),
}


def is_placeholder(text: str) -> bool:
    """Whether the text stands for no value, as `-Select-`, `n.v.t.` or `unknown` do, whatever its case.

    >>> is_placeholder(" N/A "), is_placeholder("Choose ..."), is_placeholder("Software")
    (True, True, False)
    """
    word = text.strip().casefold()
    return word in PLACEHOLDERS or word.rstrip(".… ") in PLACEHOLDERS


def is_yes_no(values: Iterable[str | None]) -> bool:
    """Whether every filled value is a yes or a no in one of the five languages; False when none is filled.

    >>> is_yes_no(["Ja", "nee", None]), is_yes_no(["ja", "misschien"])
    (True, False)
    """
    words = {value.strip().casefold() for value in values if value is not None and value.strip()}
    return bool(words) and words <= YES | NO


def blank(texts: pa.Array, null: tuple[str, ...] = ()) -> pa.BooleanArray:
    """Where a text is nothing but blanks, or one of `null` but for outer blanks; null stays null."""
    empty = pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts))
    if not null:
        return empty
    return pc.or_(empty, pc.is_in(pc.utf8_trim_whitespace(texts), pa.array(null, texts.type)))


def numbers(texts: pa.Array, decimal: Decimal | None, null: tuple[str, ...] = ()) -> tuple[pa.DoubleArray, str | None]:
    """The texts as numbers, and the first text that is none.

    Currency signs, thousands marks and a percent sign are read over: `12,5 %` is 12.5; a minus may stand behind a
    number with decimals, `12,50-`. Blanks, `null` and placeholders are null; so is a text that is no number. Without
    a decimal sign only whole numbers are read.
    """
    plain = _plain_numbers(texts, decimal)
    if plain is not None and not null:
        return plain, None
    encoded = _encoded(texts)
    words = encoded.dictionary
    trimmed = pc.utf8_trim_whitespace(words)
    fits = pc.match_substring_regex(trimmed, _NUMBER[decimal])
    digits = pc.replace_substring_regex(trimmed, _NUMBER[decimal], r"\1\2\5\3\4")
    digits = pc.replace_substring_regex(digits, rf"{_SPACE}|['’]|{_other(decimal)}", "")
    digits = pc.replace_substring(pc.replace_substring(digits, "−", "-"), decimal or ".", ".")
    value = pc.cast(pc.if_else(fits, digits, None), pa.float64())
    value = pc.if_else(pc.is_finite(value), value, None)
    return _by_row(encoded, value, null)


def _other(decimal: Decimal | None) -> str:
    return "," if decimal == "." else r"\."


def _plain_numbers(texts: pa.Array, decimal: Decimal | None) -> pa.DoubleArray | None:
    """All rows at once where they are bare machine numbers, which most are; None where any is not."""
    if pa.types.is_dictionary(texts.type):
        return None
    pattern = rf"^-?\d+(?:\{decimal}\d+)?$" if decimal else r"^-?\d+$"
    if not pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
        return None
    value = pc.cast(pc.replace_substring(texts, ",", ".") if decimal == "," else texts, pa.float64())
    return value if all_finite(value) else None


def all_finite(value: pa.Array) -> bool:
    """Whether no number is NaN or infinite: their sum would be too. A sum that overflows also answers False."""
    total = pc.sum(value).as_py()
    return total is None or bool(np.isfinite(total))


def days(array: pa.Array, order: str | None = None, null: tuple[str, ...] = ()) -> pa.Int32Array:
    """Days since 1970-01-01 of texts, dates or timestamps; null where there is no date.

    Texts: ISO dates always, and those whose month is named in one of the five languages, 31 dec 2026 or Dec 31, 2026;
    with `order` dmy or mdy also 31-12-2026, 31.12.2026 and 31/12/2026. A time after the date is read over: a day is
    the day as written. Timestamps with a zone: the day in that zone.
    """
    if pa.types.is_timestamp(array.type):
        local = pc.local_timestamp(array) if array.type.tz else array
        return pc.cast(pc.cast(local, pa.date32(), safe=False), pa.int32())
    if pa.types.is_date(array.type):
        return pc.cast(pc.cast(array, pa.date32()), pa.int32())
    return text_days(array, order, null)[0]


def text_days(texts: pa.Array, order: str | None, null: tuple[str, ...] = ()) -> tuple[pa.Int32Array, str | None]:
    """Days since 1970-01-01 of texts as `days` has them, and the first text that is no date."""
    encoded = _encoded(texts)
    trimmed = _numbered_months(pc.utf8_trim_whitespace(encoded.dictionary))
    value = _word_days(trimmed, "ymd")
    if order in {"dmy", "mdy"}:
        value = pc.coalesce(value, _word_days(trimmed, order))
    return _by_row(encoded, value, null)


def _numbered_months(words: pa.StringArray) -> pa.StringArray:
    """The texts, of which days with a named month, `15 dec 2025` or `Dec 15, 2025`, are ISO dates."""
    named = pc.match_substring_regex(words, _MAY_BE_NAMED)
    if not pc.any(named).as_py():
        return words
    for number, months in enumerate(_MONTHS, start=1):
        day_first = rf"(?i)^({_UP_TO_31}){_ORDINAL}{_GAP}(?:{months}){_AFTER_NAME}({_YEAR})({_TIME})$"
        name_first = rf"(?i)^(?:{months})\.?[- ]?({_UP_TO_31})(?:st|nd|rd|th)?(?:, ?| |-)({_YEAR})({_TIME})$"
        words = pc.replace_substring_regex(words, day_first, rf"\2-{number:02d}-\1\3")
        words = pc.replace_substring_regex(words, name_first, rf"\2-{number:02d}-\1\3")
    return words


def _word_days(words: pa.StringArray, order: str) -> pa.Int32Array:
    pattern = "^" + _DATE[order].replace("{Y}", _YEAR) + _TIME + "$"
    parts = pc.extract_regex(words, pattern)
    year, month, day = (np.asarray(pc.fill_null(pc.cast(pc.struct_field(parts, key), pa.int64()), 1)) for key in "ymd")
    month_start = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    date = month_start.astype("datetime64[D]") + (day - 1)
    real = (month >= 1) & (month <= 12) & (day >= 1) & (date.astype("datetime64[M]") == month_start)
    found = np.asarray(pc.is_valid(parts))
    return pa.array(date.astype(np.int64).astype(np.int32), mask=~(real & found))


def _encoded(texts: pa.Array) -> pa.DictionaryArray:
    return texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)


def _by_row(encoded: pa.DictionaryArray, value: pa.Array, null: tuple[str, ...]) -> tuple[pa.Array, str | None]:
    """The value of every row from the value of every distinct text, and the first text without one."""
    words = encoded.dictionary
    empty = no_value(words, null)
    value = pc.if_else(empty, None, value)
    bad = pc.and_(pc.is_null(value), pc.invert(empty))
    rows = pc.take(value, encoded.indices)
    if not pc.any(bad).as_py():
        return rows, None
    at = pc.index(pc.take(bad, encoded.indices), True).as_py()
    return rows, None if at < 0 else words[encoded.indices[at].as_py()].as_py()


def no_value(words: pa.Array, null: tuple[str, ...] = ()) -> pa.BooleanArray:
    """Where a text is blank, in `null` or a placeholder."""
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(words))
    return pc.or_(blank(words, null), pc.is_in(lowered, pa.array(sorted(PLACEHOLDERS), words.type)))


def booleans(texts: pa.Array, null: tuple[str, ...] = ()) -> tuple[pa.BooleanArray, str | None]:
    """The texts as true and false by the words of YES and NO, and the first text that is neither."""
    encoded = _encoded(texts)
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(encoded.dictionary))
    yes, no = (pc.is_in(lowered, pa.array(sorted(words), lowered.type)) for words in (YES, NO))
    return _by_row(encoded, pc.if_else(pc.or_(yes, no), yes, None), null)


class Reading(NamedTuple):
    """Whether all texts can be read one way, and the first that can be read this way only."""

    all: bool
    only: str | None

    def joined(self, other: Reading) -> Reading:
        """The same of two parts of a column."""
        return Reading(self.all and other.all, self.only or other.only)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the filled texts of a column can be; traits of its parts can be joined.

    filled: whether there are any.  code: some are identifiers, with leading zeros or too long for a number.
    comma, point: as numbers with that decimal sign.  dmy, mdy: as dates in that order.
    two_numbers, two_dates: the first text that can be read both ways.  short_year: as days whose year has two digits,
    of which nobody can say which of the three it is.
    """

    filled: bool
    code: bool
    comma: Reading
    point: Reading
    dmy: Reading
    mdy: Reading
    short_year: Reading
    two_numbers: str | None
    two_dates: str | None

    def joined(self, other: Traits) -> Traits:
        """The traits of both parts together."""
        return Traits(
            filled=self.filled or other.filled,
            code=self.code or other.code,
            comma=self.comma.joined(other.comma),
            point=self.point.joined(other.point),
            dmy=self.dmy.joined(other.dmy),
            mdy=self.mdy.joined(other.mdy),
            short_year=self.short_year.joined(other.short_year),
            two_numbers=self.two_numbers or other.two_numbers,
            two_dates=self.two_dates or other.two_dates,
        )

    @property
    def number(self) -> bool:
        """Whether all are numbers with one decimal sign."""
        return self.filled and not self.code and (self.comma.all or self.point.all)

    @property
    def date(self) -> bool:
        """Whether all are dates in one order."""
        return self.filled and (self.dmy.all or self.mdy.all)


def traits(texts: pa.Array, null: tuple[str, ...] = ()) -> Traits:
    """The traits of texts; blanks, `null` and placeholders say nothing."""
    words = texts.dictionary if pa.types.is_dictionary(texts.type) else pc.unique(texts)
    words = words.filter(pc.fill_null(pc.invert(no_value(words, null)), False))
    words = pc.utf8_trim_whitespace(words)
    comma, point = (pc.match_substring_regex(words, _NUMBER[mark]) for mark in (",", "."))
    marked = pc.match_substring_regex(words, "[.,]")
    short = pc.match_substring_regex(words, _SHORT_YEAR)
    dated = _numbered_months(words)
    iso, dmy, mdy = (pc.is_valid(_word_days(dated, order)) for order in ("ymd", "dmy", "mdy"))
    return Traits(
        filled=len(words) > 0,
        code=bool(pc.any(pc.match_substring_regex(words, _CODE)).as_py()),
        comma=_reading(words, comma, point),
        point=_reading(words, point, comma),
        dmy=_reading(words, pc.or_(iso, dmy), pc.or_(iso, mdy)),
        mdy=_reading(words, pc.or_(iso, mdy), pc.or_(iso, dmy)),
        short_year=_reading(words, short, point),
        two_numbers=_first(words, pc.and_(pc.and_(comma, point), marked)),
        two_dates=_first(words, pc.and_(dmy, mdy)),
    )


def _reading(words: pa.Array, this: pa.BooleanArray, that: pa.BooleanArray) -> Reading:
    every = pc.all(this, min_count=0).as_py()
    return Reading(bool(every), _first(words, pc.and_not(this, that)))


def _first(words: pa.Array, where: pa.BooleanArray) -> str | None:
    at = pc.index(where, True).as_py()
    return None if at < 0 else words[at].as_py()

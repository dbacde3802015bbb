"""Names as people type them in an option: `a,b`, `COLUMN=VALUE[,VALUE]`."""

from __future__ import annotations

import re
import shlex

_PLAIN = re.compile(r"[^\"$`\\!%]*")
_QUOTED_COLUMN = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:=|$)')
_LISTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:,|$)|([^,]+)')


def parse_outcome(option: str) -> tuple[str, list[str]]:
    """Column and won values of `COLUMN=VALUE[,VALUE]`; no values where there is no sign.

    A name that holds the sign or a comma stands in double quotes, as in a CSV line.

    >>> parse_outcome("Status=Won,Closed won")
    ('Status', ['Won', 'Closed won'])
    """
    quoted = _QUOTED_COLUMN.match(option)
    if quoted:
        return quoted[1].replace('""', '"'), listed(option[quoted.end() :])
    column, _, values = option.partition("=")
    return column.strip(), listed(values)


def listed(text: str) -> list[str]:
    """The names of `a,b`; one that holds a comma stands in double quotes, as in a CSV line.

    >>> listed('Won, "Won, signed"')
    ['Won', 'Won, signed']
    """
    found = (
        plain.strip() if quoted is None else quoted.replace('""', '"')
        for quoted, plain in (item.groups() for item in _LISTED.finditer(text))
    )
    return [name for name in found if name]


def written(name: str, marks: str = ",") -> str:
    """A name as `listed` and `parse_outcome` read it back."""
    plain = name == name.strip() and not name.startswith('"') and not any(mark in name for mark in marks)
    return name if plain else '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text as one word of a command line, of sh and of cmd where it can be both."""
    if shlex.quote(text) == text:
        return text
    return f'"{text}"' if _PLAIN.fullmatch(text) else shlex.quote(text)

"""Addresses of leads: what is one, how it may be shown, and what files made of its leads are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from calibrate.errors import DataError

POSTGRES = ("postgresql://", "postgres://")
ESCAPES = "in its user and password write % as %25, @ as %40, : as %3A and / as %2F"
# One slash is what a path leaves of two; one letter is a drive. What only looks like an address may hold a password
# too.
_ADDRESS = re.compile(
    r"""\s*['"]?(?:(?:[a-z][a-z0-9+.-]+:)+/|(?:spark|duckdb|postgres|postgresql):|[^/\\:@]{2,}:[^@]*@|"""
    r""".*\b(?:password|passwd|pwd)\s*=)""",
    re.IGNORECASE | re.DOTALL,
)
_IN_PLACE = re.compile(r"//.*:.*@|[?&;][^/]*=")
_A_PART = 6
_SECRETS = ("password=", "sslpassword=")
_OPTION = re.compile("[a-z_]+")
_HOST = r"(\[[^\]@]*\]|[^:@,\[\]]*)(:[0-9]*)?"
_HOSTS = f"{_HOST}(,{_HOST})*"


def is_address(text: str) -> bool:
    """Whether a text is an address of leads and not the name of a file.

    >>> [is_address(text) for text in ("postgresql://db/crm", "spark:crm.leads", "leads.csv", "C:/leads.csv")]
    [True, True, False, False]
    """
    return _ADDRESS.match(text) is not None


def shown_address(address: str) -> str:
    """The address as it may be printed: without a password.

    >>> shown_address("postgresql://anna:s3cret@db.example.com/crm?sslmode=require")
    'postgresql://anna@db.example.com/crm?sslmode=require'

    Raises:
        DataError: where its password ends cannot be told.
    """
    if not address.lower().startswith(POSTGRES):
        if re.match(r"(spark|duckdb):(?!//)", address, re.IGNORECASE):
            return re.sub(r"[?&;][^/]*=.*", "", re.sub(r"(?<=[^/]/)(/?).*:.*@", r"\1", address), flags=re.DOTALL)
        scheme = re.match(r"\s*['\"]?([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
        return f"{scheme[1]}://…" if scheme else "…"
    user, rest, query = postgres_parts(address)
    options = "&".join(item for item in query.split("&") if item and not item.startswith(_SECRETS))
    person = user.partition(":")[0] + "@" if user else ""
    return address.partition("://")[0] + "://" + person + rest + ("?" + options if options else "")


def without_secrets(message: str, words: Iterable[str]) -> str:
    """The message, of an address among the words no more than may be printed, whole or in part.

    words: of a command line, so that a password is not shown where an address is given as something else.

    >>> without_secrets("mysql:/a:s3cret@h/d: no such file", ["mysql://a:s3cret@h/d"])
    'mysql:…: no such file'
    """
    for word in words:
        own = word.partition("=")[2] if word.startswith("-") else word
        if not is_address(own):
            continue
        try:
            may = shown_address(own)
        except DataError:
            may = ""
        message = _without(message, (own, unquote(own)), may)
    return message


def _without(message: str, secrets: tuple[str, ...], may: str) -> str:
    """The message without what it has in common with a secret, but for what may be shown of it."""
    said, at = "", 0
    while at < len(message):
        end = at
        while end < len(message) and any(message[at : end + 1] in secret for secret in secrets):
            end += 1
        hidden = end - at >= _A_PART and message[at:end] not in may
        said += "…" if hidden else message[at]
        at = end if hidden else at + 1
    return said


def has_secret(place: str) -> bool:
    """Whether the place of Parquet files or of a database holds what may be a password or a token."""
    return _IN_PLACE.search(place) is not None


def postgres_parts(address: str) -> tuple[str, str, str]:
    """User with password, server with database, and options, divided as PostgreSQL divides them.

    Raises:
        DataError: a part of a password could be taken for another part, and so be shown.
    """
    head, slash, tail = address.partition("://")[2].partition("/")
    user, _, server = head.rpartition("@") if head.count("@") < 2 else ("", "", "@")
    before, _, query = (server + slash + tail).partition("?")
    host, _, database = before.partition("/")
    options = [item.partition("=")[0] for item in query.split("&") if item]
    unclear = re.search("[;#=]", database) or re.search("[;#]", query) or not all(map(_OPTION.fullmatch, options))
    if not re.fullmatch(_HOSTS, host) or "@" in database + query or unclear:
        raise DataError(
            "postgresql://…: found an address that can be read in two ways, expected postgresql://host/database; "
            + ESCAPES
        )
    return user, before, query


def address_stem(address: str, table: str | None) -> str:
    """What files made of these leads are called after: the table, else the file.

    >>> address_stem("postgresql://db/crm", "sales.leads"), address_stem("spark:/lake/leads", None)
    ('leads', 'leads')
    """
    if table is not None:
        return table.rpartition(".")[2] or "leads"
    if address.lower().startswith(POSTGRES):
        return "leads"
    last = re.split(r"[\\/:]", address.rstrip("/\\"))[-1]
    is_file = address.lower().startswith("duckdb:") or "/" in address
    return (Path(last).stem if is_file else last.rpartition(".")[2]) or "leads"

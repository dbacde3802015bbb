"""Addresses of leads: what is one, how it may be shown, and what files made of its leads are called."""

from __future__ import annotations

import re
from pathlib import Path

from calibrate.errors import DataError

POSTGRES = ("postgresql://", "postgres://")
ESCAPES = "in its user and password write % as %25, @ as %40, : as %3A and / as %2F"
# One slash is what a path leaves of two; one letter is a drive.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]+:/|spark:|duckdb:)", re.I)
_SECRETS = ("password=", "sslpassword=")
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
        known = re.match(r"(spark|duckdb):(?!//)", address, re.I)
        return re.sub(r"(?<=[^/]/)(/?).*:.*@", r"\1", address) if known else address.partition(":")[0] + "://…"
    user, rest, query = postgres_parts(address)
    options = "&".join(item for item in query.split("&") if item and not item.startswith(_SECRETS))
    person = user.partition(":")[0] + "@" if user else ""
    return address.partition("://")[0] + "://" + person + rest + ("?" + options if options else "")


def postgres_parts(address: str) -> tuple[str, str, str]:
    """User with password, server with database, and options, divided as PostgreSQL divides them.

    Raises:
        DataError: a part of a password could be taken for another part, and so be shown.
    """
    head, slash, tail = address.partition("://")[2].partition("/")
    user, _, server = head.rpartition("@") if head.count("@") < 2 else ("", "", "@")
    before, _, query = (server + slash + tail).partition("?")
    host, _, database = before.partition("/")
    if not re.fullmatch(_HOSTS, host) or "@" in database + query:
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

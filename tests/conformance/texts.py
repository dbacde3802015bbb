"""Texts and numbers that engines stumble over."""

from __future__ import annotations

HOSTILE = (
    'O\'Brien & "Co" <x>', "a\\b", "c:\\new\\table\\", "two\nlines", "tab\there", "🙂", "{{x}} ${y}", "#{z} %(a)s",
    "%_", "é", "e\u0301", "TRUE", "true", "10", "10.0", " ", " padded ", "null", "NULL", "=1+1", "-- x",
    "'; DROP TABLE leads; --", "]]>", "`tick`", "$1", "us", "US", "Straße", "STRASSE", "ı", "I", "i",
)  # fmt: skip
EDGES = (-1.0, 0.0, 0.1, 10.0, 99.5, 100.0, 1e6)
AROUND = (
    -2.0,
    -1.0,
    0.0,
    0.1,
    0.09999999999,
    1.0,
    9.999999,
    10.0,
    10.000001,
    99.49,
    99.5,
    99.99,
    100.0,
    999999.9,
    1e6,
    5e8,
)

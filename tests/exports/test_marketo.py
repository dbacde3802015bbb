"""Marketo: the calls have the shape of the API, and the tokens the points."""

from __future__ import annotations

import pytest
from cases import card
from forms import counted, payload, some, strict, wide
from jsonschema import Draft202012Validator

from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets.marketo import TARGET as MARKETO

# Marketo Engage REST API, "Tokens": what a call must have, and its lengths.
MARKETO_SCHEMA = some(
    strict(
        ["method", "path", "form"],
        method={"const": "POST"},
        path={"const": "/rest/asset/v1/folder/{id}/tokens.json"},
        form=strict(
            ["name", "type", "value", "folderType"],
            name={"type": "string", "maxLength": 50},
            type={"const": "score"},
            value={"type": "string", "pattern": "^-?[0-9]+$"},
            folderType={"enum": ["Program", "Folder"]},
        ),
    )
)


def test_marketo_refuses_a_token_name_that_is_too_long():
    document = wide(2, lambda n: n + 1)
    long = document.model_copy(update={"rules": (document.rules[0].model_copy(update={"id": "a" * 48}),)})
    with pytest.raises(ExportError, match="of 51 characters, expected at most 50; shorten the id"):
        MARKETO.export(long, Options())


def test_marketo_tokens_carry_the_points():
    forms = [call["form"] for call in payload(MARKETO.export(counted(), Options()), MARKETO)]
    assert [(form["name"], form["value"]) for form in forms] == [
        ("score_base", "2"), ("source_01", "8"), ("source_02", "3"), ("source_03", "-9"), ("source_04", "1"),
        ("source_05", "-2"), ("size_01", "-4"), ("size_02", "5"), ("size_03", "-1"), ("docs_01", "12"),
        ("docs_02", "-1"), ("jobs_01", "-3"),
    ]  # fmt: skip


def test_the_payload_has_the_shape():
    for rules in (counted(), card()):
        Draft202012Validator(MARKETO_SCHEMA).validate(payload(MARKETO.export(rules, Options()), MARKETO))

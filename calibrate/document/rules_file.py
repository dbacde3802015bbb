"""The rules document on its way in and out of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibrate.document.part import Part
from calibrate.document.rules import Rules
from calibrate.errors import RulesError
from calibrate.whole import whole_file


def load_rules(path_or_text: str | Path) -> Rules:
    """The document in a file, or in a text that holds JSON.

    A text is taken as JSON when it starts with `{` or `[` or has more than one line, else as a path.

    Raises:
        RulesError: with every fault at its place, those between the parts included, and worked leads that fail.
    """
    from calibrate.document.lint import faults
    from calibrate.document.shape import faults_of_json

    where, text = _opened(path_or_text)
    found = faults_of_json(text)
    if found:
        raise RulesError(where, found)
    rules = Rules.model_validate_json(text, by_alias=True, by_name=False)
    if found := faults(rules):
        raise RulesError(where, found)
    return rules


def save_rules(rules: Rules, path: str | Path) -> None:
    """Write the document to a file, whole or not at all; the same document gives the same bytes.

    Raises:
        RulesError: the document has faults, or holds what JSON cannot.
    """
    from calibrate.document.lint import faults

    if found := faults(rules):
        raise RulesError(str(path), found)
    with whole_file(path) as file:
        file.write(rules_text(rules).encode())


def rules_text(rules: Rules) -> str:
    """The document as JSON: keys in the order of the format, flat parts on one line, what is None left out."""
    try:
        return _laid_out(_without_none(rules), "") + "\n"
    except ValueError as error:
        raise RulesError(
            "rules", [f"made_by.settings: {error}; expected finite numbers; leave the entry out"]
        ) from error


def _opened(path_or_text: str | Path) -> tuple[str, str]:
    if isinstance(path_or_text, str) and (path_or_text.lstrip()[:1] in ("{", "[") or "\n" in path_or_text):
        return "rules", path_or_text
    where = str(path_or_text)
    try:
        return where, Path(path_or_text).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not UTF-8, expected a rules document in UTF-8; save it again as UTF-8"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fault = f"cannot be read ({reason}), expected a rules file; check its name, or make one with `calibrate run`"
    raise RulesError(where, [fault])


def _without_none(value: object) -> Any:
    """Plain values in the order of the model; a None in a lead or a setting is a value and stays."""
    if isinstance(value, Part):
        fields = ((field.alias or name, getattr(value, name)) for name, field in type(value).model_fields.items())
        return {key: _without_none(item) for key, item in fields if item is not None}
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    # ECMAScript, which most engines follow, writes 10 where Python has 10.0.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _laid_out(value: Any, indent: str) -> str:
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    nested = any(isinstance(part, dict) for item in items for part in (item if isinstance(item, list) else [item]))
    if not nested or len(indent) + len(line) <= 110:
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        keys = (json.dumps(key, ensure_ascii=False) for key in value)
        lines = [f"{deeper}{key}: {_laid_out(item, deeper)}" for key, item in zip(keys, items, strict=True)]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _laid_out(item, deeper) for item in items) + f"\n{indent}]"

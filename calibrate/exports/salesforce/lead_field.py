"""The fields of a lead that formulas read: what kind they are, and which of them Salesforce has already.

A formula asks in another way whether a picklist is blank than whether a text field is, and does not compile where it
takes one for the other. The kinds of standard fields are those of Salesforce's field reference of Lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from calibrate.document.rules import Attribute, Rules
from calibrate.errors import shown
from calibrate.exports.target import FieldKind, Options

_PICKLISTS = ("LeadSource", "Industry", "Rating", "Status", "Salutation")
_TEXTS = ("Country", "State", "City", "PostalCode", "Company", "Title", "Phone", "Email", "Website")
_NUMBERS = ("NumberOfEmployees", "AnnualRevenue")
_STANDARD = {name.casefold(): name for name in (*_PICKLISTS, *_TEXTS, *_NUMBERS)}
_ALSO = {"source": "LeadSource", "employees": "NumberOfEmployees", "revenue": "AnnualRevenue"}
"""What the fields are also called."""
_TEXT_TYPES = ("category", "text")


@dataclass(frozen=True, slots=True)
class LeadField:
    """A field that formulas read. picklist: it holds one value of a list; one of several values is none."""

    name: str
    picklist: bool = False

    @property
    def blank(self) -> str:
        """The condition under which it has no value; ISBLANK takes no picklist, TEXT no text field."""
        return f"ISBLANK(TEXT({self.name}))" if self.picklist else f"ISBLANK({self.name})"


def lead_fields(rules: Rules, found: Mapping[str, str], options: Options) -> dict[str, LeadField]:
    """The fields by attribute, of the kind that is told, else that of the standard field, else by type.

    found: their names, by attribute.
    """
    return {
        name: LeadField(field, _is_picklist(rules.attributes[name], field, options.kinds.get(name)))
        for name, field in found.items()
    }


def kind_faults(rules: Rules, options: Options, checkboxes: Iterable[str]) -> Iterator[str]:
    """Kinds told of what is no text, as `where: found X, expected Y; what to do`."""
    boxes = set(checkboxes)
    for name, kind in options.kinds.items():
        if name not in rules.attributes:
            continue
        type_ = "checkbox" if name in boxes else rules.attributes[name].type
        if type_ not in (*_TEXT_TYPES, "boolean"):
            yield (
                f"attribute {shown(name)}: found the kind {shown(kind)}, expected none of a {type_}; "
                "leave it empty in the file of --names"
            )


def kind_notes(rules: Rules, fields: Mapping[str, LeadField]) -> Iterator[str]:
    """Which of the fields that hold a text are read as what."""
    texts = [name for name in fields if rules.attributes[name].type in _TEXT_TYPES]
    told = {name for name in texts if _asks_blank(rules, name)}
    lists = [fields[name].name for name in texts if name in told and fields[name].picklist]
    plain = [fields[name].name for name in texts if name in told and not fields[name].picklist]
    either = [fields[name].name for name in texts if name not in told]
    if lists:
        yield f"Read as picklists: {', '.join(lists)}."
    if plain:
        yield f"Read as text fields: {', '.join(plain)}."
    if either:
        yield f"Read alike as picklists or text fields: {', '.join(either)}."
    if told:
        yield (
            "A formula does not compile where a field is of the other kind: then give the file of --names a third "
            "column, kind, with text or picklist."
        )


def standard_note(rules: Rules, found: Mapping[str, str]) -> Iterator[str]:
    """Which attributes leads have a standard field for that is not read."""
    known = {name: _standard(rules.attributes[name], name) for name in found}
    unread = {name: field for name, field in known.items() if field is not None and found[name].endswith("__c")}
    if unread:
        fields = ", ".join(f"{field} for {shown(name)}" for name, field in unread.items())
        yield f"Leads have standard fields: {fields}; to read one of them, name it in the file of --names."


def _is_picklist(attribute: Attribute, field: str, told: FieldKind | None) -> bool:
    standard = _STANDARD.get(field.casefold())
    if told is None and standard is not None:
        return standard in _PICKLISTS
    return told == "picklist" or (told is None and attribute.type == "category")


def _standard(attribute: Attribute, name: str) -> str | None:
    """The standard field that an attribute is called after, if it holds what the attribute does."""
    plain = "".join(filter(str.isalnum, name)).casefold()
    field = _STANDARD.get(plain) or _ALSO.get(plain)
    holds = ("number",) if field in _NUMBERS else _TEXT_TYPES
    return field if attribute.type in holds else None


def _asks_blank(rules: Rules, name: str) -> bool:
    return any(rule.missing != rule.otherwise for rule in rules.rules if rule.attr == name)

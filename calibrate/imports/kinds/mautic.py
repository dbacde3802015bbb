"""Mautic: point actions, as its API lists them; what a contact did becomes a yes/no of its own."""

from __future__ import annotations

from calibrate.document.rules import Is
from calibrate.errors import shown
from calibrate.imports.claims import Claim, drafted, whole_points
from calibrate.imports.content import Content, Json
from calibrate.imports.kind import Imported, Kind


def read(content: Content) -> Imported:
    """A rule for every published action; the points are added up."""
    faults: list[str] = []
    claims: list[Claim] = []
    notes = ["Each action is a yes/no attribute named after it: whether the lead ever did it."]
    for place, action in _actions(content.json):
        name = action.get("name")
        if not isinstance(name, str) or not name.strip():
            faults.append(f"{place}.name: found {shown(name)}, expected the name of the action; give it one")
            continue
        points = whole_points(action.get("delta"), f"{place}.delta", faults)
        if action.get("isPublished") is False:
            notes.append(f"{shown(name)} is not published and was left out.")
            continue
        if action.get("repeatable") is True:
            notes.append(f"{shown(name)} counts every time in Mautic, and once here.")
        claims.append(Claim(place, name.strip(), Is(is_=True), points))
    return drafted(content, claims, faults, adds=True, notes=notes)


def _actions(value: Json) -> list[tuple[str, dict[str, Json]]]:
    """The actions with their places: in a list, or in `points` as a list or by number."""
    listed = value.get("points") if isinstance(value, dict) else value
    before = "points" if isinstance(value, dict) else ""
    if isinstance(value, dict) and isinstance(value.get("point"), dict):
        return [("point", value["point"])]
    items = enumerate(listed) if isinstance(listed, list) else listed.items() if isinstance(listed, dict) else ()
    return [(f"{before}[{key}]", item) for key, item in items if isinstance(item, dict) and "delta" in item]


KIND = Kind(
    name="mautic",
    reads="point actions of Mautic: JSON with name and delta",
    spots=lambda content: content.table is None and bool(_actions(content.json)),
    read=read,
)

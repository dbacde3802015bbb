"""Every choice of a run, as it stands in calibrate.toml."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from calibrate.errors import SettingsError, nearest, shown
from calibrate.fields import ID_FORM, Id, Number, Text, Whole
from calibrate.pace import parse_pace
from calibrate.words.language import LanguageCode

PointColumn = Literal["lift", "cautious", "adjusted", "log-odds"]
PointChoice = Literal["lift", "cautious", "adjusted", "log-odds", "best"]
_PDO = 20.0
FEWEST_DRAWS = 100
_DAY = r"^\d{4}-\d\d-\d\d$"
_FORMS = {_DAY: "a day such as 2026-01-31", ID_FORM: "small letters, digits and _, a letter first"}
UNITS = (1, 0.5, 0.2, 0.1, 0.05, 0.01)
Many = Annotated[int, Field(ge=1, le=1_000_000_000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceSettings(_Table):
    """How the file is read; None is guessed, and the guess is written back here.

    key: the column that names the lead in a table that another engine holds.  sample_leads: of the leads of such a
    table, the most that are fetched as codes; 1,000,000 where nothing is said.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[",", "."] | None = None
    dates: Literal["dmy", "mdy", "ymd"] | None = None
    skip_rows: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    sheet: str | None = None
    table: str | None = None
    null: list[str] = []
    text_columns: list[str] = []
    key: str | None = None
    sample_leads: Annotated[int, Field(ge=1_000, le=100_000_000)] | None = None


class OutcomeSettings(_Table):
    """Which leads are won, lost or open, and since when."""

    column: str | None = None
    won: list[str] = []
    lost: list[str] = []
    date: str | None = None
    mature_days: Annotated[int, Field(ge=0, le=100_000)] | None = None
    as_of: Annotated[str, Field(pattern=_DAY)] | None = None
    deals: str | None = None
    key: str | None = None
    won_date: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _deals_need_a_key(self) -> Self:
        if self.deals and not self.key:
            raise ValueError("deals needs key, the column that both files share")
        if self.mature_days is not None and not self.date:
            raise ValueError("mature_days needs date, the column that says when a lead came in")
        return self


class ColumnSettings(_Table):
    """Which columns may become attributes; allow brings back what a leak flag left out."""

    use: list[str] = []
    skip: list[str] = []
    allow: list[str] = []


class AttributeSettings(_Table):
    """What a person decided about one column.

    levels: name of a merged level -> the values it holds.  bins: lower bounds of the second and further bins.
    """

    name: Text | None = None
    group: Text | None = None
    kind: Literal["category", "number", "set"] | None = None
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    levels: dict[Text, list[str]] = {}
    bins: list[Number] = []
    trend: Literal["auto", "up", "down", "none"] = "auto"

    @model_validator(mode="after")
    def _bins_rise(self) -> Self:
        if any(low >= high for low, high in zip(self.bins, self.bins[1:], strict=False)):
            raise ValueError("bins must rise, like [10, 50, 250]")
        values = [value for held in self.levels.values() for value in held]
        if len(values) != len(set(values)):
            raise ValueError("levels: a value may stand in one level only")
        return self


class PointSettings(_Table):
    """How rates become points.

    column: the one the rules carry; best is the one that ranks held-out leads best.  fit: how the overlap of
    attributes is taken out, by a logistic model of the leads or a linear one of the counts of level pairs.
    pdo: log-odds points that double the odds.  offset: score@odds that anchors them.  scale: 0-100 makes all scores
    fit there.  negative: false starts every attribute at 0.  draws: histories drawn to see how stable points are.
    """

    column: PointChoice = "lift"
    fit: Literal["auto", "logit", "linear"] = "auto"
    unit: float | None = None
    pdo: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] = _PDO
    offset: str | None = None
    scale: Literal["points", "0-100"] = "points"
    negative: bool = True
    draws: Annotated[int, Field(ge=0, le=10_000)] = 500
    min_leads: Many = 30
    min_expected: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    min_conversions: Many = 30
    previous: str | None = None

    @model_validator(mode="after")
    def _shape_is_one(self) -> Self:
        if self.offset is not None and self.column != "log-odds":
            raise ValueError('offset anchors log-odds points; expected column = "log-odds" beside it')
        if self.pdo != _PDO and self.column != "log-odds":
            raise ValueError('pdo is about log-odds points; expected column = "log-odds" beside it')
        if self.fit == "linear" and self.column == "log-odds":
            raise ValueError('log-odds points come from the logistic model; expected fit = "auto" or "logit"')
        for name, given in (("unit", self.unit), ("offset", self.offset)):
            if self.scale == "0-100" and given is not None:
                raise ValueError(f"scale 0-100 settles what a point is worth; take out {name}")
        return self

    @field_validator("offset")
    @classmethod
    def _offset_is_score_at_odds(cls, offset: str | None) -> str | None:
        found = re.fullmatch(r"-?[0-9]{1,5}@([0-9]{1,6}(?:[.][0-9]{1,6})?)", offset or "600@50")
        if found is None or float(found[1]) <= 0:
            raise ValueError(f"found {offset!r}; expected SCORE@ODDS, such as 600@50: 600 points at odds of 50 to 1")
        return offset

    @field_validator("unit")
    @classmethod
    def _unit_is_one_of_ours(cls, unit: float | None) -> float | None:
        if unit is not None and unit not in UNITS:
            raise ValueError(f"{unit} percentage points a point; expected one of {', '.join(map(str, UNITS))}")
        return unit


class GroupSettings(_Table):
    """Rules that share a cap."""

    label: Text | None = None
    max: Whole | None = None
    min: Whole | None = None

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; swap them")
        return self


class GateSettings(_Table):
    """A condition that decides before any point counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
    id: Id
    attr: str
    values: Annotated[list[Text], Field(alias="in", min_length=1)]
    label: Text | None = None
    score: Whole = 0
    band: Text | None = None


class ReportSettings(_Table):
    """What the report answers. capacity: such as 40/week; kept as that however it was written."""

    capacity: Annotated[str, AfterValidator(lambda said: parse_pace(said).text)] | None = None
    title: Text | None = None
    what_if: Literal["full", "merged", "off"] = "full"
    language: LanguageCode = "en"


class Settings(_Table):
    """The whole of calibrate.toml."""

    source: SourceSettings = SourceSettings()
    outcome: OutcomeSettings = OutcomeSettings()
    columns: ColumnSettings = ColumnSettings()
    attributes: dict[str, AttributeSettings] = {}
    points: PointSettings = PointSettings()
    groups: dict[Id, GroupSettings] = {}
    gates: list[GateSettings] = []
    report: ReportSettings = ReportSettings()

    @field_validator("points")
    @classmethod
    def _draws_are_enough(cls, points: PointSettings) -> PointSettings:
        if 0 < points.draws < FEWEST_DRAWS:
            raise ValueError(f"draws {points.draws}: expected 0 for none, or {FEWEST_DRAWS} and more to tell 80 of 100")
        return points

    @model_validator(mode="after")
    def _caps_and_gates_are_on_the_scale(self) -> Self:
        if self.points.scale == "0-100":
            for gate in self.gates:
                if not 0 <= gate.score <= 100:
                    raise ValueError(f"gate {gate.id}: score {gate.score}; expected 0 to 100, as points.scale says")
        return self

    @field_validator("gates")
    @classmethod
    def _gates_differ(cls, gates: list[GateSettings]) -> list[GateSettings]:
        counts = Counter(gate.id for gate in gates)
        if twice := [shown(name) for name, count in counts.items() if count > 1]:
            raise ValueError(f"more than one has the id {', '.join(twice)}; rename all but one")
        return gates

    @field_validator("report")
    @classmethod
    def _capacity_has_dates(cls, report: ReportSettings, info: ValidationInfo) -> ReportSettings:
        outcome = info.data.get("outcome")
        if report.capacity and isinstance(outcome, OutcomeSettings) and not outcome.date:
            raise ValueError("capacity needs outcome.date, the column that says when a lead came in; --date COLUMN")
        return report

    @property
    def capped(self) -> bool:
        """Whether a group has a cap."""
        return any(group.max is not None or group.min is not None for group in self.groups.values())

    def attribute(self, column: str) -> AttributeSettings:
        """What was decided about a column; the defaults where nothing was."""
        return self.attributes.get(column, AttributeSettings())


def load_settings(path: str | Path, options: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Settings from a TOML file, `options` put over it as `merged` does; all faults at once, each with its line.

    Raises:
        SettingsError: the file cannot be read or holds a fault, or an option is not allowed.
    """
    path, options = Path(path), options or {}
    values, text = _parsed(path)
    try:
        return Settings.model_validate(_over(values, options))
    except ValidationError as error:
        faults = [
            _fault(item, "options", "") if _is_given(item["loc"], options) else _fault(item, path.name, text)
            for item in error.errors()
        ]
        raise SettingsError("\n".join(faults)) from None


def _parsed(path: Path) -> tuple[dict[str, Any], str]:
    """What a TOML file says, and its text; a mark of byte order before it does not count."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name or path}: cannot be read ({error}); expected a UTF-8 text file") from None
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: not TOML: {error}; texts stand in quotes, lists in [ ]") from None
    except RecursionError:
        raise SettingsError(f"{path.name}: found brackets nested too deep, expected one list in another") from None
    except ValueError:
        raise SettingsError(f"{path.name}: found a number that cannot be read, expected at most 15 digits") from None


def settings_from(values: Mapping[str, Any], *, where: str = "settings", text: str = "") -> Settings:
    """Settings from nested plain values, as TOML gives them.

    Raises:
        SettingsError: one line a fault.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = [_fault(item, where, text) for item in error.errors()]
        raise SettingsError("\n".join(faults)) from None


def dump_settings(settings: Settings) -> str:
    """calibrate.toml: every setting that is not empty, in the order of the model."""
    import tomli_w

    values = settings.model_dump(by_alias=True, exclude_none=True)
    kept = {name: _without_empty(value) for name, value in values.items()}
    body = tomli_w.dumps(
        {name: value for name, value in kept.items() if value not in ({}, [])}, multiline_strings=False
    )
    return "# calibrate.toml: the settings of a run; change what you like and run again with --config\n" + body


def merged(base: Settings, changes: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings with the given keys of each table replaced; None changes nothing.

    Raises:
        SettingsError: a changed value is not allowed.
    """
    return settings_from(_over(base.model_dump(by_alias=True), changes), where="options")


def _over(values: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    changed = dict(values)
    for table, pairs in changes.items():
        given = {key: value for key, value in pairs.items() if value is not None}
        if given and isinstance(changed.get(table, {}), dict):
            changed[table] = {**changed.get(table, {}), **given}
    return changed


def _is_given(place: Sequence[str | int], options: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an option wrote what stands at a place, or a part of the table that stands there."""
    given = [key for key, value in options.get(str(place[0]), {}).items() if value is not None]
    return place[1] in given if len(place) > 1 else bool(given)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _fault(item: Any, where: str, text: str) -> str:
    place = [str(part) for part in item["loc"] if part != "[key]"]
    line = _line_of(text, place)
    start = f"{where}, line {line}: " if line else f"{where}: "
    name = ".".join(place) or "settings"
    found, kind, context = item.get("input"), item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{start}{name} is not a setting; {nearest(place[-1], _known(place[:-1]))}"
    if kind == "literal_error":
        return f"{start}{name} = {shown(found)} must be one of {context['expected']}"
    if kind == "list_type":
        return f'{start}{name} = {shown(found)} must be a list, like ["{found}"]'
    if kind == "value_error":
        return f"{start}{name}: {context['error']}"
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(context["pattern"], f"the form {context['pattern']}")
        return f"{start}{name} = {shown(found)}: expected {form}; correct it"
    return f"{start}{name} = {shown(found)}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _known(place: list[str]) -> list[str]:
    model: Any = Settings
    for part in place:
        field = model.model_fields.get(part)
        if part in ("attributes", "groups", "gates") and model is Settings:
            model = {"attributes": AttributeSettings, "groups": GroupSettings, "gates": GateSettings}[part]
        elif field is not None:
            model = field.annotation
    return list(model.model_fields)


def _line_of(text: str, place: list[str]) -> int | None:
    """The line of the last key of a place, looked for after the line of its table."""
    if not text or not place:
        return None
    lines = text.splitlines()
    start = 0
    for number, line in enumerate(lines):
        if len(place) > 1 and re.match(rf"\s*\[+\s*{re.escape(place[0])}\b", line):
            start = number
            break
    key = place[-1] if not place[-1].isdigit() else place[-2]
    for number in range(start, len(lines)):
        if re.match(rf"""\s*\[*["']?{re.escape(key)}["']?\s*[=\].]""", lines[number]) or (
            lines[number].strip() in (f"[{'.'.join(place)}]", f"[{key}]")
        ):
            return number + 1
    return start + 1 if start else None

"""Which columns become attributes, and the cells of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.leads.bins import human_edges, sentinels
from calibrate.leads.columns import ColumnProfile, can_be_attribute
from calibrate.leads.levels import Cells
from calibrate.reading.strays import Stray
from calibrate.settings import AttributeSettings, Settings
from calibrate.words.language import message

LeftOutReasons = dict[str, str]
FIT, ENGAGEMENT = "fit", "engagement"
_BEHAVIOUR = re.compile(
    r"visit|click|download|webinar|newsletter|session|pageview|engagement|activit|"
    r"\b(opens|opened|demo|trial|events?|forms?|calls?|meetings?|pages?|views?|viewed|requested|sent|replied|interests?)\b|"
    r"bezoek|bezocht|bekeken|nieuwsbrief|klik|aangevraagd|gevraagd|aangemeld|afspraak|afspraken|interesse|"
    r"besøg|nyhedsbrev|hentet|tilmeld|møde|visite|\bclics?\b|infolettre|télécharg|rendez-vous|inscri|"
    r"besuch|herunterlad|angefragt|angemeldet|termin",
    re.I,
)


def plan_attributes(
    profiles: Sequence[ColumnProfile], sample: pa.Table, counted: pa.Table, settings: Settings, where: str
) -> tuple[tuple[Cells, ...], LeftOutReasons]:
    """Cells of every attribute, in the order of the file, and the columns left out with the reason in words.

    counted: the leads of the sample that are counted; they alone cut a number into cells, so that leads without an
    outcome change no points.  where: the source's name, for messages.

    Raises:
        SettingsError: a setting names a column that is not there, or does not fit one that is.
        DataError: a column holds numbers or dates but for a few values.
    """
    names = [profile.name for profile in profiles]
    _check_names(settings, names)
    reserved = _reserved(settings)
    cells: list[Cells] = []
    left_out: LeftOutReasons = {}
    for profile in profiles:
        reason = reserved.get(profile.name) or _not_wanted(profile.name, settings) or _unfit(profile, settings)
        if reason:
            left_out[profile.name] = reason
        elif profile.stray:
            raise DataError(f"{where}, " + _stray_words(profile.name, profile.stray, sample))
        else:
            cells += _cells(profile, sample, counted, settings.attribute(profile.name))
    return tuple(cells), left_out


def _stray_words(name: str, stray: Stray, sample: pa.Table) -> str:
    row = pc.index(sample[name].cast(pa.string()), stray.text).as_py() + 1
    return (
        f"column {shown(name)}, row {row:,}: found {shown(stray.text)}, expected {stray.expected} as nearly all "
        f"other values are; repair it, say --null {shown(stray.text)} when it means empty, or --text "
        f"{shown(name)} to read the column as text"
    )


def gate_cells(profiles: Sequence[ColumnProfile], settings: Settings, have: Iterable[Cells]) -> tuple[Cells, ...]:
    """Cells of the columns that only a gate reads.

    Raises:
        SettingsError: a gate compares texts with a column of numbers, dates or sets.
    """
    kinds = {profile.name: profile.kind for profile in profiles}
    for gate in settings.gates:
        if kinds[gate.attr] not in ("category", "boolean", "constant", "identifier", "e-mail", "free text"):
            raise SettingsError(
                f"gates.{gate.id}: {shown(gate.attr)} holds a {kinds[gate.attr]}; expected texts or yes/no to compare "
                "with. To read it as texts, name it in source.text_columns"
            )
    known = {cells.column for cells in have}
    wanted = {gate.attr for gate in settings.gates} - known
    return tuple(
        Cells(
            profile.name,
            profile.name,
            "boolean" if profile.kind == "boolean" else "category",
            FIT,
            texts=tuple(sorted(map(str, profile.values))),
        )
        for profile in profiles
        if profile.name in wanted
    )


def _check_names(settings: Settings, names: Sequence[str]) -> None:
    places = {
        "columns.use": settings.columns.use,
        "columns.skip": settings.columns.skip,
        "columns.allow": settings.columns.allow,
        "attributes": list(settings.attributes),
        "gates": [gate.attr for gate in settings.gates],
        "outcome.account": [settings.outcome.account] if settings.outcome.account else [],
        "outcome.date": [settings.outcome.date] if settings.outcome.date else [],
    }
    faults = [
        f"{place} names a column that is not there: {shown(name)}; {nearest(name, names)}"
        for place, wanted in places.items()
        for name in wanted
        if name not in names
    ]
    if faults:
        raise SettingsError("\n".join(faults))


def _reserved(settings: Settings) -> LeftOutReasons:
    outcome = settings.outcome
    roles = {
        outcome.date: "arrival",
        outcome.key: "key",
        outcome.account: "account",
        None if outcome.deals else outcome.column: "outcome",
    }
    return {column: message(f"reasons.role.{role}") for column, role in roles.items() if column}


def _not_wanted(name: str, settings: Settings) -> str | None:
    if name in settings.columns.skip:
        return message("reasons.skipped")
    if settings.columns.use and name not in settings.columns.use:
        return message("reasons.not_used")
    return None


def _unfit(profile: ColumnProfile, settings: Settings) -> str | None:
    if profile.name in settings.columns.use and profile.kind in ("identifier", "free text", "e-mail"):
        return None
    return None if can_be_attribute(profile) else profile.verdict or message("reasons.unfit")


def _cells(profile: ColumnProfile, sample: pa.Table, counted: pa.Table, chosen: AttributeSettings) -> list[Cells]:
    name = chosen.name or profile.name
    group = chosen.group or (ENGAGEMENT if _BEHAVIOUR.search(profile.name.replace("_", " ")) else FIT)
    if profile.kind == "set":
        return [
            Cells(profile.name, f"{name}: {member}", "set", group, member=member, separator=profile.separator)
            for member in profile.values
        ]
    if profile.kind == "number":
        return [_number_cells(profile, name, group, counted, chosen)]
    if profile.kind == "boolean":
        return [Cells(profile.name, name, "boolean", group)]
    texts = tuple(sorted(_sample_texts(sample[profile.name])))
    return [
        Cells(
            profile.name,
            name,
            "category",
            group,
            texts=texts,
            together=_together(profile.name, texts, chosen),
        )
    ]


def _together(
    column: str, texts: tuple[str, ...], chosen: AttributeSettings
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    place = {text: cell for cell, text in enumerate(texts, start=1)}
    merged = []
    for label, values in chosen.levels.items():
        unknown = [value for value in values if value not in place]
        if unknown:
            raise SettingsError(
                f"attributes.{column}.levels.{label}: no lead has {shown(unknown[0])}; {nearest(unknown[0], texts)}"
            )
        merged.append((label, tuple(place[value] for value in values)))
    return tuple(merged)


def _number_cells(profile: ColumnProfile, name: str, group: str, counted: pa.Table, chosen: AttributeSettings) -> Cells:
    if not _is_number(counted[profile.name].type):
        raise SettingsError(
            f"attributes.{profile.name}.kind: 'number' does not fit {shown(profile.frequent[0])}; expected a column of "
            "numbers, leave kind out"
        )
    values = _numbers(counted[profile.name])
    whole = bool(np.all(values == np.floor(values)))
    smallest, largest = (float(values.min()), float(values.max())) if len(values) else (None, None)
    if chosen.bins:
        edges = tuple(float(edge) for edge in chosen.bins)
        return Cells(
            profile.name,
            name,
            "number",
            group,
            edges=edges,
            fixed=True,
            whole=whole,
            smallest=smallest,
            largest=largest,
            trend="none",
        )
    edges_array = human_edges(values)
    alone = sentinels(values, edges_array)
    return Cells(
        profile.name,
        name,
        "number",
        group,
        edges=tuple(float(edge) for edge in edges_array),
        alone=alone.alone,
        sentinels=frozenset(alone.placeholders),
        trend=chosen.trend,
        whole=whole,
        smallest=smallest,
        largest=largest,
    )


def _is_number(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype))


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = column.drop_null().cast(pa.float64()).to_numpy()
    return values[np.isfinite(values)]


def _sample_texts(column: pa.ChunkedArray) -> list[str]:
    values = column.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return [text for text in values.unique().cast(pa.string()).to_pylist() if text is not None]

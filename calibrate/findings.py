"""What the analyst must know: leaks, twins, drift, duplicates, spellings, in plain sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.rules import Score
from calibrate.doubts import better_column, chance, costs, flips, listed_names, nothing, overlaps, scale
from calibrate.leads.codes import CodeStore
from calibrate.leads.columns import ColumnProfile, spelling_variants
from calibrate.leads.leaks import LeakFlag
from calibrate.leads.outcome import Outcome, plain_texts
from calibrate.leads.twins import find_twins
from calibrate.learning.evidence import AttributeEvidence
from calibrate.listing import quoted
from calibrate.proof.audit import Overlap
from calibrate.proof.shaping import Shaped
from calibrate.proof.stability import FEWEST_BUCKETS
from calibrate.proof.validation import Validation
from calibrate.remarks import Remark
from calibrate.settings import PointColumn, Settings
from calibrate.statistics.lift import omnibus_p
from calibrate.statistics.rates import Rate

_MOST_NAMED = 3
MANY_AN_ACCOUNT = 1.5


@dataclass(frozen=True, slots=True)
class Findings:
    """What the remarks are made from.

    strength: of the prior, as in the scorecard.  an_account: mean leads of an account; 1 where none is named.
    """

    profiles: tuple[ColumnProfile, ...]
    flags: Sequence[LeakFlag]
    store: CodeStore
    overlap: Overlap
    strength: float
    shaping: Sequence[Shaped]
    score: Score
    an_account: float = 1.0


def left_out_by_flags(
    store: CodeStore, flags: Sequence[LeakFlag], settings: Settings, gates: Iterable[str]
) -> dict[str, str]:
    """Columns that get no points: those a leak flag stops, and the second of two that divide the leads alike."""
    allowed = set(settings.columns.allow)
    reasons = {
        flag.column: f"{flag.reason}: was it known before the deal closed? --allow brings it back"
        for flag in flags
        if flag.stops and flag.column not in allowed
    }
    own = [
        place
        for place, cells in enumerate(store.cells)
        if cells.column not in reasons and cells.column not in gates and cells.member is None
    ]
    for name, twin in find_twins(store, own).items():
        if name not in allowed:
            reasons[name] = f"the same as {twin}: each value of one goes with one value of the other"
    return reasons


def remarks_of(
    findings: Findings,
    sample: pa.Table | None,
    attributes: Sequence[AttributeEvidence],
    overall: Rate,
    validation: Validation | None,
    settings: Settings,
    column: PointColumn,
) -> list[Remark]:
    """Every remark of a run, unordered; sample: leads, None where none are at hand."""
    return [
        *_leaks(findings.flags, settings),
        *_few(overall, attributes, column),
        *_in_time(findings.store, settings),
        *overlaps(findings.overlap, column, findings.score.unit),
        *costs(findings.shaping),
        *scale(settings, findings.score),
        *_accounts(settings.outcome.account, findings.an_account, findings.store),
        *flips(findings.overlap),
        *nothing(findings.strength),
        *(_duplicates(sample) if sample is not None else []),
        *_spellings(findings.profiles, attributes),
        *_placeholders(attributes),
        *_missing(attributes),
        *better_column(validation, settings, column),
        *chance(attributes),
    ]


def open_leads(outcome: Outcome, sample: pa.Table) -> list[Remark]:
    """What to tell of leads that count as not won though they may still be won."""
    if not outcome.doubtful or outcome.column is None:
        return []
    texts = plain_texts(sample[outcome.column])
    leads = int(pc.sum(pc.is_in(texts, value_set=pa.array(outcome.doubtful, pa.string()))).as_py() or 0)
    lost = quoted(",".join(outcome.lost_words)) if outcome.lost_words else "VALUE"
    text = (
        f"{outcome.column} is {listed_names([repr(text) for text in outcome.doubtful])} for {leads:,} leads, which "
        f"count as not won. If they may still be won, leave them out: --lost {lost}."
    )
    return [Remark("immature", text, outcome.column)]


def _leaks(flags: Sequence[LeakFlag], settings: Settings) -> list[Remark]:
    remarks = []
    # A set has an attribute, and maybe a flag, for each of its values: the worst is told, once.
    by_column = {flag.column: flag for flag in sorted(flags, key=lambda flag: flag.stops)}
    for flag in dict.fromkeys(by_column[flag.column] for flag in flags):
        if flag.stops and flag.column in settings.columns.allow:
            tail = "It has points because --allow names it: make sure it was known before the deal closed."
        elif flag.stops:
            tail = f'Left out; --allow "{flag.column}" brings it back if it was known before the deal closed.'
        elif flag.mutes and flag.column not in settings.columns.allow:
            tail = (
                f'Empty gets 0 points; --allow "{flag.column}" gives it its own if it is known before the deal closes.'
            )
        else:
            tail = f'It has points; was it known before the deal closed? If not: --skip "{flag.column}".'
        remarks.append(Remark("leak", f"{flag.column} {flag.reason}. {tail}", flag.column))
    return remarks


def _few(overall: Rate, attributes: Sequence[AttributeEvidence], column: PointColumn) -> list[Remark]:
    remarks = []
    if overall.conversions < 100:
        prefer = "" if column == "cautious" else "Prefer the cautious points (--points cautious) and t"
        text = (
            f"Only {overall.conversions} won leads: points from so few jump from quarter to quarter. "
            f"{prefer or 'T'}reat them as a draft."
        )
        remarks.append(Remark("few", text))
    small = [f"{a.name} = {i.level.label}" for a in attributes for i in a.levels if i.evidence == "too few"]
    if small:
        text = f"{listed_names(small)} {'have' if len(small) > 1 else 'has'} too few leads to say anything: 0 points."
        remarks.append(Remark("note", text))
    return remarks


def _in_time(store: CodeStore, settings: Settings) -> list[Remark]:
    """Does the rate change along the history: by date where there is one, else by place in the file."""
    if store.leads < 1000:
        return []
    won = store.won
    if store.day is not None:
        newest = store.day > int(store.day.max()) - 91
        pieces = [won[~newest], won[newest]]
    else:
        pieces = np.array_split(won, 10)
    held = [piece for piece in pieces if len(piece) >= 100]
    leads, conversions = np.array([len(piece) for piece in held]), np.array([np.count_nonzero(piece) for piece in held])
    p_value = omnibus_p(leads, conversions)
    if p_value is None or p_value > 1e-4:
        return []
    rates = conversions / leads
    if rates.max() - rates.min() < 0.25 * won.mean():
        return []
    if store.day is None:
        text = (
            f"The rate changes along the file: {rates[0]:.1%} in its first tenth, {rates[-1]:.1%} in its last. If the "
            "rows stand in order of time, history does not stand still: name the date with --date for a fair test."
        )
        return [Remark("drift", text)]
    if rates[1] < rates[0] and settings.outcome.mature_days is None:
        text = (
            f"The newest 91 days convert at {rates[1]:.1%}, the leads before them at {rates[0]:.1%}: young leads "
            "may simply not have had their time. Leave them out with --mature DAYS."
        )
        return [Remark("immature", text)]
    text = (
        f"The newest 91 days convert at {rates[1]:.1%}, the leads before them at {rates[0]:.1%}. "
        "Points measure the difference from the rate of the whole period."
    )
    return [Remark("drift", text)]


def _accounts(account: str | None, mean: float, store: CodeStore) -> list[Remark]:
    """That leads of an account are not so many leads of evidence."""
    if account is None or mean <= MANY_AN_ACCOUNT:
        return []
    few = store.bucket is not None and len(np.unique(store.bucket)) < FEWEST_BUCKETS
    text = (
        f"{account} has {mean:.1f} leads to a value on average. Ranges and the words of evidence take leads as "
        "independent, so they are too sure; "
    )
    text += (
        "and with so few values no history is redrawn to tell how stable points are."
        if few
        else "only the test and the redrawn histories keep accounts whole."
    )
    return [Remark("note", text, account)]


def leads_an_account(account: str | None, sample: pa.Table) -> float:
    """Mean number of leads of an account in the sample; 1 where none is named."""
    if account is None:
        return 1.0
    held = pc.value_counts(sample[account].combine_chunks().drop_null())
    return float(pc.mean(held.field("counts")).as_py() or 1.0)


def _duplicates(sample: pa.Table) -> list[Remark]:
    """Leads that equal another in every column, where far more pairs do than independent columns would make."""
    rows = sample.num_rows
    if rows < 2 or sample.num_columns > 200:
        return []
    repeated, pairs, by_chance = _repeated_rows(sample)
    if repeated < max(2, 0.005 * rows) or pairs < 10 * by_chance:
        return []
    text = (
        f"{repeated:,} of {rows:,} leads repeat another lead in every column ({repeated / rows:.1%}). If they were "
        "entered twice they make the evidence look stronger than it is: remove them and run again."
    )
    return [Remark("duplicates", text)]


def _repeated_rows(table: pa.Table) -> tuple[int, float, float]:
    """Rows that repeat another, pairs of equal rows, and the pairs expected were the columns independent."""
    rows = table.num_rows
    joint: npt.NDArray[np.int64] = np.zeros(rows, dtype=np.int64)
    by_chance = rows * (rows - 1) / 2
    for name in table.column_names:
        column = table[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode("encode")
        numbers = column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
        by_chance *= float(((np.bincount(numbers) / rows) ** 2).sum())
        _, joint = np.unique(joint * (int(numbers.max(initial=0)) + 1) + numbers, return_inverse=True)
        if int(joint.max(initial=0)) + 1 == rows:
            return 0, 0.0, by_chance
    held = np.bincount(joint)
    return rows - len(held), float((held * (held - 1) / 2).sum()), by_chance


def _spellings(profiles: Sequence[ColumnProfile], attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    used = {item.column: item for item in attributes}
    remarks = []
    for profile in profiles:
        if profile.kind != "category" or profile.name not in used:
            continue
        merged = [set(item.level.values) for item in used[profile.name].levels if item.level.kind == "value"]
        variants = [
            group for group in spelling_variants(profile.values) if not any(set(group) <= level for level in merged)
        ]
        if variants:
            shown = "; ".join(" / ".join(repr(text) for text in group) for group in variants[:_MOST_NAMED])
            lines = " and ".join(
                f"{_toml(group[0].strip())} = [{', '.join(map(_toml, group))}]" for group in variants[:_MOST_NAMED]
            )
            text = (
                f"{profile.name} has values that differ only in case or spaces: {shown}. To merge them, put {lines} "
                f"under [attributes.{_toml(profile.name)}.levels] in calibrate.toml."
            )
            remarks.append(Remark("spelling", text, profile.name))
    return remarks


def _toml(text: str) -> str:
    """A text in quotes for TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _placeholders(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    found = [
        f"{item.name} = {level.level.label}"
        for item in attributes
        for level in item.levels
        if level.level.kind == "placeholder"
    ]
    if not found:
        return []
    verb = (
        "looks like a placeholder, not an answer: it is a level"
        if len(found) == 1
        else ("look like placeholders, not answers: each is a level")
    )
    return [Remark("placeholder", f"{listed_names(found)} {verb} of its own, apart from empty.")]


def _missing(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    shares = []
    for item in attributes:
        total = sum(level.leads for level in item.levels)
        missing = sum(level.leads for level in item.levels if level.level.kind == "missing")
        if missing >= 0.05 * total:
            shares.append((missing / total, item.name))
    if not shares:
        return []
    named = listed_names([f"{name} ({share:.0%})" for share, name in sorted(shares, reverse=True)])
    numbers = any(item.kind == "number" for item in attributes)
    also = " In a column of numbers, n.v.t. and the like count as empty." if numbers else ""
    return [Remark("missing", f"Empty in many leads: {named}. Empty is a level of its own, with its own points.{also}")]

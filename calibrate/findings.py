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
from calibrate.doubts import better_column, chance, costs, flips, nothing, overlaps, scale
from calibrate.leads.codes import FIRST_DAY, CodeStore
from calibrate.leads.columns import ColumnProfile, spelling_variants
from calibrate.leads.leaks import LeakFlag
from calibrate.leads.levels import Level
from calibrate.leads.outcome import Outcome, plain_texts
from calibrate.leads.repeated import repeated_leads
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
from calibrate.words.language import Message, chained, message

_MOST_NAMED = 3
MANY_AN_ACCOUNT = 1.5
_LONG_GAP = 60
_TIMES_USUAL = 5
_EDGE = 0.05


@dataclass(frozen=True, slots=True)
class Findings:
    """What the remarks are made from.

    strength: of the prior, as in the scorecard.  an_account: mean leads of an account; 1 where none is named.
    """

    profiles: tuple[ColumnProfile, ...]
    outcome: Outcome
    flags: Sequence[LeakFlag]
    store: CodeStore
    overlap: Overlap
    strength: float
    shaping: Sequence[Shaped]
    score: Score
    an_account: float = 1.0


def left_out_by_flags(
    store: CodeStore, flags: Sequence[LeakFlag], settings: Settings, gates: Iterable[str]
) -> dict[str, Message]:
    """Columns that get no points: those a leak flag stops, and the second of two that divide the leads alike."""
    allowed = set(settings.columns.allow)
    reasons = {
        flag.column: message("reasons.leak.stopped", reason=flag.reason)
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
            reasons[name] = message("reasons.twin", twin=twin)
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
        *_gap(findings.store.arrivals),
        *overlaps(findings.overlap, column, findings.score.unit),
        *costs(findings.shaping),
        *scale(settings, findings.score),
        *_accounts(settings.outcome.account, findings.an_account, findings.store),
        *flips(findings.overlap),
        *nothing(findings.strength),
        *(_duplicates(sample, findings.outcome, settings.outcome.account) if sample is not None else []),
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
    values = [repr(text) for text in outcome.doubtful]
    said = message("remarks.open", column=outcome.column, values=values, leads=leads, lost=lost)
    return [Remark("immature", said, outcome.column)]


def _leaks(flags: Sequence[LeakFlag], settings: Settings) -> list[Remark]:
    remarks = []
    # A set has an attribute, and maybe a flag, for each of its values: the worst is told, once.
    by_column = {flag.column: flag for flag in sorted(flags, key=lambda flag: flag.stops)}
    for flag in dict.fromkeys(by_column[flag.column] for flag in flags):
        if flag.stops and flag.column in settings.columns.allow:
            done = "allowed"
        elif flag.stops:
            done = "stopped"
        elif flag.mutes and flag.column not in settings.columns.allow:
            done = "muted"
        else:
            done = "asked"
        said = message(f"remarks.leak.{done}", column=flag.column, reason=flag.reason)
        remarks.append(Remark("leak", said, flag.column))
    return remarks


def _few(overall: Rate, attributes: Sequence[AttributeEvidence], column: PointColumn) -> list[Remark]:
    remarks = []
    if overall.conversions < 100:
        key = "remarks.few_cautious" if column == "cautious" else "remarks.few"
        remarks.append(Remark("few", message(key, won=overall.conversions)))
    small = [_named(a, i.level) for a in attributes for i in a.levels if i.evidence == "too few"]
    if small:
        remarks.append(Remark("note", message("remarks.small", n=len(small), levels=small)))
    return remarks


def _named(item: AttributeEvidence, level: Level) -> Message:
    return message("reasons.cell.value", column=item.name, value=level.label)


def _in_time(store: CodeStore, settings: Settings) -> list[Remark]:
    """Does the rate change along the history: by date where there is one, else by place in the file."""
    if store.leads < 1000:
        return []
    every = int(store.won.sum(dtype=np.int64))
    if store.day is not None:
        newest, won = store.since(int(store.day.max()) - 90)
        pieces = [(store.leads - newest, every - won), (newest, won)]
    else:
        pieces = [(len(piece), int(np.count_nonzero(piece))) for piece in np.array_split(store.won, 10)]
    leads, conversions = np.array([piece for piece in pieces if piece[0] >= 100]).reshape(-1, 2).T
    p_value = omnibus_p(leads, conversions)
    if p_value is None or p_value > 1e-4:
        return []
    rates = conversions / leads
    if rates.max() - rates.min() < 0.25 * every / store.leads:
        return []
    if store.day is None:
        return [Remark("drift", message("remarks.along_file", first=float(rates[0]), last=float(rates[-1])))]
    before, since = map(float, rates)
    if since < before and settings.outcome.mature_days is None:
        return [Remark("immature", message("remarks.young", newest=since, before=before))]
    return [Remark("drift", message("remarks.drift", newest=since, before=before))]


def _accounts(account: str | None, mean: float, store: CodeStore) -> list[Remark]:
    """That leads of an account are not so many leads of evidence."""
    if account is None or mean <= MANY_AN_ACCOUNT:
        return []
    few = store.bucket is not None and len(np.unique(store.bucket)) < FEWEST_BUCKETS
    said = message(f"remarks.accounts{'_few' if few else ''}", account=account, mean=mean)
    return [Remark("note", said, account)]


def leads_an_account(account: str | None, sample: pa.Table) -> float:
    """Mean number of leads of an account in the sample; 1 where none is named."""
    if account is None:
        return 1.0
    held = pc.value_counts(sample[account].combine_chunks().drop_null())
    return float(pc.mean(held.field("counts")).as_py() or 1.0)


def _gap(arrivals: npt.NDArray[np.int64]) -> list[Remark]:
    """The longest time without a lead, where it is far longer than leads usually wait for each other.

    A twentieth of the leads on either side: dates that stand alone are slips.
    """
    days, before = np.flatnonzero(arrivals), np.cumsum(arrivals)
    waits = np.diff(days)
    share = before[days[:-1]] / max(int(arrivals.sum()), 1)
    waits_inside = np.where((share >= _EDGE) & (share <= 1 - _EDGE), waits, 0)
    longest = int(waits_inside.max(initial=0))
    if longest <= _LONG_GAP or longest <= _TIMES_USUAL * float(np.median(waits)):
        return []
    place = int(waits_inside.argmax())
    first, last = (str(np.datetime64(int(day) + FIRST_DAY, "D")) for day in (days[place] + 1, days[place + 1] - 1))
    return [Remark("drift", message("remarks.gap", first=first, last=last, days=longest - 1))]


def _duplicates(sample: pa.Table, outcome: Outcome, account: str | None) -> list[Remark]:
    """Leads that come again: by their number, else in every column, far more often than by chance."""
    found = repeated_leads(sample, outcome, account)
    if found is not None:
        key = "remarks.repeated_differ" if found.differ else "remarks.repeated"
        counts = {"leads": found.leads, "rows": found.rows, "differ": found.differ}
        return [Remark("duplicates", message(key, column=found.column, **counts), found.column)]
    rows = sample.num_rows
    if rows < 2 or sample.num_columns > 200:
        return []
    repeated, pairs, by_chance = _repeated_rows(sample)
    if repeated < max(2, 0.005 * rows) or pairs < 10 * by_chance:
        return []
    return [Remark("duplicates", message("remarks.duplicates", repeated=repeated, leads=rows, share=repeated / rows))]


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
            lines = [
                f"{_toml(group[0].strip())} = [{', '.join(map(_toml, group))}]" for group in variants[:_MOST_NAMED]
            ]
            said = message(
                "remarks.spelling",
                column=profile.name,
                values=shown,
                lines=chained("reasons.and", lines),
                table=_toml(profile.name),
            )
            remarks.append(Remark("spelling", said, profile.name))
    return remarks


def _toml(text: str) -> str:
    """A text in quotes for TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _placeholders(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    found = [
        _named(item, level.level) for item in attributes for level in item.levels if level.level.kind == "placeholder"
    ]
    return [Remark("placeholder", message("remarks.placeholder", n=len(found), levels=found))] if found else []


def _missing(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    shares = []
    for item in attributes:
        total = sum(level.leads for level in item.levels)
        missing = sum(level.leads for level in item.levels if level.level.kind == "missing")
        if missing >= 0.05 * total:
            shares.append((missing / total, item.name))
    if not shares:
        return []
    named = [message("remarks.share", name=name, share=share) for share, name in sorted(shares, reverse=True)]
    numbers = any(item.kind == "number" for item in attributes)
    return [Remark("missing", message(f"remarks.missing{'_numbers' if numbers else ''}", columns=named))]

"""What an export keeps and loses, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from calibrate.errors import shown
from calibrate.exports.fidelity import BandCount, Cost, Fidelity, Ran
from calibrate.exports.naming import named
from calibrate.exports.target import Target
from reports.commands.english import count, pairs, percent

_FEATURES = {
    "points": "points",
    "otherwise": "points of other values",
    "missing": "points of missing values",
    "gates": "gates",
    "caps": "caps of groups",
    "limits": "limits of the score",
    "bands": "bands",
    "reasons": "reasons",
    "percentile": "percentile",
    "probability": "probability",
}
_MOST_FILES = 3


def target_lines(targets: Iterable[Target]) -> tuple[str, ...]:
    """The targets there are: what each writes, and who ran it."""
    lines: list[str] = []
    for target in targets:
        lines += [f"{target.name}", f"    writes {target.writes}", f"    {target.proof}"]
        if target.variants:
            lines.append(f"    of which one is, for example, {target.name}:{target.variants[0]}")
    return tuple(lines)


def export_lines(made: Sequence[Fidelity], *, checked: bool) -> tuple[str, ...]:
    """What each target keeps, approximates and refuses, and what that costs; checked: whether there were leads."""
    return tuple(line for item in made for line in _target(item, checked=checked))


def _target(item: Fidelity, *, checked: bool) -> Iterator[str]:
    names = list(item.export.files)
    others = len(names) - _MOST_FILES
    files = ", ".join(names[:_MOST_FILES]) + (f" and {others} more" if others > 0 else "")
    yield f"{item.target.name}: {files}"
    yield f"  keeps         {', '.join(_FEATURES[name] for name in item.kept) or 'nothing'}"
    for loss in item.losses:
        yield f"  {loss.how:<12}  {_FEATURES[loss.feature]}: {loss.why}"
    fields = {given.attribute: given.field for given in item.export.inputs if given.field != given.attribute}
    if fields:
        yield "  calls         " + ", ".join(f"{shown(name)} {field}" for name, field in fields.items())
    told = set(named(fields))
    for note in item.export.notes:
        if note not in told:
            yield f"  note          {note}"
    yield f"  proof         {item.target.proof}"
    if item.ran is not None:
        yield f"  checked       {_ran(item.ran)}"
    if item.cost is not None:
        yield from _cost(item.cost)
    elif item.export.runs is not None:
        yield "  differs       scores differ from those of the rules; --check LEADS measures how much"
    elif checked and item.ran is None and "not executed" not in item.target.proof:
        yield "  checked       not run on these leads: its engine is not installed with calibrate"
    yield ""


def _ran(ran: Ran) -> str:
    return f"{ran.engine} ran the file on {count(ran.leads)} leads: every score and band the same"


def _cost(cost: Cost) -> Iterator[str]:
    yield (
        f"  differs       of {count(cost.leads)} leads {count(cost.other_score)} get another score, "
        f"{count(cost.other_band)} another band"
    )
    if cost.rules.auc is not None and cost.target.auc is not None:
        yield (
            f"                of 100 pairs of a won and a lost lead {pairs(cost.target.auc)} are in the right order, "
            f"by the rules {pairs(cost.rules.auc)}; where they made the points, only the difference says something"
        )
    yield f"                by the rules  {_bands(cost.rules.bands)}"
    yield f"                there         {_bands(cost.target.bands)}"


def _bands(bands: Sequence[BandCount]) -> str:
    return ";  ".join(
        f"{band.band} {count(band.leads)}"
        + (f" ({percent(band.conversions / band.leads)} won)" if band.conversions is not None else "")
        for band in bands
    )

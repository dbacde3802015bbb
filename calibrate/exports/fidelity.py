"""What an export keeps of the rules, what it approximates and refuses, and what that costs on past leads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from calibrate.document.rules import Rules
from calibrate.exports.target import Export, Feature, Loss, Target, features
from calibrate.showing import Shown

FILE = "fidelity.json"


@dataclass(frozen=True, slots=True)
class Ranking:
    """How one version of the rules ranks and sorts the leads it is measured on.

    auc: share of won-lost pairs in the right order, 0 to 1, with its 95 % range; None without both kinds of leads.
    """

    auc: float | None
    auc_low: float | None
    auc_high: float | None
    bands: tuple[BandCount, ...]


@dataclass(frozen=True, slots=True)
class BandCount:
    """Leads and conversions of a band; conversions is None where it is not known who was won."""

    band: str
    leads: int
    conversions: int | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the leads get from the rules, and from what the target makes of them.

    conversions: None where it is not known who was won.  other_score, other_band: leads whose score or band differs.
    """

    leads: int
    conversions: int | None
    rules: Ranking
    target: Ranking
    other_score: int
    other_band: int


@dataclass(frozen=True, slots=True)
class Ran:
    """The leads that a written file was run on, and by what: all of them got score and band of the rules."""

    engine: str
    leads: int


@dataclass(frozen=True, slots=True, repr=False)
class Fidelity(Shown):
    """An export with its report.

    kept: features of the document that the target has as they are.  cost, ran: where there were leads to check on, and
    the target scores otherwise, or can be run here.
    """

    target: Target
    export: Export
    kept: tuple[Feature, ...]
    losses: tuple[Loss, ...]
    cost: Cost | None = None
    ran: Ran | None = None

    @classmethod
    def of(cls, rules: Rules, target: Target, export: Export) -> Self:
        """The report of an export, not checked on leads."""
        said = features(rules)
        losses = tuple(loss for loss in export.losses if loss.feature in said)
        lost = {loss.feature for loss in losses}
        return cls(target, export, tuple(name for name in said if name not in lost), losses)


def fidelity(rules: Rules, made: Sequence[Fidelity]) -> dict[str, Any]:
    """The report: by target its files, inputs, what is kept, approximated and refused, and the cost."""
    return {
        "rules": {"id": rules.id, "version": rules.version, "title": rules.title},
        "targets": {item.target.name: _as_json(item) for item in made},
    }


def fidelity_text(rules: Rules, made: Sequence[Fidelity]) -> str:
    """The report as JSON."""
    return json.dumps(fidelity(rules, made), ensure_ascii=False, indent=1) + "\n"


def _as_json(item: Fidelity) -> Mapping[str, Any]:
    said = {
        how: [{"feature": loss.feature, "why": loss.why} for loss in item.losses if loss.how == how]
        for how in ("approximated", "refused")
    }
    return {
        "files": list(item.export.files),
        "proof": item.target.proof,
        "same_scores": item.export.runs is None,
        "kept": list(item.kept),
        **said,
        "inputs": [{key: part for key, part in asdict(given).items() if part} for given in item.export.inputs],
        "notes": list(item.export.notes),
        "ran": None if item.ran is None else asdict(item.ran),
        "cost": None if item.cost is None else asdict(item.cost),
    }

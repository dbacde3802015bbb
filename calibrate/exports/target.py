"""What a target is, what it writes, and what it cannot say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from calibrate.document.lead_score import standing_of
from calibrate.document.rules import Gate, Rule, Rules
from calibrate.errors import CalibrateError

Feature = Literal[
    "points", "otherwise", "missing", "gates", "caps", "limits", "bands", "reasons", "percentile", "probability"
]
Kind = Literal["text", "number", "boolean", "list", "delimited"]
FieldKind = Literal["text", "picklist"]
FEATURES: tuple[Feature, ...] = (
    "points", "otherwise", "missing", "gates", "caps", "limits", "bands", "reasons", "percentile", "probability",
)  # fmt: skip


class ExportError(CalibrateError, ValueError):
    """Targets cannot say what the rules say; carries everything that they cannot, each `target: where: ...`."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Options:
    """How to write.

    fields: what an attribute is called in the target, by attribute; those left out keep their name as nearly as the
    target allows.  variants: such as SQL dialects; none means all.
    table, key, lists: in SQL, the table of the leads, its column that tells one from another, and whether a set comes
    as an array instead of one text.  kinds: of the fields of Salesforce that hold a text, by attribute; those left out
    go by type.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    table: str = "leads"
    key: str = "id"
    variants: tuple[str, ...] = ()
    lists: bool = False
    kinds: Mapping[str, FieldKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """How a target wants an attribute.

    kind: delimited is a set in one text.  separator: between its values, there or where a list is written in one text.
    """

    attribute: str
    field: str
    kind: Kind
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """What of the rules a target has not as it is. how: in other words, or not at all."""

    feature: Feature
    how: Literal["approximated", "refused"]
    why: str


@dataclass(frozen=True, slots=True)
class Export:
    """What a target makes of the rules.

    files: by name.  runs: the rules as the target runs them, where their scores differ from those of the document.
    notes: what the reader must know to use the files, a sentence each.
    """

    files: Mapping[str, bytes]
    inputs: tuple[Input, ...]
    losses: tuple[Loss, ...] = ()
    runs: Rules | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Leads scored by an engine from the written file: score and band of each, in order."""

    engine: str
    scores: Sequence[tuple[int, str | None]]


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of file that rules can be written as.

    name: as the command line calls it.  writes: what, in a few words.  proof: who runs it, in a sentence.
    export: raises ExportError where the target cannot say what the rules say.  run: has leads, prepared as the
    export's inputs say, scored by an engine that is here anyhow; None where that one cannot run these files.
    """

    name: str
    writes: str
    proof: str
    export: Callable[[Rules, Options], Export]
    variants: tuple[str, ...] = ()
    run: Callable[[Export, Options, Sequence[Mapping[str, Any]]], Run | None] | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """Rules that are added up together, and the bounds of their sum; without a group there are none."""

    name: str | None
    rules: tuple[Rule, ...]
    low: int | None = None
    high: int | None = None

    @property
    def bounded(self) -> bool:
        """Whether the sum has a cap."""
        return self.low is not None or self.high is not None


def sums(rules: Rules) -> tuple[Sum, ...]:
    """The sums of a document: of the rules without a group, then of every group in order, those without rules too."""
    free = tuple(rule for rule in rules.rules if rule.group is None)
    groups = (
        Sum(name, tuple(rule for rule in rules.rules if rule.group == name), group.min, group.max)
        for name, group in rules.groups.items()
    )
    return (Sum(None, free), *groups)


def band_of(rules: Rules, gate: Gate) -> str | None:
    """The band that a gate gives: its own, or that of its score."""
    return gate.then.band or standing_of(rules, gate.then.score).band


def features(rules: Rules) -> tuple[Feature, ...]:
    """What a document says, of what a target could lose."""
    said: dict[Feature, bool] = {
        "points": True,
        "otherwise": bool(rules.rules),
        "missing": bool(rules.rules),
        "gates": bool(rules.gates),
        "caps": any(part.bounded for part in sums(rules)),
        "limits": rules.score.min is not None or rules.score.max is not None,
        "bands": bool(rules.bands),
        "reasons": True,
        "percentile": rules.reference is not None,
        "probability": rules.probability is not None,
    }
    return tuple(feature for feature in FEATURES if said[feature])

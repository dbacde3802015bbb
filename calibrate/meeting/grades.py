"""What a check of rules on newer leads finds, a type a question, and how much each matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from calibrate.statistics.change import LiftChange, RateChange
from calibrate.statistics.drift import StabilityIndex

Grade = Literal["ok", "look", "act"]
GRADES: tuple[Grade, ...] = ("ok", "look", "act")
Kind = Literal[
    "base rate", "levels", "score mix", "attribute mix", "missing values", "new values", "vanished cases",
    "band order", "promised chances", "score inflation",
]  # fmt: skip
Why = Literal["outcomes", "evidence", "reference", "bands", "chances", "dates", "months", "threshold", "same leads"]


@dataclass(frozen=True, slots=True)
class BaseRate:
    """The overall rate of the history and of these leads."""

    change: RateChange


@dataclass(frozen=True, slots=True)
class ChangedLevel:
    """A level whose lift is another than history and the change of the overall rate let expect, beyond chance.

    reversed: whether it is on the other side of the overall rate now.
    """

    attribute: str
    label: str
    points: int
    change: LiftChange
    q_value: float
    reversed: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels whose lifts could be tested, and those that changed, the surest first."""

    tested: int
    changed: tuple[ChangedLevel, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """How the leads spread over scores or levels, then and now. moved: the cell whose share changed most."""

    index: StabilityIndex
    moved: str
    share_then: float
    share_now: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Share of leads without a value, 0 to 1; then is None where history does not say. absent: there is no column."""

    then: float | None
    now: float
    absent: bool


@dataclass(frozen=True, slots=True)
class NewValues:
    """Leads with a value that no case names; values: the commonest, with their leads."""

    then: float
    now: float
    leads: int
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Vanished:
    """Cases that no lead has, though history lets expect five or more: (label, leads expected)."""

    cases: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class BandRate:
    """A band by its scores, without leads that a gate decides. promised: chance that the rules give, 0 to 1."""

    band: str
    leads: int
    won: int
    rate: float
    low: float
    high: float
    promised: float | None = None


@dataclass(frozen=True, slots=True)
class BandOrder:
    """Bands best first, and the neighbours of which the better converts less: (better, worse, p-value)."""

    bands: tuple[BandRate, ...]
    inverted: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Promises:
    """Bands with the chance that was promised, and those whose 99 % range does not hold it.

    all: the leads of all bands.
    """

    all: BandRate
    bands: tuple[BandRate, ...]
    broken: tuple[BandRate, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """Leads of a month, those from the threshold up, and the won ones of these."""

    month: str
    leads: int
    above: int
    won: int


@dataclass(frozen=True, slots=True)
class Inflation:
    """Whether ever more leads pass the threshold, and ever fewer of those convert. p-values: of the trends."""

    threshold: int
    months: tuple[Month, ...]
    share_trend: float
    share_p: float
    rate_trend: float
    rate_p: float


Figures = BaseRate | Levels | Mix | Missing | NewValues | Vanished | BandOrder | Promises | Inflation


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer. subject: the attribute it is about, None for the rules as a whole.

    grade: ok, nothing to do; look, see what is behind it; act, the rules do not hold here.
    """

    kind: Kind
    subject: str | None
    grade: Grade
    figures: Figures


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A question that could not be asked, for lack of what `why` names."""

    kind: Kind
    subject: str | None
    why: Why

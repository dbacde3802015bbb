"""The four figures of the meeting as the page writes them; live.js writes the same."""

from __future__ import annotations

from calibrate.meeting.figures import Figures
from reports.live_words import WORDS
from reports.numbers import MINUS, count, pairs, percent

VOLUMES = ("leads_a_month", "leads")


def shown_figures(found: Figures) -> dict[str, float | None]:
    """The figures by key: leads a month, or in all where there are no dates, then three shares."""
    volume: dict[str, float | None] = {"leads": found.leads}
    if found.leads_a_month is not None:
        volume = {"leads_a_month": found.leads_a_month}
    return volume | {"rate": found.rate, "reached": found.reached, "right_order": found.right_order}


def written(key: str, value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return WORDS["unknown"]
    if key in VOLUMES:
        return _few(value)
    return pairs(value) if key == "right_order" else percent(value)


def moved(key: str, change: float) -> str:
    """A change with its direction as a mark."""
    size = abs(change)
    if key in VOLUMES:
        text = _few(size)
    else:
        text = pairs(size) if key == "right_order" else WORDS["points_of_percent"].format(value=pairs(size))
    return f"{'▲' if change > 0 else '▼'} {text}"


def rate_range(rate: float | None, low: float | None, high: float | None) -> str:
    """A rate and its range; empty where there are no leads."""
    if rate is None or low is None or high is None:
        return ""
    return f"{percent(rate)}, {WORDS['to'].format(low=percent(low), high=percent(high))}"


def _few(leads: float) -> str:
    return f"{leads:.1f}".replace("-", MINUS) if leads < 10 and leads != round(leads) else count(round(leads))

"""The four figures of the meeting as pages write them; live/draw.js writes the same."""

from __future__ import annotations

from calibrate.meeting.figures import Figures
from calibrate.words.language import Language

VOLUMES = ("leads_a_month", "leads")


def shown_figures(found: Figures) -> dict[str, float | None]:
    """The figures by key: leads a month, or in all where there are no dates, then three shares."""
    volume: dict[str, float | None] = {"leads": found.leads}
    if found.leads_a_month is not None:
        volume = {"leads_a_month": found.leads_a_month}
    return volume | {"rate": found.rate, "reached": found.reached, "right_order": found.right_order}


def written(key: str, value: float | None, say: Language) -> str:
    """A figure as people read it."""
    if value is None:
        return say("meeting.unknown")
    if key in VOLUMES:
        return _few(value, say)
    return say.pairs(value) if key == "right_order" else say.percent(value)


def moved(key: str, change: float, say: Language) -> str:
    """A change with its direction as a mark."""
    size = abs(change)
    if key in VOLUMES:
        text = _few(size, say)
    else:
        text = say.pairs(size)
        text = text if key == "right_order" else say("meeting.points_of_percent", value=text)
    return f"{'▲' if change > 0 else '▼'} {text}"


def rate_range(rate: float | None, low: float | None, high: float | None, say: Language) -> str:
    """A rate and its range; empty where there are no leads."""
    if rate is None or low is None or high is None:
        return ""
    return f"{say.percent(rate)}, {say('meeting.to', low=say.percent(low), high=say.percent(high))}"


def _few(leads: float, say: Language) -> str:
    return say.number(leads, 1) if leads < 10 and leads != round(leads) else say.count(round(leads))

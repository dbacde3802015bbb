"""What is said of leads that rules are put against: how many count, and whether they made the rules."""

from __future__ import annotations

from calibrate.meeting.newer import LeadFile, Seen
from reports.commands.english import count, day, percent
from reports.wording.numbers import plain


def counted_sentence(file: LeadFile) -> str:
    """How many leads of a file count, were won, are from when, as far as that is known, and which are left out."""
    won = "" if file.won is None else f", {count(file.won)} of them won"
    period = days(file.first_day, file.last_day)
    out = [
        f"{count(leads)} {what}"
        for leads, what in ((file.open, "open"), (file.unknown, "without an outcome"), (file.young, "too young"))
        if leads
    ]
    left = f" Left out: {', '.join(out)}." if out else ""
    return f"{plain(file.name)}: {count(file.leads)} of {count(file.rows)} leads count{won}{period}.{left}"


def days(first: str | None, last: str | None) -> str:
    """From when to when, after a comma; empty where that is not known."""
    return f", {day(first)} to {day(last)}" if first and last else ""


def seen_sentence(which: str, seen: Seen) -> str:
    """Whether leads had a part in making the rules; which: old or new, empty where there is one document."""
    rules = f"the {which} rules" if which else "the rules"
    match seen.how:
        case "file":
            return f"These very leads made {rules}: they rank them better than they will rank others."
        case "period":
            share = percent(seen.share or 0.0)
            return f"{share} of them came in while the history of {rules} ran, and may have made them."
        case "no":
            return f"None of them came in while the history of {rules} ran."
        case _:
            return f"Whether they had a part in making {rules} is not known: there are no dates to tell."

"""What people decided about a rules document: points of their own, a threshold, and the meetings that did so."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibrate.document.part import Day, Part
from calibrate.fields import Id, Text, Whole


class Override(Part):
    """Why points are not those that history gave: people decided otherwise.

    points_before: what history gave.  expires: the day from which history counts again; None never.
    """

    points_before: Whole
    reason: Text | None = None
    decided_on: Day
    expires: Day | None = None


class Threshold(Part):
    """The score from which leads are handed to sales; without this part the first band begins there."""

    score: Whole
    reason: Text | None = None


class PointsDecision(Part):
    """Points that a meeting changed. label: of the case, `other` or `missing`, as in the reasons."""

    rule: Id
    label: Text
    from_: Annotated[Whole, Field(alias="from")]
    to: Whole
    reason: Text | None = None


class ThresholdDecision(Part):
    """A threshold that a meeting changed."""

    from_: Annotated[Whole | None, Field(alias="from")] = None
    to: Whole
    reason: Text | None = None


class Decision(Part):
    """What a meeting decided. version: that it made.  note: on what the document's figures were measured again."""

    version: Text
    decided_on: Day
    threshold: ThresholdDecision | None = None
    changes: tuple[PointsDecision, ...] = ()
    note: Text | None = None

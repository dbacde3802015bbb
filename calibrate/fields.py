"""Kinds of values in the settings and in the rules document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MOST_POINTS = 1_000_000
ID_FORM = r"^[a-z][a-z0-9_]*$"

Whole = Annotated[int, Field(ge=-MOST_POINTS, le=MOST_POINTS)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=ID_FORM)]

"""What every part of a document has in common, and the days that stand in it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """A part of the document: frozen, strict about types, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True)


def is_day(text: str) -> bool:
    """Whether a text is a day that there is, written as in 2026-10-01."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _checked_day(text: str) -> str:
    if not is_day(text):
        raise PydanticCustomError("expected", "a day such as 2026-10-01; correct it")
    return text


Day = Annotated[str, AfterValidator(_checked_day), WithJsonSchema({"type": "string", "format": "date"})]

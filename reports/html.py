"""What every page is made with: its templates, and the policy that lets it run its own script and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup


def text_of(place: str) -> str:
    """A file of this package, named from here: `live/part.css`."""
    return files("reports").joinpath(*place.split("/")).read_text(encoding="utf-8")


@cache
def template(place: str, **filters: Callable[[str], Markup]) -> Template:
    """The template at this place; it escapes what it is given, and takes nothing that it does not know."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(filters)
    return environment.from_string(text_of(place))


def policy(style: str, script: str | None = None) -> str:
    """The Content-Security-Policy of a page in one file: it asks nothing of anywhere, and runs this script alone."""
    allowed = f"script-src {_hash(script)}; " if script else ""
    return f"default-src 'none'; {allowed}style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

"""A section of the page: what stands under one heading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from calibrate.words.language import Language


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with the finding above it and what is plotted; below it what else must be known."""

    title: str
    note: str
    svg: Markup
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head, in parts that may have a heading; above them a title, and what else must be known.

    columns: (heading, css class).  parts: (heading or empty, rows of cells); a new line in a cell is one on the page.
    """

    columns: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it, in this order.

    key: of the heading among those of the report.
    """

    key: str
    texts: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    items: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing under the heading."""
        return not (self.texts or self.charts or self.items or self.terms or self.tables)


def chart(title: str, note: str, svg: str, below: tuple[str, ...] = ()) -> Chart:
    """A chart of a drawing made here, whose texts are safe."""
    return Chart(title, note, Markup(svg), below)  # noqa: S704


def table(
    names: tuple[str, ...], rows: Iterable[tuple[str, ...]], say: Language, title: str = "", note: str = ""
) -> Table:
    """A table in one part, its columns by their key among the heads; rows of facts have no head."""
    return Table(heads(names, say), (("", tuple(rows)),), title, note)


def heads(names: Iterable[str], say: Language) -> tuple[tuple[str, str], ...]:
    """The columns of a table: what stands over each, and its key."""
    return tuple(("" if name in ("fact", "value") else say(f"tables.head.{name}"), name) for name in names)

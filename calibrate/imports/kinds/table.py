"""A table: the flat one that the export target csv writes, or a sheet that people made, in CSV or a workbook."""

from __future__ import annotations

from calibrate.imports.content import Content
from calibrate.imports.flat import NEEDED, read_flat
from calibrate.imports.kind import Imported, Kind
from calibrate.imports.kinds import marketo, odoo
from calibrate.imports.sheet import read_sheet


def read(content: Content) -> Imported:
    """The document of a table of either kind."""
    return read_flat(content) if content.table and set(content.table.columns) >= NEEDED else read_sheet(content)


def _spots(content: Content) -> bool:
    return content.table is not None and not any(kind.spots(content) for kind in (marketo.KIND, odoo.KIND))


KIND = Kind(
    name="csv",
    reads="a table of attribute, value and points, or one that the target csv wrote",
    spots=_spots,
    read=read,
)

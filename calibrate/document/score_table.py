"""A table in memory with its scores beside it, as pandas, polars or Arrow as it came."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from calibrate.document.lead_score import used
from calibrate.document.rules import Rules
from calibrate.document.scoring import COLUMNS, TableScorer, refuse_taken, typed_leads, types_read
from calibrate.errors import DataError, shown
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import open_source


def score_table(rules: Rules, frame: Any, reasons: int = 3, options: ReadingOptions | None = None) -> Any:
    """The table with the columns score, percentile, band and reasons added; the same kind as it came.

    frame: a pandas, polars or pyarrow table. Texts in it are read as in a file: `€ 6.519,99` as a number, `n.v.t.`
    as a missing one, `ja` as true.  options: how, where guessing is not enough.

    Raises:
        DataError: it is something else, two of its columns have one name, it has one of these columns already, or
            a value cannot be read; or the rules are no `Rules`.
    """
    import narwhals as nw

    scorer = TableScorer(rules, reasons)
    table = _eager(frame)
    refuse_taken(table.columns, "table")
    with open_source(frame, options or ReadingOptions(), types=types_read(rules)) as source:
        read = [column.name for column in source.columns if column.name in used(rules)]
        batches = [typed_leads(rules, source, batch.select(read)) for batch in source.raw_batches()]
    parts = [scorer.score(batch) for batch in (pa.record_batch({"": pa.nulls(0)}), *batches)]
    added = pa.concat_tables([pa.table({name: getattr(part, name) for name in COLUMNS}) for part in parts])
    extra = nw.from_arrow(added, backend=table.implementation)
    if table.implementation.is_pandas():
        extra = nw.from_native(extra.to_native().set_axis(table.to_native().index))
    return table.with_columns(*(extra.get_column(name) for name in COLUMNS)).to_native()


def _eager(frame: Any) -> Any:
    """The table as narwhals has it.

    Raises:
        DataError: it is no table in memory, or two of its columns have one name.
    """
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    try:
        return nw.from_native(frame, eager_only=True)
    except TypeError as error:
        kind = type(frame).__name__
        raise DataError(
            f"table: found {kind}, expected a pandas, polars or pyarrow table; load or collect it"
        ) from error
    except DuplicateError as error:
        names = Counter(frame.column_names if isinstance(frame, pa.Table) else frame.columns)
        found = ", ".join(shown(name) for name, count in names.items() if count > 1)
        raise DataError(f"table: found more than one column {found}, expected each once; rename the others") from error

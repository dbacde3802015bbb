"""A table or Parquet files in Spark, read and never written."""

from __future__ import annotations

import logging
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import narwhals as nw
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from calibrate.errors import CalibrateError, DataError, nearest, shown
from calibrate.reading.addresses import has_secret, shown_address
from calibrate.reading.rawtable import first_line
from calibrate.remote.table import EngineTable, awaited

_AS_THEY_ARE = {"boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "date", "string"}
_AS_THEY_ARE |= {"timestamp", "timestamp_ntz"}
_SETTINGS = {
    "spark.app.name": "lead-calibrate",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",  # as in a folder read without Spark: texts
    "spark.ui.showConsoleProgress": "false",
}


_MOST_SAID = 1_000_000


def open_spark(place: str) -> EngineTable:
    """The leads of a Spark table such as `crm.leads`, or of Parquet files where the place has a slash.

    Which Spark: that of spark-defaults.conf and SPARK_HOME or SPARK_REMOTE, without these one on this machine.

    Raises:
        DataError: Spark does not start, or there is no such table.
    """
    if not place:
        raise DataError("spark: names no leads, expected a table or a folder; write spark:crm.leads or spark:./leads")
    if has_secret(place):
        raise DataError(
            f"{shown_address(f'spark:{place}')}: found a user or a key in the place, expected it in Spark's settings; "
            "move it to spark-defaults.conf"
        )
    with _said_by_java() as said:
        session, own = _session(said)
    try:
        return _table(session, place, own=own)
    except BaseException:
        if own:
            session.stop()
        raise


@contextmanager
def _said_by_java() -> Iterator[IO[bytes] | None]:
    """A file for what Java says on its way, most of it of no use to anybody; None where Spark's own settings log."""
    home, own = os.environ.get("SPARK_HOME"), os.environ.get("SPARK_CONF_DIR")
    folder = Path(own) if own else Path(home, "conf") if home else None
    if "SPARK_REMOTE" in os.environ or (folder is not None and any(folder.glob("log4j2.*"))):
        yield None
        return
    with TemporaryFile() as said:
        yield said


def _session(said: IO[bytes] | None) -> tuple[Any, bool]:
    """The Spark session, and whether it was started here.

    said: takes what Java says.
    """
    if session := SparkSession.getActiveSession():
        return session, False
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    if java is None and "SPARK_REMOTE" not in os.environ:
        where = f"in JAVA_HOME={home}" if home else "on this machine"
        raise DataError(f"Spark: found no Java {where}, expected Java 17 or newer; install it, or set JAVA_HOME to it")
    # On Ctrl-C its gateway writes a traceback of what it raises anyway.
    logging.getLogger().addFilter(lambda record: record.module != "java_gateway")
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    builder: Any = SparkSession.builder
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        if said is not None and SparkContext._gateway is None:
            conf = SparkConf().setAll(list(_SETTINGS.items()))
            SparkContext(conf=conf, gateway=launch_gateway(conf, {"stderr": said}))  # type: ignore[no-untyped-call]
        return builder.getOrCreate(), True
    except Exception as error:
        cause = shown(_fault_of(said) or _cause(error), 120)
        raise DataError(
            f"Spark: does not start ({cause}); expected a Spark that spark-submit can use, look at spark-defaults.conf "
            "and JAVA_HOME"
        ) from error


def _fault_of(said: IO[bytes] | None) -> str:
    """The first line of what Java said that names a fault; nothing where there is none."""
    if said is None:
        return ""
    lines = os.pread(said.fileno(), _MOST_SAID, 0).decode(errors="replace").splitlines()
    return next((line for line in lines if re.search("Exception|Error|ERROR|Invalid|Unsupported", line)), "")


def _table(session: Any, place: str, *, own: bool) -> EngineTable:
    is_path = "/" in place or os.sep in place
    try:
        frame = session.read.parquet(place) if is_path else session.table(place)
        kinds = dict(frame.dtypes)
    except Exception as error:
        raise _not_there(session, place, error, is_path=is_path) from error
    name = f"Spark {Path(place).name if is_path else place}"
    parts = {column: part for column, kind in kinds.items() if (part := _cell(column, kind)) is not None}
    if not parts:
        raise DataError(f"{name}: found no column that can be counted, expected one row a lead; name another table")
    left_out = {
        column: f"is of type {kind}, which cannot be counted by value"
        for column, kind in kinds.items()
        if column not in parts
    }
    return EngineTable(
        name=name,
        engine="Spark",
        frame=nw.from_native(frame.selectExpr(*parts.values())),
        close=session.stop if own else _nothing,
        cancel=partial(_cancel, session),
        fault=partial(_fault, name),
        left_out=left_out,
        waits=partial(awaited, partial(_cancel, session)),
    )


def _nothing() -> None:
    """The session is somebody else's."""


def _cell(column: str, kind: str) -> str | None:
    """A column as SQL in a type that every query knows; None where it has no such."""
    cell = "`" + column.replace("`", "``") + "`"
    if kind in _AS_THEY_ARE:
        return cell
    if kind.startswith("decimal"):
        return f"CAST({cell} AS DOUBLE) AS {cell}"
    if kind.startswith(("char", "varchar")):
        return f"CAST({cell} AS STRING) AS {cell}"
    return f"array_join({cell}, ';') AS {cell}" if kind == "array<string>" else None


def _cancel(session: Any) -> None:
    """Stop every job of the session."""
    if hasattr(session, "interruptAll") and nw.dependencies.is_pyspark_connect_dataframe(session.range(0)):
        session.interruptAll()
    else:
        session.sparkContext.cancelAllJobs()


def _not_there(session: Any, place: str, error: Exception, *, is_path: bool) -> DataError:
    """Why there is no such table or no such files."""
    if is_path:
        return DataError(
            f"Spark {place}: cannot be read as Parquet ({first_line(error)}); expected a folder or file of leads that "
            "Spark reaches, name one"
        )
    if "TABLE_OR_VIEW_NOT_FOUND" not in str(error):
        return DataError(f"Spark {place}: cannot be opened ({first_line(error)}); expected a table such as crm.leads")
    schema, _, _ = place.rpartition(".")
    try:
        tables = session.catalog.listTables(schema or None)
    except Exception:  # no such schema
        tables = []
    names = [f"{schema}.{item.name}" if schema else item.name for item in tables]
    there = nearest(place, names) if names else f"there is none in {shown(schema or 'the catalog')}"
    return DataError(
        f"Spark: there is no table {shown(place)}; {there} (Parquet files are named with a slash, as in spark:./leads)"
    )


def _cause(error: Exception) -> str:
    """Of a chain of Java errors the last, which is the cause."""
    lines = [line for line in str(error).splitlines() if line.startswith((": ", "Caused by: "))]
    return re.sub(r"^(Caused by)?: [\w.$]+: ", "", lines[-1]) if lines else str(error).split("\n")[0]


def _fault(name: str, error: Exception) -> CalibrateError:
    """What Spark says, as one of our errors."""
    return DataError(
        f"{name}: Spark cannot answer ({shown(_cause(error), 120)}); expected columns that can be counted and "
        "executors that stay; look at Spark's log, or leave the column out with --skip"
    )

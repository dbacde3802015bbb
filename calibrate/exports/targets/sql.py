"""SQL: one SELECT of steps, with a column of points for every rule, in the dialects of eleven engines.

Every step is a CTE over the columns of the one before, with CASE for bounds: LEAST and GREATEST treat NULL differently
from engine to engine. Of the leads' own columns only the key is carried along, so that none of them can be taken for a
step. A set is one text, searched for `;value;`; LIKE would ignore case in some engines. MySQL and SQL
Server compare texts without regard to case unless told, and SQL Server never sees spaces at their end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from calibrate.document.lead_score import used
from calibrate.document.rules import Condition, Has, In, Is, Range, Rule, Rules
from calibrate.errors import DataError, SettingsError, shown
from calibrate.exports.naming import CURE, fields
from calibrate.exports.target import Export, ExportError, Input, Kind, Loss, Options, Run, Sum, Target, band_of, sums

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Sql = exp.Expr
DIALECTS = (
    "duckdb", "sqlite", "postgres", "spark",
    "bigquery", "databricks", "mysql", "redshift", "snowflake", "trino", "tsql",
)  # fmt: skip
_COLLATIONS = {"mysql": "utf8mb4_0900_bin", "tsql": "Latin1_General_100_BIN2"}
# They put the value of a variable in the place of ${name}, in texts too.
_SUBSTITUTING = ("spark", "databricks")
_SETS = "A set is one text such as a;b; one space beside a separator does not count, more do."
_KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean"}
# SQLite reads expressions up to 1,000 deep, and a sum is as deep as it is long.
_MOST_RULES = 900
_LONGEST_NAME = 63
_WITHOUT_ARRAYS = ("sqlite", "mysql", "redshift", "tsql")
_STEPS = ("points", "grouped", "totals", "scored")
_END = "|"


def export(rules: Rules, options: Options) -> Export:
    """A file a dialect; a text that comes back otherwise from being read again is refused."""
    steps = [f"group_{place}" for place, _ in enumerate(rules.groups, start=1)]
    results = [*_points_names(rules).values(), *steps, "gate", "total", "score", "band"]
    taken = [options.key, *results]
    wanted = options.variants or DIALECTS
    by_dialect = {
        dialect: fields(
            rules, options, "sql", clean=_CLEAN.get(dialect, str), allowed=_allowed, same=_same, taken=taken
        )
        for dialect in wanted
    }
    if faults := tuple(_faults(rules, options, wanted, results)):
        raise ExportError(f"sql: {fault}" for fault in faults)
    found = by_dialect[wanted[0]]
    others = {named for dialect in wanted for named in by_dialect[dialect].items() if named not in found.items()}
    return Export(
        files={f"rules.{dialect}.sql": _text(rules, by_dialect[dialect], options, dialect) for dialect in wanted},
        inputs=tuple(_input(rules, name, field, options) for name, field in found.items()),
        losses=(
            Loss("reasons", "approximated", "a column points_... for every rule instead of words"),
            Loss("percentile", "refused", "look it up by score in rules.json"),
            Loss("probability", "refused", "look it up by score in rules.json"),
        ),
        notes=(
            f"The leads are read from the table {shown(options.table)}. Its column {shown(options.key)} comes back "
            "with the points of every rule, the score and the band; --sql-table and --sql-key name others.",
            "A value is missing where it is NULL or blank, a number also where it is NaN. A column of numbers may hold "
            "them as texts, with a decimal point.",
            *(f"In BigQuery {shown(name)} is called {shown(field)}." for name, field in sorted(others)),
            *(() if options.lists else (_SETS,)),
        ),
    )


def run(export: Export, options: Options, leads: Sequence[Mapping[str, Any]]) -> Run | None:
    """Scores and bands by DuckDB; None without a text for it."""
    import duckdb

    text = export.files.get("rules.duckdb.sql")
    if text is None:
        return None
    try:
        with duckdb.connect() as engine:
            return Run("DuckDB", _scored(engine, text.decode(), export.inputs, options, leads))
    except duckdb.Error as error:
        found = str(error).partition("\n")[0]
        raise DataError(
            f"--check: DuckDB could not run rules.duckdb.sql ({found}), expected scores; look at --sql-table, --sql-key"
        ) from error
    except RuntimeError as error:  # how DuckDB tells of Ctrl-C
        raise KeyboardInterrupt from error


def _scored(
    engine: duckdb.DuckDBPyConnection,
    text: str,
    inputs: Sequence[Input],
    options: Options,
    leads: Sequence[Mapping[str, Any]],
) -> list[tuple[int, str | None]]:
    import pyarrow as pa

    columns = [pa.array([lead.get(item.field) for lead in leads], _arrow(item)) for item in inputs]
    rows = pa.table([pa.array(range(len(leads))), *columns], [options.key, *(item.field for item in inputs)])
    table, key = _table(options.table), exp.column(options.key, quoted=True).sql("duckdb")
    if table.catalog and table.catalog != "memory":
        engine.execute(f"ATTACH ':memory:' AS {table.args['catalog'].sql('duckdb')}")
    if table.db:
        place = exp.table_(table.args["db"].copy(), db=table.args.get("catalog")).sql("duckdb")
        engine.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
    engine.register("given leads", rows)
    engine.execute(f'CREATE TABLE {table.sql("duckdb")} AS SELECT * FROM "given leads"')  # noqa: S608
    query = text.rstrip().rstrip(";")
    return engine.execute(f"SELECT score, band FROM ({query}) ORDER BY {key}").fetchall()  # noqa: S608


TARGET = Target(
    name="sql",
    writes="one SELECT, with a column of points a rule",
    proof=(
        "run by DuckDB, SQLite, PostgreSQL and Spark; the text for BigQuery, Databricks, MySQL, Redshift, Snowflake, "
        "Trino and SQL Server is read back by sqlglot and run on DuckDB, not on these engines"
    ),
    export=export,
    variants=DIALECTS,
    run=run,
)


def _text(rules: Rules, found: dict[str, str], options: Options, dialect: str) -> bytes:
    query = _Query(rules, found, options, dialect).select()
    text = query.sql(dialect=dialect, pretty=True, copy=False)
    again = sqlglot.parse_one(text, read=dialect).sql(dialect=dialect, pretty=True, copy=False)
    if again != text:
        what = "found a text that comes back otherwise from being read again, expected the same; choose another dialect"
        raise ExportError([f"sql: {dialect}: {what}"])
    lines = [f"-- The score and band of every lead, and the points of every rule; {dialect}."]
    lines.append(f"-- Reads {shown(options.table)} with the columns {shown(options.key)} and")
    kinds = {"category": "text", "set": "array of texts" if options.lists else "text such as a;b"}
    for name, field in found.items():
        kind = rules.attributes[name].type
        lines.append(f"--   {shown(field)}: {kinds.get(kind, kind)}")
    return "\n".join([*lines, f"{text};\n"]).encode()


class _Query:
    """The steps of the query for one dialect."""

    def __init__(self, rules: Rules, found: dict[str, str], options: Options, dialect: str) -> None:
        self.rules, self.found, self.options, self.dialect = rules, found, options, dialect
        self.names = _points_names(rules)

    def select(self) -> exp.Select:
        steps = ("points", self._points()), ("grouped", self._grouped()), ("totals", self._totals())
        query = exp.select("*", exp.alias_(self._band(), "band")).from_("scored")
        for name, step in (*steps, ("scored", self._scored())):
            query = query.with_(name, as_=step, copy=False)
        return query

    def _points(self) -> exp.Select:
        points = [exp.alias_(self._rule(rule), self.names[rule.id], copy=False) for rule in self.rules.rules]
        gate = exp.case()
        for place, item in enumerate(self.rules.gates, start=1):
            gate = gate.when(self._holds(item.when.condition, item.when.attr), _number(place), copy=False)
        number = gate.else_(_number(0)) if self.rules.gates else _number(0)
        table = _table(self.options.table).as_("leads")
        key = exp.column(self.options.key, table="leads", quoted=True)
        return exp.select(key, *points, exp.alias_(number, "gate", copy=False), copy=False).from_(table, copy=False)

    def _grouped(self) -> exp.Select:
        bounded = [
            exp.alias_(_bounded(self._sum(part), part.low, part.high), f"group_{place}")
            for place, part in enumerate(sums(self.rules))
            if part.name is not None
        ]
        return exp.select("*", *bounded).from_("points")

    def _totals(self) -> exp.Select:
        free, *groups = sums(self.rules)
        parts = [self._sum(free)] if free.rules else []
        parts += [exp.column(f"group_{place}") for place, _ in enumerate(groups, start=1)]
        return exp.select("*", exp.alias_(_added([_number(self.rules.score.base), *parts]), "total")).from_("grouped")

    def _scored(self) -> exp.Select:
        limits = self.rules.score
        score = exp.case()
        for place, gate in enumerate(self.rules.gates, start=1):
            score = score.when(exp.column("gate").eq(place), _number(gate.then.score), copy=False)
        total = _bounded(exp.column("total"), limits.min, limits.max)
        return exp.select("*", exp.alias_(score.else_(total) if self.rules.gates else total, "score")).from_("totals")

    def _band(self) -> Sql:
        band = exp.case()
        for place, gate in enumerate(self.rules.gates, start=1):
            band = band.when(exp.column("gate").eq(place), self._word(band_of(self.rules, gate)), copy=False)
        for item in self.rules.bands[:-1]:
            band = band.when(exp.column("score") >= _number(item.from_ or 0), self._word(item.name), copy=False)
        last = self._word(self.rules.bands[-1].name if self.rules.bands else None)
        return band.else_(last) if band.args.get("ifs") else last

    def _word(self, text: str | None) -> Sql:
        return exp.null() if text is None else self._literal(text)

    def _sum(self, part: Sum) -> Sql:
        return _added([exp.column(self.names[rule.id]) for rule in part.rules] or [_number(0)])

    def _rule(self, rule: Rule) -> Sql:
        cases = exp.case().when(self._is_missing(rule.attr), _number(rule.missing), copy=False)
        for case in rule.cases:
            cases = cases.when(self._holds(case.when, rule.attr), _number(case.points), copy=False)
        return cases.else_(_number(rule.otherwise), copy=False)

    def _column(self, attr: str) -> exp.Column:
        return exp.column(self.found[attr], table="leads", quoted=True)

    def _is_missing(self, attr: str) -> Sql:
        """NULL, a blank text in a column of any type, or NaN, which engines sort above all numbers."""
        kind = self.rules.attributes[attr].type
        null = self._column(attr).is_(exp.null())
        if kind == "boolean" and self.dialect == "redshift":
            return null
        if kind == "set" and self.options.lists:
            return null
        blanks = ("", "NaN", "nan") if kind == "number" else ("",)
        return exp.or_(null, self._is_one_of(exp.cast(self._column(attr), "text"), blanks))

    def _holds(self, condition: Condition, attr: str) -> Sql:
        """The condition as SQL; it is NULL or false for NULL."""
        match condition:
            case In(in_=texts):
                return self._is_one_of(self._column(attr), texts)
            case Is(is_=truth):
                return self._is_true(attr, truth)
            case Has(has=text):
                return self._has(attr, text)
            case Range(ge=ge, lt=lt):
                number = exp.cast(self._column(attr), "double")
                low = [] if ge is None else [number.copy() >= _number(ge)]
                high = [] if lt is None else [number.copy() < _number(lt)]
                return exp.and_(*low, *high)

    def _is_true(self, attr: str, truth: bool) -> Sql:
        """A truth value, or its text or number; Redshift makes no text of one."""
        if self.dialect == "redshift":
            return self._column(attr).eq(exp.true() if truth else exp.false())
        text = exp.Lower(this=exp.cast(self._column(attr), "text"))
        return self._is_one_of(text, ("true", "1") if truth else ("false", "0"))

    def _is_one_of(self, value: Sql, texts: tuple[str, ...]) -> Sql:
        if self.dialect == "tsql":
            value, texts = _concat(value, exp.Literal.string(_END)), tuple(text + _END for text in texts)
        value = self._exact(value)
        literals = [self._literal(text) for text in texts]
        return value.eq(literals[0]) if len(literals) == 1 else value.isin(*literals, copy=False)

    def _has(self, attr: str, text: str) -> Sql:
        if self.options.lists:
            return exp.ArrayContains(this=self._column(attr), expression=self._literal(text))
        mark = _separator(self.rules, attr)
        members: Sql = exp.Trim(this=self._column(attr))
        for spaced in (f"{mark} ", f" {mark}"):
            texts = {"expression": exp.Literal.string(spaced), "replacement": exp.Literal.string(mark)}
            members = exp.Replace(this=members, **texts)
        within = _concat(exp.Literal.string(mark), members, exp.Literal.string(mark))
        place = exp.StrPosition(this=self._exact(within), substr=self._literal(f"{mark}{text}{mark}"))
        return place > _number(0)

    def _exact(self, value: Sql) -> Sql:
        name = _COLLATIONS.get(self.dialect)
        return exp.Collate(this=value, expression=exp.var(name)) if name else value

    def _literal(self, text: str) -> Sql:
        if self.dialect in _SUBSTITUTING and "${" in text:
            parts = text.replace("${", "$\0{").split("\0")
            return _concat(*map(exp.Literal.string, parts))
        return exp.National(this=text) if self.dialect == "tsql" else exp.Literal.string(text)


def _concat(*parts: Sql) -> Sql:
    return exp.Concat(expressions=list(parts), safe=False, coalesce=False)


def _number(value: float) -> Sql:
    text = repr(abs(value))
    literal = exp.Literal.number(text)
    return exp.Neg(this=literal) if value < 0 else literal


def _added(parts: Iterable[Sql]) -> Sql:
    return reduce(lambda left, right: exp.Add(this=left, expression=right), parts)


def _bounded(value: Sql, low: int | None, high: int | None) -> Sql:
    """A value within two bounds, by CASE."""
    case = exp.case()
    if high is not None:
        case = case.when(value.copy() > _number(high), _number(high), copy=False)
    if low is not None:
        case = case.when(value.copy() < _number(low), _number(low), copy=False)
    return value if low is None and high is None else case.else_(value)


def _points_names(rules: Rules) -> dict[str, str]:
    """The column of every rule, by its id; numbered where an id is too long to be a name."""
    longest = _LONGEST_NAME - len("points_")
    return {
        rule.id: f"points_{rule.id if len(rule.id) <= longest else place}" for place, rule in enumerate(rules.rules)
    }


def _table(name: str) -> exp.Table:
    try:
        table = exp.to_table(name)
    except SqlglotError:
        table = exp.Table()
    if table.comments or not isinstance(table.this, exp.Identifier):
        raise SettingsError(
            f"--sql-table: found {shown(name)}, expected the name of a table such as crm.leads; correct it"
        )
    return table


def _separator(rules: Rules, attr: str) -> str:
    return rules.attributes[attr].separator or ";"


def _input(rules: Rules, name: str, field: str, options: Options) -> Input:
    kind = rules.attributes[name].type
    if kind == "set":
        return Input(name, field, "list" if options.lists else "delimited", _separator(rules, name))
    return Input(name, field, _KINDS.get(kind, "text"))


def _bigquery(name: str) -> str:
    """A name as BigQuery's loader would make it: without the marks that it refuses in one."""
    return re.sub(r'[!"$()*,./;?@\[\\\]^`{}~]', "_", name)


_CLEAN = {"bigquery": _bigquery}


def _arrow(given: Input) -> pa.DataType:
    import pyarrow as pa

    kinds = {"number": pa.float64(), "boolean": pa.bool_(), "list": pa.list_(pa.string())}
    return kinds.get(given.kind, pa.string())


def _allowed(field: str) -> bool:
    return bool(field) and "\0" not in field


def _same(name: str) -> str:
    """Engines pass over the case of names, and PostgreSQL over what comes after 63 bytes."""
    return name.lower().encode()[:_LONGEST_NAME].decode(errors="replace")


def _faults(rules: Rules, options: Options, wanted: Sequence[str], results: Sequence[str]) -> Iterator[str]:
    if len(rules.rules) > _MOST_RULES:
        yield f"rules: found {len(rules.rules)}, expected at most {_MOST_RULES}; SQLite cannot add up more"
    if options.lists and (without := [name for name in wanted if name in _WITHOUT_ARRAYS]):
        found = f"--sql-lists: found {', '.join(without)}, which have no arrays, expected dialects with them"
        yield f"{found}; name those, such as --to sql:duckdb"
    if not _allowed(options.key) or _same(options.key) in map(_same, results):
        yield f"--sql-key: found {shown(options.key)}, expected the name of a column that is no result; name another"
    table = _table(options.table)
    if not table.db and _same(table.name) in _STEPS:
        yield f"--sql-table: found {shown(options.table)}, the name of a step, expected another; write its schema too"
    for name in used(rules):
        if "${" in options.fields.get(name, name) and set(wanted) & set(_SUBSTITUTING):
            yield f"attribute {shown(name)}: found ${{ in its name, which Spark replaces, expected none; {CURE}"
    for place, rule in enumerate(rules.rules):
        for number, case in enumerate(rule.cases):
            where = f"rules[{place}].cases[{number}].when"
            texts = case.when.in_ if isinstance(case.when, In) else ()
            if isinstance(case.when, Has):
                texts = (case.when.has,)
                mark = _separator(rules, rule.attr)
                if not options.lists and mark in case.when.has:
                    found = f"found {shown(case.when.has)}, expected a value without {shown(mark)}, which parts values"
                    yield f"{where}: {found}; use --sql-lists"
            for text in texts:
                if "\0" in text:
                    yield f"{where}: found a NUL in {shown(text)}, expected none; correct it"

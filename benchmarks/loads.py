"""What other libraries take for a part of the work: python benchmarks/loads.py [--rows N ...] [--optbinning PYTHON].

In turns with the touch scan and the whole run of `scale.py`, on the same files, measured the same way. Nothing is
tuned but what is needed to get through: each line is what the library's own pages would have an analyst write.
--optbinning names the Python of an environment with `peers/optbinning.txt`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scale import DATE, HERE, MEGA, measure

NOT_ATTRIBUTES = ("lead_id", DATE, "won")


def pandas_read(file: str, _: str) -> None:
    """The table in memory."""
    import pandas as pd

    pd.read_parquet(file)


def pandas_counts(file: str, _: str) -> None:
    """Leads and conversions of every value; numbers in ten bins of equally many leads."""
    import pandas as pd

    table = pd.read_parquet(file)
    for name in table.columns.difference(NOT_ATTRIBUTES):
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            column = pd.qcut(column, 10, duplicates="drop")
        table["won"].groupby(column, dropna=False, observed=True).agg(["size", "sum"])


def polars_counts(file: str, _: str) -> None:
    """The same as a lazy query of the streaming engine; numbers in ten bins between quantiles of a first query."""
    import polars as pl

    table = pl.scan_parquet(file)
    kinds = {name: kind for name, kind in table.collect_schema().items() if name not in NOT_ATTRIBUTES}
    numbers = [name for name, kind in kinds.items() if kind.is_numeric()]
    tenths = [part / 10 for part in range(1, 10)]
    asked = [pl.col(name).quantile(tenth).alias(f"{name} {tenth}") for name in numbers for tenth in tenths]
    edges = table.select(asked).collect(engine="streaming").row(0, named=True)
    keys = {name: pl.col(name) for name in kinds}
    for name in numbers:
        cuts = sorted({edges[f"{name} {tenth}"] for tenth in tenths})
        keys[name] = pl.col(name).bin_intervals(cuts, labels=False).alias(name)
    counts = [table.group_by(key).agg(pl.len(), pl.col("won").sum().alias("conversions")) for key in keys.values()]
    pl.collect_all(counts, engine="streaming")


def sklearn_fit(file: str, _: str) -> None:
    """A logistic model of all attributes, one column a value; numbers in ten bins of equally many leads."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    table = pd.read_parquet(file)
    attributes = table.drop(columns=list(NOT_ATTRIBUTES))
    for name in attributes.columns:
        if pd.api.types.is_numeric_dtype(attributes[name]):
            attributes[name] = pd.qcut(attributes[name], 10, duplicates="drop", labels=False)
    matrix = OneHotEncoder().fit_transform(attributes)
    LogisticRegression(max_iter=1000).fit(matrix, table["won"])


def optbinning_card(file: str, _: str) -> None:
    """Its scorecard: optimal bins of every attribute, weights of evidence, a logistic model, points."""
    import pandas as pd
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    table = pd.read_parquet(file)
    attributes = table.drop(columns=list(NOT_ATTRIBUTES))
    texts = [name for name in attributes if not pd.api.types.is_numeric_dtype(attributes[name])]
    bins = BinningProcess(list(attributes.columns), categorical_variables=texts)
    Scorecard(bins, LogisticRegression(max_iter=1000), scaling_method="pdo_odds", scaling_method_params={
        "pdo": 20, "odds": 50, "scorecard_points": 600,
    }).fit(attributes, table["won"].astype(int), metric_missing="empirical")  # fmt: skip


STEPS: dict[str, Callable[[str, str], None]] = {
    "pandas, read": pandas_read,
    "pandas, counts": pandas_counts,
    "polars, counts": polars_counts,
    "scikit-learn, fit": sklearn_fit,
    "optbinning, card": optbinning_card,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[MEGA, 10 * MEGA])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "calibrate-scale")
    parser.add_argument("--optbinning", metavar="PYTHON")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FILE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step, file, folder = given.step
        STEPS[step](file, folder)
        return
    others = {step: (given.optbinning if "optbinning" in step else sys.executable, HERE / "loads.py") for step in STEPS}
    given.data.mkdir(parents=True, exist_ok=True)
    for rows in given.rows:
        chosen = {step: how for step, how in others.items() if how[0]}
        print(measure(rows, given.data.resolve(), given.repeat, ["touch", "run"], chosen), end="\n\n", flush=True)


if __name__ == "__main__":
    main()

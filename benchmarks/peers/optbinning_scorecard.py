"""optbinning's Scorecard: optimal bins, weights of evidence, logistic regression, rounded points.

Its defaults, but the history's own evidence for missing values, which it otherwise takes for neutral.
"""

from __future__ import annotations

import numpy as np
from frames import DOUBLING, Leads
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression

read = Leads


def fit(leads: Leads, _: str):
    table = leads.attributes
    card = Scorecard(
        BinningProcess(list(table.columns), categorical_variables=leads.texts),
        LogisticRegression(max_iter=1000),
        scaling_method="pdo_odds",
        scaling_method_params={"pdo": DOUBLING, "odds": 50, "scorecard_points": 600},
        rounding=True,
    )
    card.fit(table, leads.converted, metric_missing="empirical")
    rows = card.table()
    used = int(np.count_nonzero(rows["Bin"].astype(str) != "Special"))
    return lambda other: -card.score(other.attributes), used

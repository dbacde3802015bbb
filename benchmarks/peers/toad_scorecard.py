"""toad's ScoreCard: chi-merged bins, weights of evidence, logistic regression; its defaults.

Missing numbers have a bin of their own. The points of each bin are rounded here: the library keeps decimals.
"""

from __future__ import annotations

import numpy as np
import toad
from frames import DOUBLING, Leads
from toad.transform import Combiner, WOETransformer

read = Leads


def fit(leads: Leads, _: str):
    table = leads.filled()
    combiner, evidence = Combiner(), WOETransformer()
    combiner.fit(table, leads.converted, method="chi", empty_separate=True)
    weights = evidence.fit_transform(combiner.transform(table), leads.converted)
    card = toad.ScoreCard(combiner=combiner, transer=evidence, pdo=DOUBLING, max_iter=1000)
    card.fit(weights, leads.converted)
    for rule in card.rules.values():
        rule["scores"] = np.round(rule["scores"])
    rows = sum(len(rule["scores"]) for rule in card.rules.values())
    return lambda other: -card.predict(other.filled()), rows

"""toad's ScoreCard: chi-merged bins, weights of evidence, logistic regression; its defaults, but for two.

A bin holds at least 5 % of the leads, as in its guide, which ranks better than its ten bins, and missing numbers have a
bin of their own. The points of each bin are rounded here: the library keeps decimals.
"""

from __future__ import annotations

import numpy as np
import toad
from frames import DOUBLING, Leads
from toad.transform import Combiner, WOETransformer

read = Leads


def fit(leads: Leads, _: str):
    table = leads.attributes
    combiner, evidence = Combiner(), WOETransformer()
    combiner.fit(table, leads.converted, method="chi", min_samples=0.05, empty_separate=True)
    weights = evidence.fit_transform(combiner.transform(table), leads.converted)
    card = toad.ScoreCard(combiner=combiner, transer=evidence, pdo=DOUBLING, max_iter=1000)
    card.fit(weights, leads.converted)
    for rule in card.rules.values():
        rule["scores"] = np.round(rule["scores"])
    rows = sum(len(rule["scores"]) for rule in card.rules.values())
    return lambda other: -card.predict(other.attributes), rows

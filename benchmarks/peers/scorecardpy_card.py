"""scorecardpy: tree bins, weights of evidence, logistic regression, rounded points; its defaults."""

from __future__ import annotations

import scorecardpy
from frames import DOUBLING, Leads
from sklearn.linear_model import LogisticRegression

read = Leads


def fit(leads: Leads, _: str):
    table = leads.filled().assign(converted=leads.converted)
    bins = scorecardpy.woebin(table, y="converted", no_cores=1, print_info=False, check_cate_num=False)
    evidence = scorecardpy.woebin_ply(table, bins, no_cores=1, print_info=False)
    names = [name for name in evidence.columns if name.endswith("_woe")]
    model = LogisticRegression(max_iter=1000).fit(evidence[names], leads.converted)
    card = scorecardpy.scorecard(bins, model, names, pdo=DOUBLING)
    rows = sum(len(part) for name, part in card.items() if name != "basepoints")

    def score(other: Leads):
        # Lower is likelier to convert: its card is made for lenders, who fear the event.
        return -scorecardpy.scorecard_ply(other.filled(), card, print_step=0)["score"]

    return score, rows

"""scikit-learn's logistic regression on a column for each value and each tenth of a number, rounded to points.

No sign or shape is asked of the weights, and nothing is merged: what such points can reach where there are many leads.
The option is C, how weakly the weights are held to 0; scikit-learn's default is 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from frames import FACTOR, Leads
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

read = Leads
TENTHS = np.linspace(0, 1, 11)[1:-1]


def binned(leads: Leads, edges: dict[str, np.ndarray]) -> pd.DataFrame:
    """Texts as they are, numbers as the place of their tenth, -1 where missing."""
    table = leads.filled()
    for name, at in edges.items():
        numbers = table[name].to_numpy()
        table[name] = np.where(np.isnan(numbers), -1, np.searchsorted(at, numbers, side="right"))
    return table


def fit(leads: Leads, option: str):
    table = leads.attributes
    edges = {name: np.unique(np.nanquantile(table[name], TENTHS)) for name in table.columns.difference(leads.texts)}
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns: sparse.csr_matrix = encoder.fit_transform(binned(leads, edges))
    model = LogisticRegression(C=float(option), max_iter=1000).fit(columns, leads.converted)
    points = np.round(FACTOR * model.coef_[0])
    return lambda other: encoder.transform(binned(other, edges)) @ points, len(points)

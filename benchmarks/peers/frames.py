"""The leads as the peers take them: a pandas table in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Points for a log-odds: 20 points double the odds, the scale that the scorecard libraries share.
DOUBLING = 20
FACTOR = DOUBLING / np.log(2)


class Leads:
    """attributes: a column each, texts as objects.  converted: 0 or 1.  texts: the columns that are categories."""

    def __init__(self, path: str) -> None:
        table = pd.read_parquet(path)
        self.converted = table.pop("converted").astype(int)
        self.texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
        self.attributes = table.astype(dict.fromkeys(self.texts, object))

    def filled(self) -> pd.DataFrame:
        """The attributes with `(missing)` for a text that is not there."""
        return self.attributes.fillna(dict.fromkeys(self.texts, "(missing)"))

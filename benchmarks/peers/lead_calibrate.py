"""This toolkit: a whole run from the file; the option is the column of points that the rules carry."""

from __future__ import annotations

import numpy as np

from calibrate.calibration import run
from calibrate.document.scoring import TableScorer
from calibrate.reading.source import open_source
from calibrate.settings import settings_from

read = str


def fit(path: str, option: str):
    settings = settings_from({"outcome": {"column": "converted", "won": ["true"]}, "points": {"column": option}})
    result = run(path, settings)
    scorer = TableScorer(result.rules, reasons=0)

    def score(other: str) -> np.ndarray:
        with open_source(other) as source:
            return np.concatenate(
                [scorer.score(batch).score.to_numpy() for batch in source.batches(list(result.rules.attributes))]
            )

    return score, sum(len(attribute.levels) for attribute in result.attributes)

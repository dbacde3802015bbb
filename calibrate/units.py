"""What one point is worth: the coarsest unit whose rounding does not cost the ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibrate.code_scores import code_scorer
from calibrate.codes import CodeStore
from calibrate.levels import Cells, Ints
from calibrate.ranking import ScoreCounts, area_under_curve
from calibrate.remarks import Remark
from calibrate.scorecard import learn_scorecard
from calibrate.settings import UNITS, Settings

MOST_LOSS = 0.005
_LOOK = 100_000


def fitting_unit(
    store: CodeStore, cells: Sequence[Cells], totals: Sequence[tuple[Ints, Ints]], settings: Settings
) -> tuple[float, Remark | None]:
    """Percentage points a point should be worth, and what to tell of it.

    1 unless whole percentage points lose more than MOST_LOSS of the AUC of points a hundred times finer; then the
    coarsest unit that does not. A unit that was asked for stays, and so does 1 where a person set caps, which are
    in points. The AUCs compare roundings of one set of lifts on the same leads; none of them is a performance.
    """
    asked = settings.points.unit
    if asked is not None:
        return asked, None
    rows = np.arange(0, store.leads, max(1, store.leads // _LOOK), dtype=np.intp)

    def ranked(unit: float) -> float:
        chosen = settings.model_copy(update={"points": settings.points.model_copy(update={"unit": unit})})
        card = learn_scorecard(cells, totals, chosen.points)
        scores = code_scorer(card, chosen.points.column, store, chosen).scores(store, rows)
        area = area_under_curve(ScoreCounts.from_arrays(scores, store.won[rows]))
        return area.auc if area else 0.5

    finest = ranked(UNITS[-1])
    loss = finest - ranked(1)
    if loss <= MOST_LOSS:
        return 1, None
    unit = next(unit for unit in UNITS[1:] if unit == UNITS[-1] or finest - ranked(unit) <= MOST_LOSS)
    why = f"whole percentage points would cost {100 * loss:.1f} of 100 won-lost pairs their order"
    if any(group.max is not None or group.min is not None for group in settings.groups.values()):
        return 1, Remark("note", f"At this overall rate {why}: --unit {unit} is finer; then set the caps anew.")
    return unit, Remark("note", f"One point is worth {unit} percentage points here: {why}. --unit 1 forces whole ones.")

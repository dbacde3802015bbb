"""What a rules document says of its scores, measured again after its points changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibrate.document.chances import chances
from calibrate.document.rules import Reference, Rules, ScoreBand
from calibrate.document.worked import worked_leads
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import score_counts
from calibrate.statistics.probability import score_to_probability
from calibrate.statistics.ranking import ScoreCounts


def measured(rules: Rules, combinations: Combinations | None) -> Rules:
    """The document with reference, shares and rates of bands, chances and worked leads of its points as they are.

    Without counted leads what history said of the old scores is left out. Rates and chances are then of the leads that
    made the points, no longer of leads held out: `measured_on` says so.
    """
    parts = _left_out(rules) if combinations is None else _counted(rules, combinations)
    found = rules.model_copy(update=parts)
    return found.model_copy(update={"tests": worked_leads(found)})


def measured_on(combinations: Combinations | None) -> str:
    """What the figures of a changed document stand on, a sentence or two."""
    if combinations is None:
        return "Percentiles, chances and the leads in bands are left out: no counted leads were at hand."
    said = (
        f"Percentiles, chances and bands were counted again on the {combinations.total_leads:,} leads of the history, "
        "which made the points as well."
    )
    hidden = f" {100 * combinations.hidden:.1f} % of what the rules say of them was hidden to join rare combinations."
    return said + (hidden if combinations.hidden else "")


def _left_out(rules: Rules) -> dict[str, object]:
    bare = tuple(band.model_copy(update={"leads_share": None, "rate": None}) for band in rules.bands)
    return {"reference": None, "probability": None, "bands": bare}


def _counted(rules: Rules, combinations: Combinations) -> dict[str, object]:
    counts = score_counts(rules, combinations)
    curve = score_to_probability(counts)
    of_leads = f"{counts.total_leads:,} counted leads"
    same = rules.reference is not None and rules.reference.leads == counts.total_leads
    return {
        "reference": Reference(
            population=rules.reference.population if rules.reference and same else of_leads,
            leads=counts.total_leads,
            scores=counts.scores,
            counts=counts.leads,
        ),
        "probability": curve
        and chances(curve, counts.scores[0], counts.scores[-1], f"{of_leads}, which made the points"),
        "bands": _bands(rules.bands, counts),
    }


def _bands(bands: Sequence[ScoreBand], counts: ScoreCounts) -> tuple[ScoreBand, ...]:
    """The bands with the leads whose scores lie in them."""
    starts = [-math.inf if band.from_ is None else band.from_ for band in bands]
    found = []
    for band, low, high in zip(bands, starts, [math.inf, *starts], strict=False):
        inside = [place for place, score in enumerate(counts.scores) if low <= score < high]
        leads, won = (sum(part[place] for place in inside) for part in (counts.leads, counts.conversions))
        share, rate = round(leads / counts.total_leads, 6), round(won / leads, 6) if leads else None
        found.append(band.model_copy(update={"leads_share": share, "rate": rate}))
    return tuple(found)

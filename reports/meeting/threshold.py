"""The score from which leads are handed over, and why that one."""

from __future__ import annotations

from calibrate.document.rules import Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import score_counts, tenths
from calibrate.words.language import Language
from reports.wording.numbers import plain


def proposed_threshold(rules: Rules, combinations: Combinations) -> int:
    """The score from which leads are handed over; of a document that does not say, the best tenth."""
    if rules.handover_score is not None:
        return rules.handover_score
    best = tenths(rules, combinations)
    return best[0].score_from if best else rules.score.base


def threshold_reason(rules: Rules, combinations: Combinations, say: Language) -> str:
    """Why leads are handed over from there: a meeting said so, the best band begins there, or it is the best tenth."""
    if rules.threshold is not None:
        days = [decision.decided_on for decision in rules.changelog or () if decision.threshold]
        told = [say("meeting.threshold_decided_on", day=say.day(days[-1]))] if days else []
        told += [plain(rules.threshold.reason)] if rules.threshold.reason else []
        return ": ".join(told) or say("meeting.threshold_decided")
    counts, start = score_counts(rules, combinations), proposed_threshold(rules, combinations)
    pairs = zip(counts.scores, counts.leads, strict=True)
    handed = sum(leads for score, leads in pairs if score >= start) / counts.total_leads if counts.total_leads else 0.0
    share = say.percent(handed)
    if rules.handover_score is None:
        return say("meeting.threshold_tenth", share=share)
    return say("meeting.threshold_band", band=plain(rules.bands[0].name), share=share)

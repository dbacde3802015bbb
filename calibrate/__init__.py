"""Lead-scoring points from past deals, with the evidence for every point.

>>> import calibrate as cal
>>> cal.lift_points(40, 100, 150, 1000)  # 40 % against 15 % overall
25
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from calibrate.api import apply, calibrate, check, compare, export, inspect, load_counts, score_counts, score_table
    from calibrate.calibration import Calibration
    from calibrate.document.lead_score import LeadScore
    from calibrate.document.rules import Rules
    from calibrate.document.rules_file import load_rules, save_rules
    from calibrate.document.scored import score_file
    from calibrate.document.scoring import score_lead
    from calibrate.errors import CalibrateError, DataError, RulesError, SettingsError
    from calibrate.exports.exporting import export_rules
    from calibrate.exports.target import ExportError
    from calibrate.imports.importing import import_rules
    from calibrate.inspecting import Inspection
    from calibrate.meeting.changes import Changes, changes_to
    from calibrate.meeting.checking import Check
    from calibrate.meeting.combinations import Combinations
    from calibrate.meeting.comparing import Comparison
    from calibrate.meeting.edited import with_points
    from calibrate.meeting.figures import Difference, Figures, difference, figures
    from calibrate.sample import sample_file
    from calibrate.settings import Settings, load_settings
    from calibrate.showing import meeting_page, report, save_run
    from calibrate.statistics.points import lift_points
    from calibrate.statistics.rates import conversion_rate

_HOMES = {
    "CalibrateError": "errors",
    "Calibration": "calibration",
    "Changes": "meeting.changes",
    "Check": "meeting.checking",
    "Combinations": "meeting.combinations",
    "Comparison": "meeting.comparing",
    "DataError": "errors",
    "Difference": "meeting.figures",
    "ExportError": "exports.target",
    "Figures": "meeting.figures",
    "Inspection": "inspecting",
    "LeadScore": "document.lead_score",
    "Rules": "document.rules",
    "RulesError": "errors",
    "Settings": "settings",
    "SettingsError": "errors",
    "apply": "api",
    "calibrate": "api",
    "changes_to": "meeting.changes",
    "check": "api",
    "compare": "api",
    "conversion_rate": "statistics.rates",
    "difference": "meeting.figures",
    "export": "api",
    "export_rules": "exports.exporting",
    "figures": "meeting.figures",
    "import_rules": "imports.importing",
    "inspect": "api",
    "lift_points": "statistics.points",
    "load_counts": "api",
    "load_rules": "document.rules_file",
    "load_settings": "settings",
    "meeting_page": "showing",
    "report": "showing",
    "sample_file": "sample",
    "save_rules": "document.rules_file",
    "save_run": "showing",
    "score_counts": "api",
    "score_file": "document.scored",
    "score_lead": "document.scoring",
    "score_table": "api",
    "with_points": "meeting.edited",
}

__version__ = "0.1.0"
__all__ = [
    "CalibrateError",
    "Calibration",
    "Changes",
    "Check",
    "Combinations",
    "Comparison",
    "DataError",
    "Difference",
    "ExportError",
    "Figures",
    "Inspection",
    "LeadScore",
    "Rules",
    "RulesError",
    "Settings",
    "SettingsError",
    "apply",
    "calibrate",
    "changes_to",
    "check",
    "compare",
    "conversion_rate",
    "difference",
    "export",
    "export_rules",
    "figures",
    "import_rules",
    "inspect",
    "lift_points",
    "load_counts",
    "load_rules",
    "load_settings",
    "meeting_page",
    "report",
    "sample_file",
    "save_rules",
    "save_run",
    "score_counts",
    "score_file",
    "score_lead",
    "score_table",
    "with_points",
]


def __getattr__(name: str) -> typing.Any:
    """The public names, each from its module when it is first asked for: `--help` must not wait for pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module 'calibrate' has no attribute {name!r}")
    return getattr(importlib.import_module(f"calibrate.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

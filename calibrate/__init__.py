"""Lead-scoring points from past deals, with the evidence for every point.

>>> import calibrate as cal
>>> cal.lift_points(40, 100, 150, 1000)  # 40 % against 15 % overall
25
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from calibrate.api import calibrate, inspect
    from calibrate.calibration import Calibration
    from calibrate.document.rules import Rules
    from calibrate.document.rules_file import load_rules, save_rules
    from calibrate.document.scored import score_file
    from calibrate.document.scoring import score_lead, score_table
    from calibrate.errors import CalibrateError, DataError, RulesError, SettingsError
    from calibrate.exports.exporting import export_rules
    from calibrate.exports.target import ExportError
    from calibrate.settings import Settings, load_settings
    from calibrate.statistics.points import lift_points
    from calibrate.statistics.rates import conversion_rate

_HOMES = {
    "CalibrateError": "errors",
    "Calibration": "calibration",
    "DataError": "errors",
    "ExportError": "exports.target",
    "Rules": "document.rules",
    "RulesError": "errors",
    "Settings": "settings",
    "SettingsError": "errors",
    "calibrate": "api",
    "conversion_rate": "statistics.rates",
    "export_rules": "exports.exporting",
    "inspect": "api",
    "lift_points": "statistics.points",
    "load_rules": "document.rules_file",
    "load_settings": "settings",
    "save_rules": "document.rules_file",
    "score_file": "document.scored",
    "score_lead": "document.scoring",
    "score_table": "document.scoring",
}

__version__ = "0.1.0"
__all__ = [
    "CalibrateError",
    "Calibration",
    "DataError",
    "ExportError",
    "Rules",
    "RulesError",
    "Settings",
    "SettingsError",
    "calibrate",
    "conversion_rate",
    "export_rules",
    "inspect",
    "lift_points",
    "load_rules",
    "load_settings",
    "save_rules",
    "score_file",
    "score_lead",
    "score_table",
]


def __getattr__(name: str) -> typing.Any:
    """The public names, each from its module when it is first asked for: `--help` must not wait for pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module 'calibrate' has no attribute {name!r}")
    return getattr(importlib.import_module(f"calibrate.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

"""Rules for other scoring engines: one file a target in targets/, and what each of them keeps and loses.

>>> from calibrate.exports import targets
>>> "sql" in targets()
True
"""

from calibrate.exports.check import CheckLeads
from calibrate.exports.exporting import export_rules, targets, write_exports
from calibrate.exports.fidelity import Fidelity
from calibrate.exports.target import ExportError, Options

__all__ = ["CheckLeads", "ExportError", "Fidelity", "Options", "export_rules", "targets", "write_exports"]

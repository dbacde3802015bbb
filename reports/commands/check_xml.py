"""A check of rules as a report of tests, as build servers read it.

What is to act on fails, what is to look at speaks, what was not asked is skipped.
"""

from __future__ import annotations

from lxml import etree

from calibrate.meeting.checking import Check
from calibrate.meeting.grades import Finding, NotChecked
from reports.commands.check import GRADE_WORDS, sentence, why_not
from reports.wording.numbers import plain


def check_xml(check: Check) -> bytes:
    """The report in the form of JUnit, UTF-8; without times, so that the same check gives the same bytes."""
    items: list[Finding | NotChecked] = [*check.findings, *check.not_checked]
    suite = etree.Element(
        "testsuite",
        name=plain(f"{check.id} version {check.version} on {check.file.name}"),
        tests=str(len(items)),
        failures=str(len(check.of_grade("act"))),
        errors="0",
        skipped=str(len(check.not_checked)),
    )
    for item in items:
        case = etree.SubElement(suite, "testcase", classname=item.kind, name=plain(item.subject or item.kind))
        if isinstance(item, NotChecked):
            etree.SubElement(case, "skipped", message=why_not(item))
        elif item.grade == "act":
            etree.SubElement(case, "failure", type=item.grade, message=plain(sentence(item)))
        else:
            etree.SubElement(case, "system-out").text = plain(f"{GRADE_WORDS[item.grade]}: {sentence(item)}")
    root = etree.Element("testsuites")
    root.append(suite)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)

"""The formulas of one lead, for Excel 2010 and later, LibreOffice and whatever else reads .xlsx.

Texts are compared with EXACT and FIND: `=`, MATCH, COUNTIF and VLOOKUP ignore case, and take `*`, `?` and `~` for
wildcards. No text stands in a formula, which holds 255 characters of it: formulas read them from cells.
"""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.document.rules import Is, Rule
from calibrate.exports.sheets.cells import at, span
from calibrate.exports.sheets.rule_lines import FROM, IS, POINTS, SHEET, Block

CHAIN = 40
"""Conditions that stand as a chain of IF, which is plain to read; Excel nests 64 deep, so more are looked up."""


def rule_points(kind: str, rule: Rule, block: Block, cell: str, tidy: tuple[str, str] = ("", "")) -> str:
    """The expression for the points of a rule; an error where the cell does not hold what it must.

    tidy: for a set, the cell of its tidy form and that of its separator.
    """
    if kind == "set":
        return f'IF({tidy[0]}="",{_points(block.missing)},{_matched(block, *tidy)})'
    if kind == "number":
        given = _ranged(block, cell)
    elif kind == "boolean":
        given = _truth(rule, block, cell)
    else:
        given = _equal(block, cell)
    return f'IF({cell}="",{_points(block.missing)},{given})'


def gate_holds(kind: str, block: Block, cell: str) -> str:
    """The expression for whether a gate is true, 1 or 0."""
    if kind == "boolean":
        is_ = at(SHEET, IS, block.first)
        return f'IF({cell}="",0,{_as_truth(cell, f"IF({is_}=TRUE,1,0)", f"IF({is_}=FALSE,1,0)")})'
    if len(block.rows) > CHAIN:
        held = f"IF(SUMPRODUCT(--EXACT({cell},{span(SHEET, IS, block.first, block.last)}))>0,1,0)"
        return _of_arrays(held, block)
    tests = ",".join(f"EXACT({cell},{at(SHEET, IS, row)})" for row in block.rows)
    return f"IF(OR({tests}),1,0)"


def named_times(cell: str, blocks: Sequence[Block]) -> str:
    """The expression for how many lines of the blocks hold the text of a cell."""
    return "+".join(f"SUMPRODUCT(--EXACT({cell},{span(SHEET, IS, block.first, block.last)}))" for block in blocks)


def tidy_set(cell: str, separator: str) -> str:
    """The expression for a set with a separator before and after every value, and no space beside one.

    One space on either side of a separator is taken away; more than that is an error, which is seen. LibreOffice reads
    the tab of a cell with several lines as character 1.
    """
    ends = f"{separator}&SUBSTITUTE({cell},CHAR(1),CHAR(9))&{separator}"
    left = f'SUBSTITUTE({ends},{separator}&" ",{separator})'
    both = f'SUBSTITUTE({left}," "&{separator},{separator})'
    spaced = ",".join(f"ISNUMBER(FIND({pair},{both}))" for pair in (f'{separator}&" "', f'" "&{separator}'))
    return f'IF({cell}="","",IF(OR({spaced}),NA(),{both}))'


def bounded(total: str, bounds: tuple[str, str]) -> str:
    """The expression for a sum within the bounds of two cells; MIN and MAX pass over an empty one."""
    return f"MAX({bounds[0]},MIN({bounds[1]},{total}))"


def _points(row: int) -> str:
    return at(SHEET, POINTS, row)


def _chain(tests: Sequence[str], block: Block) -> str:
    """The points of the first test that is true."""
    pairs = "".join(f"IF({test},{_points(row)}," for row, test in zip(block.rows, tests, strict=True))
    return pairs + _points(block.otherwise) + ")" * len(tests)


def _looked_up(tests: str, block: Block) -> str:
    """The points of the first line for which an array of tests is true, else those of `other`, the line after them.

    The first of them is furthest above `other`.
    """
    points = span(SHEET, POINTS, block.first, block.otherwise)
    above = f"ROW({_points(block.otherwise)})-ROW({span(SHEET, IS, block.first, block.last)})"
    return _of_arrays(f"INDEX({points},ROWS({points})-SUMPRODUCT(MAX({tests}*({above}))))", block)


def _of_arrays(expression: str, block: Block) -> str:
    """The expression; an error where a program computes no arrays, and would find no line, as 2 * 1 + 1 * 1 tells."""
    two = span(SHEET, IS, block.first, block.first + 1)
    above = f"ROW({at(SHEET, IS, block.first + 2)})-ROW({two})"
    return f"IF(SUMPRODUCT(EXACT({two},{two})*ISNUMBER(FIND({two},{two}))*({above}))=3,{expression},NA())"


def _equal(block: Block, cell: str) -> str:
    if len(block.rows) > CHAIN:
        return _looked_up(f"EXACT({cell},{span(SHEET, IS, block.first, block.last)})", block)
    return _chain([f"EXACT({cell},{at(SHEET, IS, row)})" for row in block.rows], block)


def _matched(block: Block, tidy: str, separator: str) -> str:
    def test(value: str) -> str:
        return f"ISNUMBER(FIND({separator}&{value}&{separator},{tidy}))"

    if len(block.rows) > CHAIN:
        return _looked_up(test(span(SHEET, IS, block.first, block.last)), block)
    return _chain([test(at(SHEET, IS, row)) for row in block.rows], block)


def _ranged(block: Block, cell: str) -> str:
    found = _points(block.otherwise)
    if block.rows:
        starts, points = (span(SHEET, FROM, block.first + 1, block.last), span(SHEET, POINTS, block.first, block.last))
        found = f"INDEX({points},1+SUMPRODUCT(--({cell}>={starts})))"
    return f"IF(ISNUMBER({cell}),{found},NA())"


def _truth(rule: Rule, block: Block, cell: str) -> str:
    pairs = zip(rule.cases, block.rows, strict=True)
    rows = {case.when.is_: row for case, row in pairs if isinstance(case.when, Is)}
    return _as_truth(cell, *(_points(rows.get(truth, block.otherwise)) for truth in (True, False)))


def _as_truth(cell: str, yes: str, no: str) -> str:
    """One of two expressions for a truth value, as a cell, a number or a word holds it; else an error."""
    tests = [f'OR({cell}={name},{cell}={number},{cell}="{name}")' for name, number in (("TRUE", 1), ("FALSE", 0))]
    return f"IF({tests[0]},{yes},IF({tests[1]},{no},NA()))"

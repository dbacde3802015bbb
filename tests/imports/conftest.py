"""Files of points, written where a test can read them."""

from __future__ import annotations

import json

import pytest

from calibrate.errors import RulesError
from calibrate.imports.importing import import_rules


@pytest.fixture
def imported(tmp_path):
    """Import of a text, bytes or a value as JSON."""

    def write(content, name=None, kind=None, **more):
        if not isinstance(content, str | bytes):
            content, name = json.dumps(content, ensure_ascii=False), name or "points.json"
        path = tmp_path / (name or "points.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_rules(path, kind, **more)

    return write


@pytest.fixture
def faults(imported):
    """The faults of a content, each a full line."""

    def read(content, **more):
        with pytest.raises(RulesError) as caught:
            imported(content, **more)
        for fault in caught.value.faults:
            assert "found" in fault, fault
            assert ", expected " in fault, fault
            assert "; " in fault.partition(", expected ")[2], fault
        return caught.value.faults

    return read

"""Arrays that grow at their end, in memory and in files without a name."""

from __future__ import annotations

import gc
import shutil
import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrate import grown as module
from calibrate.errors import DataError
from calibrate.grown import Grown, kept_of

PARTS = st.lists(st.lists(st.integers(0, 255), max_size=50), max_size=12)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder for temporary files; an array goes there from the seventeenth byte on."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "_IN_MEMORY", 256)
    return tmp_path


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS, st.integers(0, 11))
def test_all_parts_stand_behind_one_another(folder, parts, wide_from):
    whole = Grown(np.uint8)
    for at, part in enumerate(parts):
        whole.append(np.array(part, np.uint16 if at >= wide_from else np.uint8))
    found = whole.array()
    assert found.tolist() == [number for part in parts for number in part]
    assert found.dtype == (np.uint16 if len(parts) > wide_from else np.uint8)
    assert list(folder.iterdir()) == []


def test_an_array_on_disk_outlives_its_maker_and_leaves_nothing(folder):
    whole = Grown(np.int32)
    whole.append(np.arange(1_000))
    found = whole.array()
    del whole
    gc.collect()
    assert isinstance(found.base, np.memmap)
    assert type(found) is np.ndarray
    assert found.sum() == 499_500
    assert list(folder.iterdir()) == []


def test_parts_are_copied():
    part, whole = np.ones(3, np.uint8), Grown(np.uint8)
    whole.append(part)
    part[:] = 9
    assert whole.array().tolist() == [1, 1, 1]


def test_no_room_on_disk_is_said(folder, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(DataError, match=r"temporary folder .*No space left.*expected room.*TMPDIR"):
        Grown(np.uint8).append(np.zeros(17, np.uint8))


def test_many_arrays_side_by_side_are_small_in_memory_each(folder):
    alone, one_of_many = Grown(np.uint8, 1), Grown(np.uint8, 256)
    for whole in (alone, one_of_many):
        whole.append(np.zeros(100, np.uint8))
    assert alone.array().base is None
    assert isinstance(one_of_many.array().base, np.memmap)


def test_more_than_the_folder_has_room_for_is_refused_before_it_is_read(folder):
    free = shutil.disk_usage(folder).free
    module.check_room(1_000, "a few codes")
    with pytest.raises(DataError, match=r"found room for .* GB, expected .* GB for many codes; make room.*--fields"):
        module.check_room(2 * free, "many codes")


@given(st.lists(st.booleans(), max_size=60))
def test_what_is_kept_is_what_a_mask_keeps(keep):
    numbers = np.arange(len(keep))
    assert kept_of(numbers, np.array(keep, bool)).tolist() == numbers[np.array(keep, bool)].tolist()

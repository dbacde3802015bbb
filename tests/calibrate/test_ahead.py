"""Work of a second thread."""

from __future__ import annotations

import threading

import pytest

from calibrate.reading.ahead import ahead, beside


def test_all_come_once_and_in_order():
    assert list(ahead(iter(range(1, 50)))) == list(range(1, 50))
    assert list(ahead(iter([]))) == []


def test_the_next_one_is_made_meanwhile():
    second = threading.Event()

    def batches():
        yield 1
        second.set()
        yield 2

    read = ahead(batches())
    assert next(read) == 1
    assert second.wait(30)
    assert list(read) == [2]


def test_what_goes_wrong_is_told_where_it_is_read():
    def batches():
        yield 1
        raise ValueError("row 7")

    read = ahead(batches())
    assert next(read) == 1
    with pytest.raises(ValueError, match="row 7"):
        next(read)


def test_no_thread_is_left_when_nobody_reads_on():
    read = ahead(iter(range(1, 9)))
    next(read)
    read.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("calibrate-read")]


def test_what_is_done_beside_is_there_when_it_is_asked_for():
    begun = threading.Event()
    with beside(lambda stopped: begun.set() or "found") as answer:
        assert begun.wait(30)
        assert answer() == answer() == "found"


def test_what_nobody_waits_for_stops():
    def work(stopped):
        while not stopped():
            pass

    with pytest.raises(ValueError, match="row 7"), beside(work):
        raise ValueError("row 7")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("calibrate-beside")]


def test_what_goes_wrong_beside_is_told_where_it_is_asked_for():
    def work(_):
        raise ValueError("gone")

    with beside(work) as answer, pytest.raises(ValueError, match="gone"):
        answer()

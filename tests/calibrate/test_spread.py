"""Places spread over a file, against SplitMix64 in plain integers and columns that repeat themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.spread import mixed, one_in, spread

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
counts = st.integers(0, 3000)

# SplitMix64 as Rosetta Code prints it (Pseudo-random numbers/Splitmix64): the first five numbers from seed 1234567.
# The state grows by GAMMA before every number.
ROSETTA = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def split_mix(number: int) -> int:
    """The first number of SplitMix64 from a seed, in integers without end."""
    z = (number + GAMMA) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def places(chosen, count) -> list[int]:
    return np.arange(count)[chosen].tolist()


def test_hashes_are_the_published_ones():
    seeds = [(1234567 + turn * GAMMA) & MASK for turn in range(len(ROSETTA))]
    assert mixed(np.array(seeds, np.uint64)).tolist() == ROSETTA
    assert [split_mix(seed) for seed in seeds] == ROSETTA


@given(st.lists(st.integers(0, MASK) | st.sampled_from([0, 1, MASK, MASK - GAMMA, 2**63]), max_size=30))
def test_hashes_are_the_same_everywhere(numbers):
    given_ = np.array(numbers, np.uint64)
    assert mixed(given_).tolist() == [split_mix(number) for number in numbers]
    assert given_.tolist() == numbers


@given(st.sets(st.integers(0, MASK), min_size=2, max_size=50))
def test_different_numbers_have_different_hashes(numbers):
    assert len(set(mixed(np.array(sorted(numbers), np.uint64)).tolist())) == len(numbers)


@given(counts, st.integers(1, 3000))
def test_at_most_so_many_places_ascending_and_within_range(count, most):
    found = places(spread(count, most), count)
    assert len(found) <= min(most, count)
    assert found == sorted(set(found))
    assert not found or 0 <= found[0] <= found[-1] < count
    if count <= most:
        assert found == list(range(count))


@given(counts, st.integers(1, 3000))
def test_few_are_not_halved_without_need(count, most):
    """Stretches are as short as the limit allows, so at least half of it is used, but for a last stretch cut off."""
    assert 2 * (len(places(spread(count, most), count)) + 1) > min(most, count)


@given(counts, st.integers(-1, 60))
def test_one_of_every_stretch(count, step):
    found = places(one_in(count, step), count)
    if step <= 1:
        assert found == list(range(count))
        return
    stretches = [place // step for place in found]
    whole = count // step
    # The spot in the last stretch may lie beyond the end when the stretch is cut off.
    assert stretches[:whole] == list(range(whole))
    assert stretches[whole:] in ([], [whole])
    assert found == [place for s in range(-(-count // step)) if (place := s * step + split_mix(s) % step) < count]


@given(counts, st.integers(2, 60), st.integers(0, 500))
def test_more_leads_change_no_place_before_them(count, step, more):
    found = places(one_in(count, step), count)
    assert places(one_in(count + more, step), count + more)[: len(found)] == found


def test_nothing_has_no_places():
    assert places(spread(0, 10), 0) == places(one_in(0, 7), 0) == []


@pytest.mark.parametrize("count", [100_001, 250_000, 999_983, 3_000_000])
@pytest.mark.parametrize("period", [2, 3, 5, 10])
def test_what_recurs_is_met_in_its_share(count, period):
    """A round robin of sales people: each has its share within 4 standard errors, where every tenth would be one's."""
    found = np.arange(count)[spread(count, 100_000)]
    shares = np.bincount(found % period, minlength=period) / len(found)
    error = math.sqrt((1 - 1 / period) / period / len(found))
    assert np.abs(shares - 1 / period).max() < 4 * error


@pytest.mark.parametrize("step", [2, 3, 4, 5, 6, 10, 20, 30])
@pytest.mark.parametrize("period", [2, 3, 5, 10])
def test_a_step_that_the_period_divides_does_not_pick_one_of_them(step, period):
    found = np.arange(40_000 * step)[one_in(40_000 * step, step)]
    shares = np.bincount(found % period, minlength=period) / len(found)
    error = math.sqrt((1 - 1 / period) / period / len(found))
    assert np.abs(shares - 1 / period).max() < 4 * error


def test_neighbours_fall_apart():
    """Spots of two stretches in a row are independent: a chi-square of 10 x 10 spots, 99 degrees of freedom."""
    spots = np.arange(1_000_000)[one_in(1_000_000, 10)] % 10
    pairs = np.bincount(spots[:-1] * 10 + spots[1:], minlength=100)
    expected = pairs.sum() / 100
    assert ((pairs - expected) ** 2 / expected).sum() < 99 + 4 * math.sqrt(2 * 99)

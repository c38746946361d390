"""The sum tree against plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quarterup.agents.replay.sum_tree import LARGEST_PRIORITY, SumTree, num_leaves, sum_bytes

PRIORITY = st.one_of(st.just(0.0), st.floats(2.0**-40, 2.0**40, width=32))


@given(st.integers(1, 700), st.data())
def test_total_and_priorities_are_those_of_a_plain_array(size: int, data: st.DataObject) -> None:
    tree, plain = SumTree(size), np.zeros(size)
    for _ in range(3):
        slots = np.array(data.draw(st.lists(st.integers(0, size - 1), max_size=8)), dtype=np.int64)
        priorities = np.array(data.draw(st.lists(PRIORITY, min_size=slots.size, max_size=slots.size)))
        tree.set(slots, priorities.astype(np.float64))
        for slot, priority in zip(slots, priorities, strict=True):
            plain[slot] = priority
    np.testing.assert_array_equal(tree.get(np.arange(size)), plain)
    assert tree.total == pytest.approx(plain.sum(), rel=1e-12)


@given(
    st.lists(PRIORITY, min_size=1, max_size=200).filter(any),
    st.lists(st.floats(0, 1, exclude_max=True) | st.just(np.nextafter(1.0, 0.0)), min_size=1, max_size=40),
)
def test_a_slot_without_priority_is_never_returned(priorities: list[float], uniforms: list[float]) -> None:
    tree = SumTree(len(priorities))
    tree.set(np.arange(len(priorities)), np.array(priorities))
    slots = tree.sample(np.array(uniforms))
    assert np.all(tree.get(slots) > 0)


def test_the_last_positive_slot_is_returned_even_for_the_largest_draw() -> None:
    tree = SumTree(7)
    tree.set(np.arange(7), np.array([0.1, 0.2, 0.3, 0.1, 0.7, 0.0, 0.0]))
    assert tree.sample(np.array([np.nextafter(1.0, 0.0)]))[0] == 4
    assert tree.sample(np.array([1.0]))[0] == 4


def test_draws_follow_the_priorities() -> None:
    rng = np.random.default_rng(0)
    priorities = rng.random(50) ** 3
    tree = SumTree(50)
    tree.set(np.arange(50), priorities)
    # One uniform a call: no stratification, so that the counts are multinomial.
    draws = np.concatenate([tree.sample(rng.random(1)) for _ in range(20_000)])
    counts = np.bincount(draws, minlength=50)
    expected = priorities / priorities.sum() * counts.sum()
    enough = expected >= 5
    observed = np.append(counts[enough], counts[~enough].sum())
    predicted = np.append(expected[enough], expected[~enough].sum())
    assert stats.chisquare(observed, predicted).pvalue > 1e-3


def test_a_stratified_batch_takes_each_slot_as_often_as_its_share_allows() -> None:
    tree = SumTree(4)
    tree.set(np.arange(4), np.array([1.0, 2.0, 3.0, 2.0]))
    counts = np.bincount(tree.sample(np.random.default_rng(0).random(8)), minlength=4)
    np.testing.assert_array_equal(counts, [1, 2, 3, 2])


def test_sums_do_not_drift_over_a_million_changes_of_very_different_size() -> None:
    rng = np.random.default_rng(0)
    tree = SumTree(1000)
    for _ in range(1000):
        tree.set(rng.integers(1000, size=1000), 10.0 ** rng.uniform(-12, 12, size=1000))
    tree.set(np.arange(1000), np.full(1000, 1e-9))
    assert tree.total == pytest.approx(1e-6, rel=1e-12)


@pytest.mark.parametrize("size", [1, 5, 8, 9, 64, 65, 513, 5000])
def test_sums_are_rebuilt_from_stored_leaves(size: int) -> None:
    leaves = np.zeros(num_leaves(size), np.float32)
    leaves[:size] = np.arange(size)
    tree = SumTree(size, leaves)
    assert tree.total == size * (size - 1) / 2
    tree.set(np.array([size - 1]), np.array([0.5]))
    assert tree.total == size * (size - 1) / 2 - (size - 1) + 0.5


def test_draws_are_those_of_a_search_in_the_running_sum() -> None:
    rng = np.random.default_rng(3)
    priorities = rng.random(100_000).astype(np.float32) * (rng.random(100_000) < 0.7)
    tree = SumTree(priorities.size)
    tree.set(np.arange(priorities.size), priorities.astype(np.float64))
    uniforms = rng.random(1000)
    ends = np.cumsum(priorities, dtype=np.float64)
    places = (np.arange(1000) + uniforms) / 1000 * ends[-1]
    np.testing.assert_array_equal(tree.sample(uniforms), np.searchsorted(ends, places, side="right"))


def test_a_million_slots_take_less_than_six_bytes_each() -> None:
    assert 4 * num_leaves(10**6) + sum_bytes(10**6) < 6 * 10**6
    assert SumTree(1000).nodes[1].nbytes == sum_bytes(1000)


@pytest.mark.parametrize("extreme", [1e-300, 1e300])
def test_a_priority_beyond_float32_neither_vanishes_nor_becomes_infinite(extreme: float) -> None:
    tree = SumTree(3)
    tree.set(np.array([1]), np.array([extreme]))
    assert 0 < tree.total <= LARGEST_PRIORITY * 1.001
    assert tree.sample(np.array([0.3]))[0] == 1


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_damaged_leaves_are_refused(bad: float) -> None:
    leaves = np.zeros(num_leaves(5), np.float32)
    leaves[2] = bad
    with pytest.raises(ValueError, match="damaged"):
        SumTree(5, leaves)


def test_a_priority_behind_the_last_slot_is_refused() -> None:
    leaves = np.zeros(num_leaves(5), np.float32)
    leaves[5] = 1.0
    with pytest.raises(ValueError, match="damaged"):
        SumTree(5, leaves)


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_a_bad_priority_is_refused_and_changes_nothing(bad: float) -> None:
    tree = SumTree(3)
    with pytest.raises(ValueError, match="finite"):
        tree.set(np.array([0, 1]), np.array([1.0, bad]))
    assert tree.total == 0.0


@pytest.mark.parametrize("slot", [-1, 3])
def test_a_slot_out_of_range_is_refused(slot: int) -> None:
    tree = SumTree(3)
    with pytest.raises(ValueError, match="0 to 2"):
        tree.set(np.array([slot]), np.array([1.0]))
    with pytest.raises(ValueError, match="0 to 2"):
        tree.get(np.array([slot]))


def test_an_empty_tree_cannot_be_sampled() -> None:
    with pytest.raises(ValueError, match="all priorities are 0"):
        SumTree(3).sample(np.array([0.5]))

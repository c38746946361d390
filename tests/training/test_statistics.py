"""Means with intervals, against what SciPy and slow versions say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from quarterup.training.statistics import Interval, bootstrap_mean, interquartile_mean, running_mean


def test_the_interval_agrees_with_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).exponential(300.0, size=40)
    ours = bootstrap_mean(values)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.mean == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)


def test_about_95_of_100_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(3)
    intervals = [bootstrap_mean(rng.normal(10.0, 4.0, size=50), seed=i) for i in range(200)]
    held = sum(interval.low <= 10.0 <= interval.high for interval in intervals)
    assert 180 <= held <= 198


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(7).normal(size=30)
    assert bootstrap_mean(values, seed=5) == bootstrap_mean(values, seed=5)
    assert bootstrap_mean(values, seed=5) != bootstrap_mean(values, seed=6)


def test_points_are_shown_whole_and_goals_with_decimals() -> None:
    assert str(Interval(1591.4, 1371.2, 1810.0)) == "1,591 (1,371 to 1,810)"
    assert str(Interval(-2.4, -2.75, -1.951)) == "-2.40 (-2.75 to -1.95)"


def test_a_single_value_is_its_own_interval() -> None:
    interval = bootstrap_mean([70])
    assert (interval.mean, interval.low, interval.high) == (70, 70, 70)


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean([])
    with pytest.raises(ValueError, match="no values"):
        interquartile_mean([])


def test_one_huge_score_does_not_move_the_interquartile_mean() -> None:
    values = [1, 2, 3, 4, 5, 6, 7, 8]
    assert interquartile_mean(values) == interquartile_mean([*values[:-1], 1_000_000]) == 4.5


def test_the_interquartile_mean_agrees_with_scipys_trimmed_mean() -> None:
    values = np.random.default_rng(4).normal(size=103)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))


def test_a_running_mean_takes_what_there_is_at_the_beginning() -> None:
    values = np.random.default_rng(5).normal(size=30)
    slow = [values[max(0, i - 6) : i + 1].mean() for i in range(30)]
    np.testing.assert_allclose(running_mean(values, 7), slow)
    assert running_mean([], 7).shape == (0,)


def test_a_running_mean_is_of_the_last_values_and_of_all_at_first() -> None:
    assert running_mean(np.array([2.0, 4.0, 6.0, 8.0]), 3).tolist() == [2.0, 3.0, 4.0, 6.0]
    assert running_mean(np.empty(0), 3).tolist() == []

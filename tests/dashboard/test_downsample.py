"""Fewer points that draw the same picture."""

from __future__ import annotations

import numpy as np

from quarterup.dashboard.downsample import extremes


def test_no_peak_is_lost_and_the_order_is_kept() -> None:
    values = np.sin(np.arange(100_000) / 5_000)
    values[[777, 54_321]] = 5.0, -7.0
    chosen = extremes(values, 200)
    assert len(chosen) <= 204
    assert {0, 777, 54_321, 99_999} <= set(chosen.tolist())
    assert (np.diff(chosen) > 0).all()


def test_each_part_keeps_its_lowest_and_its_highest() -> None:
    values = np.random.default_rng(1).random(1_000)
    chosen = set(extremes(values, 20).tolist())
    for part in values.reshape(10, 100) * 1.0:
        low, high = (int(np.flatnonzero(values == one)[0]) for one in (part.min(), part.max()))
        assert {low, high} <= chosen


def test_few_points_stay_as_they_are_and_numbers_that_are_none_go() -> None:
    assert extremes(np.array([1.0, np.nan, 2.0, np.inf]), 100).tolist() == [0, 2]
    assert extremes(np.empty(0), 100).tolist() == []

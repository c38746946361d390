"""Aggregates, beside rliable 1.2.0: what it said is kept here, and asked for again where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from quarterup.training.aggregates import (
    Estimate,
    estimate,
    estimate_along,
    interquartile_mean,
    mean,
    median,
    performance_profile,
    probability_of_improvement,
)

# Five runs of four games, and six of the same by another agent; the first score of each is a tie.
ONE = np.array([
    [0.817, 1.562, 0.663, 1.113], [1.225, 1.839, 1.182, 0.628], [1.276, 0.727, 0.445, 1.010],
    [0.180, 0.592, 0.269, 1.325], [0.488, 1.205, 1.098, 0.703],
])  # fmt: skip
OTHER = np.array([
    [0.817, 1.628, 2.512, 0.707], [0.998, 1.052, 0.242, 0.577], [1.757, 1.029, 1.557, 0.774],
    [0.718, 0.892, 1.650, 1.700], [0.748, 0.975, 1.197, 1.129], [1.357, 1.818, 1.504, 0.831],
])  # fmt: skip
THRESHOLDS = np.array([0.25, 0.5, 1.0, 1.5])

# rliable 1.2.0 (with arch 7.2.0): library.get_interval_estimates of ONE and OTHER with reps=50_000, of
# metrics.aggregate_iqm, aggregate_mean and aggregate_median.
RLIABLE = {
    "one": {
        interquartile_mean: Estimate(0.9146, 0.6886, 1.1306),
        mean: Estimate(0.91735, 0.74755, 1.0864),
        median: Estimate(0.8765, 0.719395, 1.081),
    },
    "other": {
        interquartile_mean: Estimate(1.1115, 0.912998, 1.357919),
        mean: Estimate(1.173708, 0.988625, 1.359668),
        median: Estimate(1.149083, 0.958579, 1.346417),
    },
}
# metrics.probability_of_improvement of (OTHER, ONE), reps=20_000.
RLIABLE_IMPROVEMENT = Estimate(0.629167, 0.45, 0.8)
# library.create_performance_profile at THRESHOLDS, reps=50_000: shares, lower and upper bounds.
RLIABLE_PROFILE = [
    [0.958333, 0.958333, 0.541667, 0.333333],
    [0.875, 0.875, 0.375, 0.166667],
    [1.0, 1.0, 0.708333, 0.5],
]
MANY = 50_000
"""Resamples, so that two bootstraps agree."""


def assert_agree(ours: Estimate, theirs: Estimate) -> None:
    width = theirs.high - theirs.low
    assert ours.value == pytest.approx(theirs.value, abs=1e-6)
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)


@pytest.mark.parametrize("statistic", [interquartile_mean, mean, median])
@pytest.mark.parametrize("agent", ["one", "other"])
def test_estimates_are_those_of_rliable(agent: str, statistic: object) -> None:
    scores = ONE if agent == "one" else OTHER
    assert_agree(estimate(scores, statistic, resamples=MANY), RLIABLE[agent][statistic])  # type: ignore[arg-type, index]


def test_the_probability_of_improvement_is_that_of_rliable() -> None:
    ours = probability_of_improvement(OTHER, ONE, resamples=MANY)
    assert_agree(ours, RLIABLE_IMPROVEMENT)
    assert probability_of_improvement(ONE, OTHER).value == pytest.approx(1 - ours.value)


def test_the_performance_profile_is_that_of_rliable() -> None:
    ours = performance_profile(OTHER, THRESHOLDS, resamples=MANY)
    np.testing.assert_allclose([ours.values, ours.low, ours.high], RLIABLE_PROFILE, atol=1e-5)


def test_rliable_itself_still_agrees() -> None:
    library = pytest.importorskip("rliable.library", reason="rliable is not installed: `pip install rliable` to ask it")
    metrics = pytest.importorskip("rliable.metrics")
    scores = np.random.default_rng(7).gamma(2.0, 0.5, size=(4, 3))
    others = scores + np.random.default_rng(8).normal(0.2, 0.3, size=(4, 3))
    points, bounds = library.get_interval_estimates(
        {"ours": scores}, lambda x: np.array([metrics.aggregate_iqm(x), metrics.aggregate_mean(x)]), reps=20_000
    )
    for index, statistic in enumerate((interquartile_mean, mean)):
        theirs = Estimate(points["ours"][index], *bounds["ours"][:, index])
        assert_agree(estimate(scores, statistic, resamples=MANY), theirs)
    points, bounds = library.get_interval_estimates(
        {"others,ours": (others, scores)}, metrics.probability_of_improvement, reps=5_000
    )
    theirs = Estimate(float(points["others,ours"]), *bounds["others,ours"].ravel())
    ours = probability_of_improvement(others, scores, resamples=MANY)
    assert ours.value == pytest.approx(theirs.value)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)


def test_each_game_draws_from_its_own_runs() -> None:
    scores = np.array([[0.0, 100.0], [0.0, 100.0]])
    found = estimate(scores, mean)
    assert (found.low, found.value, found.high) == (50, 50, 50)


def test_a_band_is_an_estimate_at_each_point() -> None:
    band = estimate_along(np.stack([ONE, 2 * ONE]), interquartile_mean)
    alone = estimate(ONE, interquartile_mean)
    assert (band.values[0], band.low[0], band.high[0]) == (alone.value, alone.low, alone.high)
    np.testing.assert_allclose([band.values[1], band.low[1]], [2 * alone.value, 2 * alone.low])


def test_what_is_no_table_of_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one of each"):
        estimate(np.zeros((0, 3)), mean)
    with pytest.raises(ValueError, match="the same games"):
        probability_of_improvement(np.zeros((2, 3)), np.zeros((2, 2)))

"""How good an agent is over several runs and games, how sure that is, and which of two agents is the better one.

The measures are those of Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice"
(NeurIPS 2021, https://arxiv.org/abs/2108.13264). The scores of an agent are an array of shape (runs, games): one number
a run and game. Intervals come from the stratified bootstrap: in each resample every game draws as many of its own runs
as it has, with replacement, and the interval lies between the percentiles of what the resamples gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterup.training.statistics import CONFIDENCE, middle_mean

Scores = NDArray[np.float64]
Statistic = Callable[[Scores], Scores]
"""Turns scores of shape (..., runs, games) into numbers of shape (...)."""

RESAMPLES = 5_000
"""The ends of a 95 % interval move by about two percent of its width from seed to seed."""


@dataclass(frozen=True)
class Estimate:
    """A number, and the bounds between which a bootstrap puts it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Band:
    """A curve with its pointwise bounds; three arrays of the same length."""

    values: Scores
    low: Scores
    high: Scores


def interquartile_mean(scores: Scores) -> Scores:
    """The mean of the middle half of all runs of all games: (..., runs, games) -> (...).

    A quarter of the values, rounded down, is left out at each end.
    """
    return middle_mean(scores.reshape(*scores.shape[:-2], -1))


def mean(scores: Scores) -> Scores:
    """The mean over all runs and games: (..., runs, games) -> (...)."""
    means: Scores = scores.mean(axis=(-2, -1))
    return means


def median(scores: Scores) -> Scores:
    """The median over games of each game's mean: (..., runs, games) -> (...)."""
    medians: Scores = np.median(scores.mean(axis=-2), axis=-1)
    return medians


def estimate(scores: ArrayLike, statistic: Statistic, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """`statistic` of `scores`, shape (runs, games), with its stratified bootstrap interval.

    Raises ValueError unless there is at least one run and one game.
    """
    values = _as_scores(scores)
    runs, games = values.shape
    drawn = np.random.default_rng(seed).integers(runs, size=(resamples, runs, games))
    low, high = _percentiles(statistic(values[drawn, np.arange(games)]))
    return Estimate(float(statistic(values)), float(low), float(high))


def probability_of_improvement(
    scores: ArrayLike, others: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The chance that a run of one agent beats a run of another on a game drawn at random. A tie counts half.

    Args:
        scores: of the one, shape (runs, games).
        others: of the other, shape (its runs, the same games).
    """
    ours, theirs = _as_scores(scores), _as_scores(others)
    if ours.shape[1] != theirs.shape[1]:
        raise ValueError(f"scores of {ours.shape[1]} games and of {theirs.shape[1]}: they must be the same games")
    wins = (ours[:, None] > theirs[None]) + 0.5 * (ours[:, None] == theirs[None])  # (runs, other runs, games)
    rng = np.random.default_rng(seed)
    drawn_ours, drawn_theirs = _weights(rng, ours.shape, resamples), _weights(rng, theirs.shape, resamples)
    chances = np.einsum("bng,nmg,bmg->bg", drawn_ours, wins, drawn_theirs, optimize=True).mean(axis=1)
    low, high = _percentiles(chances)
    return Estimate(float(wins.mean()), float(low), float(high))


def performance_profile(scores: ArrayLike, thresholds: Scores, *, resamples: int = RESAMPLES, seed: int = 0) -> Band:
    """The share of runs that score above each threshold, over all games; each array has the shape of `thresholds`."""
    values = _as_scores(scores)
    above = (values[..., None] > thresholds).astype(np.float64)  # (runs, games, thresholds)
    weights = _weights(np.random.default_rng(seed), values.shape, resamples)
    low, high = _percentiles(np.einsum("bng,ngt->bt", weights, above, optimize=True) / values.shape[1])
    return Band(above.mean(axis=(0, 1)), low, high)


def estimate_along(scores: Scores, statistic: Statistic, *, resamples: int = RESAMPLES, seed: int = 0) -> Band:
    """`estimate` at each point of curves: scores of shape (points, runs, games) -> arrays of shape (points,).

    Each resample draws whole runs, the same ones at all points.
    """
    points, runs, games = scores.shape
    drawn = np.random.default_rng(seed).integers(runs, size=(resamples, runs, games))
    values, low, high = np.empty(points), np.empty(points), np.empty(points)
    for point, there in enumerate(scores):
        values[point] = statistic(there)
        low[point], high[point] = _percentiles(statistic(there[drawn, np.arange(games)]))
    return Band(values, low, high)


def _weights(rng: np.random.Generator, shape: tuple[int, ...], resamples: int) -> Scores:
    """How much each run weighs in each resample, shape (resamples, runs, games); the runs of a game sum to 1."""
    runs, games = shape
    counts = rng.multinomial(runs, np.full(runs, 1 / runs), size=(resamples, games))
    return np.swapaxes(counts, 1, 2) / runs


def _percentiles(resampled: Scores) -> Scores:
    """The lower and the upper bound of values that lie along the first axis."""
    tail = (1 - CONFIDENCE) / 2
    bounds: Scores = np.quantile(resampled, (tail, 1 - tail), axis=0)
    return bounds


def _as_scores(scores: ArrayLike) -> Scores:
    values = np.asarray(scores, np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"scores of shape {values.shape}: (runs, games) is needed, with at least one of each")
    return values

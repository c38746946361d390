"""What a handful of episodes say about a player: means with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
RESAMPLES = 10_000
"""Enough that the ends of a 95 % interval move by about one percent of its width from seed to seed."""


WHOLE_POINTS_FROM = 100
"""Means below this are shown with their decimals."""

WINDOW_EPISODES = 100
"""The score of a training at a moment is the mean of this many episodes before it."""


@dataclass(frozen=True)
class Interval:
    """A mean, and the bounds between which a bootstrap puts it."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        mean, low, high = self.figures()
        return f"{mean} ({low} to {high})"

    def figures(self) -> tuple[str, str, str]:
        """Mean and bounds for people: whole points, or where those are few, as goals are, hundredths."""
        digits = 0 if max(abs(self.low), abs(self.high)) >= WHOLE_POINTS_FROM else 2
        return f"{self.mean:,.{digits}f}", f"{self.low:,.{digits}f}", f"{self.high:,.{digits}f}"


def bootstrap_mean(values: ArrayLike, *, confidence: float = CONFIDENCE, seed: int = 0) -> Interval:
    """The mean of `values`, shape (n,), with its percentile bootstrap interval.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. The same values and seed
    give the same interval. Raises ValueError if there are no values.
    """
    sample = _as_sample(values)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(sample), size=(RESAMPLES, len(sample)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(sample[drawn].mean(axis=1), (tail, 1 - tail))
    return Interval(float(sample.mean()), float(low), float(high))


def interquartile_mean(values: ArrayLike) -> float:
    """The mean of the middle half of `values`, which outliers don't move (Agarwal et al., 2021).

    A quarter of the values, rounded down, is left out at each end. Raises ValueError if there are no values.
    """
    return float(middle_mean(_as_sample(values)))


def middle_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`interquartile_mean` along the last axis: shape (..., n) -> (...)."""
    ordered = np.sort(values, axis=-1)
    cut = ordered.shape[-1] // 4
    means: NDArray[np.float64] = ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1)
    return means


def running_mean(values: ArrayLike, window: int) -> NDArray[np.float64]:
    """The mean of the last `window` values up to each place, of fewer at the beginning. Shape (n,)."""
    sums = np.concatenate(([0.0], np.cumsum(np.asarray(values, np.float64))))
    ends = np.arange(1, len(sums))
    starts = np.maximum(ends - window, 0)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _as_sample(values: ArrayLike) -> NDArray[np.float64]:
    sample = np.asarray(values, np.float64).ravel()
    if not len(sample):
        raise ValueError("there are no values to take a mean of")
    return sample

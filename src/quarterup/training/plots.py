"""Pictures of scores: how they grew with experience, and how they spread, beside what others reach on the same game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from quarterup.training.plot_style import (
    COLOURS,
    DOTS_PER_INCH,
    Look,
    looks_of,
    save_figure,
    short,
    steps_label,
    style_axes,
    thousands,
)
from quarterup.training.statistics import WINDOW_EPISODES, Interval, running_mean

WIDTH_INCHES, HEIGHT_INCHES = 8.0, 4.5
LEGEND_COLUMNS = 3
REFERENCE_COLOURS = {"random": "#8c8c8c", "expert": "#303030"}
SHORT_WINDOW_EPISODES = 20
"""Of the thin line, which shows what the bold one smooths away."""
MIN_FOR_TREND = 30
"""Episodes in the last third of the steps, without which there is no trend to tell."""
BINS = 30
PARTS = ("first", "middle", "last")
"""Thirds of a run, by env steps."""


@dataclass(frozen=True)
class LearningCurve:
    """One run: the env steps at which episodes ended, rising, and their scores, both of shape (episodes,)."""

    label: str
    env_steps: NDArray[np.int64]
    scores: NDArray[np.float64]


def plot_learning_curves(
    curves: Sequence[LearningCurve],
    path: Path,
    *,
    title: str,
    frame_skip: int,
    references: Mapping[str, Interval] | None = None,
) -> None:
    """Write a PNG: every episode's score faint, the mean of the last 100 bold, references dashed.

    A run alone also has the mean of the last 20, thin, and the trend of its last third. Raises ValueError if no curve
    has an episode.
    """
    figure = _new_figure(curves)
    axes = figure.add_subplot()
    for name, interval in (references or {}).items():
        _draw_reference(axes, name, interval)
    if len(curves) == 1:
        draw_curve(axes, curves[0])
    else:
        for curve, look in zip(curves, looks_of(len(curves)), strict=True):
            _draw_means(axes, curve, look, curve.label)
    axes.set_title(title, loc="left", fontsize=13)
    axes.set_xlabel(steps_label(frame_skip), fontsize=11)
    axes.set_ylabel("score of an episode", fontsize=11)
    style_axes(axes, steps=True)
    axes.set_ylim(bottom=0)
    _finish(figure, path)


def plot_score_histogram(curves: Sequence[LearningCurve], path: Path, *, title: str) -> None:
    """Write a PNG: how often which scores were reached, in the thirds of a run, or in the last thirds of several.

    Raises ValueError if no curve has an episode.
    """
    figure = _new_figure(curves)
    axes = figure.add_subplot()
    if len(curves) == 1:
        draw_thirds(axes, curves[0])
    else:
        draw_histogram(axes, {curve.label: thirds(curve)[-1] for curve in curves})
        title += ", the last third of each"
    axes.set_title(title, loc="left", fontsize=13)
    axes.set_xlabel("score of an episode", fontsize=11)
    axes.set_ylabel("share of the episodes", fontsize=11)
    _finish(figure, path)


def draw_curve(axes: Axes, curve: LearningCurve) -> None:
    """One run by itself: episodes, two windows, and the trend."""
    colour = COLOURS[0]
    axes.plot(curve.env_steps, curve.scores, ".", color=colour, alpha=0.25, markersize=4, label="one episode")
    thin = running_mean(curve.scores, SHORT_WINDOW_EPISODES)
    label = f"mean of the last {SHORT_WINDOW_EPISODES}"
    axes.plot(curve.env_steps, thin, color=COLOURS[5], linewidth=1.0, label=label)
    bold = running_mean(curve.scores, WINDOW_EPISODES)
    axes.plot(curve.env_steps, bold, color=colour, linewidth=2.4, label=f"mean of the last {WINDOW_EPISODES}")
    _draw_trend(axes, curve)


def draw_thirds(axes: Axes, curve: LearningCurve) -> None:
    """The histograms of a run's first, middle and last third."""
    parts = zip(PARTS, thirds(curve), strict=True)
    draw_histogram(axes, {f"{name} third of the steps": scores for name, scores in parts})


def draw_histogram(axes: Axes, scores: Mapping[str, NDArray[np.float64]]) -> None:
    """Several histograms over each other, each as shares of its own episodes."""
    everything = np.concatenate(list(scores.values()))
    edges = np.histogram_bin_edges(everything, bins=min(BINS, max(5, len(np.unique(everything)))))
    for (label, values), look in zip(scores.items(), looks_of(len(scores)), strict=True):
        if not len(values):
            continue
        shares = np.histogram(values, edges)[0] / len(values)
        axes.stairs(shares, edges, color=look.colour, fill=True, alpha=0.15)
        axes.stairs(shares, edges, color=look.colour, linestyle=look.line, linewidth=1.8, label=label)
        axes.axvline(values.mean(), color=look.colour, linestyle=":", linewidth=1.4)
    style_axes(axes)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    axes.set_ylim(bottom=0)


def thirds(curve: LearningCurve) -> list[NDArray[np.float64]]:
    """The scores of a run's first, middle and last third, by env steps."""
    last = curve.env_steps[-1] if len(curve.env_steps) else 0
    return np.split(curve.scores, np.searchsorted(curve.env_steps, [last / 3, 2 * last / 3]))


def _draw_means(axes: Axes, curve: LearningCurve, look: Look, label: str) -> None:
    axes.plot(curve.env_steps, curve.scores, ".", color=look.colour, alpha=0.2, markersize=3)
    means = running_mean(curve.scores, WINDOW_EPISODES)
    axes.plot(curve.env_steps, means, color=look.colour, linestyle=look.line, linewidth=2.4, label=label)


def _draw_trend(axes: Axes, curve: LearningCurve) -> None:
    """A straight line through the last third, by least squares."""
    late = curve.env_steps > 2 / 3 * curve.env_steps[-1]
    if np.count_nonzero(late) < MIN_FOR_TREND:
        return
    steps = curve.env_steps[late]
    slope, start = np.polyfit(steps, curve.scores[late], 1)
    unit = 100_000 if steps[-1] > 100_000 else 10_000
    label = f"trend: {slope * unit:+,.0f} per {thousands(unit)} steps"
    ends = steps[[0, -1]]
    axes.plot(ends, start + slope * ends, color=COLOURS[1], linestyle="--", linewidth=1.8, label=label)


def _draw_reference(axes: Axes, name: str, interval: Interval) -> None:
    colour = REFERENCE_COLOURS.get(name, "#444444")
    axes.axhspan(interval.low, interval.high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(interval.mean, color=colour, linestyle="--", linewidth=1.6, label=f"{name}: {interval.figures()[0]}")


def _new_figure(curves: Sequence[LearningCurve]) -> Figure:
    if not any(len(curve.scores) for curve in curves):
        raise ValueError("no episode has ended yet, so there is no curve to draw")
    return Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS_PER_INCH, layout="constrained")


def _finish(figure: Figure, path: Path) -> None:
    figure.legend(fontsize=10, frameon=False, loc="outside lower center", ncols=LEGEND_COLUMNS)
    save_figure(figure, path)

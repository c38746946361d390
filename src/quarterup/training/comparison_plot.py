"""The picture of a comparison: what scores cost in env steps and in seconds, how sure they are, and their spread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from quarterup.training.aggregates import Band
from quarterup.training.comparison import Comparison
from quarterup.training.plot_style import DOTS_PER_INCH, Look, looks_of, save_figure, short, steps_label, style_axes

WIDTH_INCHES, HEIGHT_INCHES = 11.0, 8.0
BAR_HEIGHT = 0.55


def plot_comparison(comparison: Comparison, path: Path, *, title: str) -> None:
    """Write the PNG."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS_PER_INCH)
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    figure.suptitle(title, fontsize=13, x=0.01, ha="left")
    steps, seconds, estimates, profile = figure.subplots(2, 2).ravel()
    score = "score" if not comparison.references else "normalised score"
    names = [group.name for group in comparison.groups]
    looks = looks_of(len(names))
    _draw_curves(steps, [(group.by_env_steps.places, group.by_env_steps.band) for group in comparison.groups], looks)
    steps.set_title("What an env step gives", loc="left", fontsize=11)
    steps.set_xlabel(steps_label(comparison.frame_skip))
    _draw_curves(seconds, [(group.by_seconds.places, group.by_seconds.band) for group in comparison.groups], looks)
    seconds.set_title("What a second gives", loc="left", fontsize=11)
    seconds.set_xlabel("seconds of training")
    for axes in (steps, seconds):
        axes.set_ylabel(f"interquartile mean {score}")
        style_axes(axes, steps=True)
    _draw_estimates(estimates, comparison, looks, score)
    for group, look in zip(comparison.groups, looks, strict=True):
        _draw_band(profile, comparison.thresholds, group.profile, look)
    profile.set_title("How many runs get how far", loc="left", fontsize=11)
    profile.set_xlabel(score)
    profile.set_ylabel("share of runs above it")
    profile.set_ylim(-0.02, 1.03)
    style_axes(profile)
    profile.xaxis.set_major_formatter(lambda value, _: short(value))
    handles = [steps.lines[index] for index in range(len(names))]
    figure.legend(handles, names, fontsize=10, frameon=False, loc="outside lower center", ncols=min(4, len(names)))
    save_figure(figure, path)


def _draw_curves(axes: Axes, curves: Sequence[tuple[np.ndarray, Band]], looks: Sequence[Look]) -> None:
    for (places, band), look in zip(curves, looks, strict=True):
        _draw_band(axes, places, band, look)


def _draw_band(axes: Axes, places: np.ndarray, band: Band, look: Look) -> None:
    axes.plot(places, band.values, color=look.colour, linewidth=2.2, linestyle=look.line)
    axes.fill_between(places, band.low, band.high, color=look.colour, alpha=0.18, linewidth=0)


def _draw_estimates(axes: Axes, comparison: Comparison, looks: Sequence[Look], score: str) -> None:
    """A bar for each group's interval, and a line where its value is."""
    for row, (group, look) in enumerate(zip(comparison.groups, looks, strict=True)):
        found = group.interquartile_mean
        axes.barh(row, found.high - found.low, BAR_HEIGHT, left=found.low, color=look.colour, alpha=0.45)
        axes.vlines(found.value, row - BAR_HEIGHT / 2, row + BAR_HEIGHT / 2, color=look.colour, linewidth=2.5)
        axes.plot(group.scores.ravel(), np.full(group.scores.size, row), ".", color="#333333", markersize=4)
    axes.use_sticky_edges = False  # or the lowest bar would begin on the frame
    axes.margins(x=0.08)
    axes.set_ylim(len(comparison.groups) - 0.4, -0.6)
    when = f"after {comparison.env_steps:,} env steps" if comparison.score == "training" else "when evaluated"
    axes.set_title(f"Where they stand {when}", loc="left", fontsize=11)
    axes.set_xlabel(f"interquartile mean {score}, 95 % interval; dots are runs")
    style_axes(axes)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    axes.set_yticks(range(len(comparison.groups)), [group.name for group in comparison.groups])

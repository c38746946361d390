"""Pictures of runs: how the score grew with experience, beside what others reach on the same game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from quarterup.training.statistics import Interval, running_mean

WINDOW_EPISODES = 100
"""The bold line is the mean of this many episodes."""
WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 8.0, 4.5, 160
COLOURS = ("#1f6fb4", "#d1661a", "#2a8c4a", "#8a5ab5", "#b0413e", "#5d6d7e")
LEGEND_COLUMNS = 4
REFERENCE_COLOURS = {"random": "#8c8c8c", "expert": "#b0413e"}


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

    Raises ValueError if no curve has an episode.
    """
    if not any(len(curve.scores) for curve in curves):
        raise ValueError("no episode has ended yet, so there is no curve to draw")
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    for name, interval in (references or {}).items():
        _draw_reference(axes, name, interval)
    for curve, colour in zip(curves, _cycle(len(curves)), strict=True):
        _draw_curve(axes, curve, colour, alone=len(curves) == 1)
    axes.set_title(title, loc="left", fontsize=13)
    axes.set_xlabel(f"env steps (a step is {frame_skip} frame{'s' if frame_skip > 1 else ''})", fontsize=11)
    axes.set_ylabel("score of an episode", fontsize=11)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(labelsize=10)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=10, frameon=False, loc="outside lower center", ncols=LEGEND_COLUMNS)
    _save(figure, path)


def _draw_curve(axes: Axes, curve: LearningCurve, colour: str, *, alone: bool) -> None:
    axes.plot(
        curve.env_steps,
        curve.scores,
        ".",
        color=colour,
        alpha=0.25,
        markersize=4,
        label="one episode" if alone else None,
    )
    label = f"mean of the last {WINDOW_EPISODES}" if alone else curve.label
    means = running_mean(curve.scores, WINDOW_EPISODES)
    axes.plot(curve.env_steps, means, color=colour, linewidth=2.4, label=label)


def _draw_reference(axes: Axes, name: str, interval: Interval) -> None:
    colour = REFERENCE_COLOURS.get(name, "#444444")
    axes.axhspan(interval.low, interval.high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(interval.mean, color=colour, linestyle="--", linewidth=1.6, label=f"{name}: {interval.mean:,.0f}")


def thousands(value: float) -> str:
    """12,500 as 12.5k: short enough for an axis."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _cycle(count: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(count)]


def _save(figure: Figure, path: Path) -> None:
    """Written beside and renamed, so that there is never half a picture."""
    part = path.with_name(path.name + ".part")
    FigureCanvasAgg(figure).print_png(str(part))  # type: ignore[no-untyped-call]
    part.replace(path)

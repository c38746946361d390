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

from quarterup.training.statistics import WINDOW_EPISODES, Interval, running_mean

WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 8.0, 4.5, 160
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""That all kinds of colour-blind people can tell apart: Okabe and Ito, https://jfly.uni-koeln.de/color/."""
LINES = ("-", "--", "-.", ":")
"""Kinds of line, for when the colours begin again."""
LEGEND_COLUMNS = 4
REFERENCE_COLOURS = {"random": "#8c8c8c", "expert": "#303030"}


@dataclass(frozen=True)
class Look:
    """How one of several things is drawn."""

    colour: str
    line: str


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
    for curve, look in zip(curves, looks_of(len(curves)), strict=True):
        _draw_curve(axes, curve, look, alone=len(curves) == 1)
    axes.set_title(title, loc="left", fontsize=13)
    axes.set_xlabel(steps_label(frame_skip), fontsize=11)
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
    save_figure(figure, path)


def _draw_curve(axes: Axes, curve: LearningCurve, look: Look, *, alone: bool) -> None:
    axes.plot(
        curve.env_steps,
        curve.scores,
        ".",
        color=look.colour,
        alpha=0.25,
        markersize=4,
        label="one episode" if alone else None,
    )
    label = f"mean of the last {WINDOW_EPISODES}" if alone else curve.label
    means = running_mean(curve.scores, WINDOW_EPISODES)
    axes.plot(curve.env_steps, means, color=look.colour, linestyle=look.line, linewidth=2.4, label=label)


def _draw_reference(axes: Axes, name: str, interval: Interval) -> None:
    colour = REFERENCE_COLOURS.get(name, "#444444")
    axes.axhspan(interval.low, interval.high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(interval.mean, color=colour, linestyle="--", linewidth=1.6, label=f"{name}: {interval.mean:,.0f}")


def thousands(value: float) -> str:
    """12,500 as 12.5k: short enough for an axis."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def steps_label(frame_skip: int) -> str:
    """Of an axis of env steps."""
    return f"env steps (a step is {frame_skip} frame{'s' if frame_skip > 1 else ''})"


def looks_of(count: int) -> list[Look]:
    """A look for each of `count` things."""
    return [Look(COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)]) for index in range(count)]


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG. It is written beside and renamed, so that there is never half a picture."""
    part = path.with_name(path.name + ".part")
    FigureCanvasAgg(figure).print_png(str(part))  # type: ignore[no-untyped-call]
    part.replace(path)

"""What all pictures have in common: colours, axes, and how a file is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from quarterup.training.files import written_beside

DOTS_PER_INCH = 160
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""That all kinds of colour-blind people can tell apart: Okabe and Ito, https://jfly.uni-koeln.de/color/."""
LINES = ("-", "--", "-.", ":")
"""Kinds of line, for when the colours begin again."""


@dataclass(frozen=True)
class Look:
    """How one of several things is drawn."""

    colour: str
    line: str


def looks_of(count: int) -> list[Look]:
    """A look for each of `count` things."""
    return [Look(COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)]) for index in range(count)]


def steps_label(frame_skip: int) -> str:
    """Of an axis of env steps."""
    return f"env steps (a step is {frame_skip} frame{'s' if frame_skip > 1 else ''})"


def style_axes(axes: Axes, *, steps: bool = False) -> None:
    """A light grid, no box, numbers that are short; `steps` says that the lower axis counts env steps."""
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    if steps:
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(value)))


def show_scores_from_zero(axes: Axes) -> None:
    """Scores begin at 0, but where some are below it, as goal differences are, all are shown."""
    if axes.dataLim.ymin >= 0:
        axes.set_ylim(bottom=0)


def thousands(value: float) -> str:
    """12,500 as 12.5k: short enough for an axis."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def short(value: float) -> str:
    """A number for an axis, with no more digits than are read there."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG; there is never half a picture."""
    with written_beside(path) as unfinished:
        FigureCanvasAgg(figure).print_png(str(unfinished))  # type: ignore[no-untyped-call]

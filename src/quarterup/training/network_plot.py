"""A drawing of a network, made from the network itself: its layers as solids and bars, and where its parameters are.

All measures are inches of the picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon, Rectangle

from quarterup.agents.networks.layers import Layer, LayerKind
from quarterup.training.plot_style import DOTS_PER_INCH, save_figure

COLOURS: dict[LayerKind, str] = {
    "input": "#9aa3ad",
    "convolution": "#0072b2",
    "residual": "#009e73",
    "embedding": "#cc79a7",
    "linear": "#e69f00",
    "noisy": "#d55e00",
    "outputs": "#56b4e9",
}
"""Of the palette of all plots, see `plot_style`."""
KIND_NAMES: dict[LayerKind, str] = {
    "convolution": "convolution",
    "residual": "residual blocks",
    "embedding": "quantile embedding",
    "linear": "linear",
    "noisy": "noisy linear: each weight has a learned noise",
}
INK, FAINT, FAN = "#22262b", "#7b848e", "#dfe4ea"
COLUMN, MARGIN, NAMES_WIDTH = 1.45, 0.35, 0.95
HEIGHT, TITLE, SHAPES, MIDDLE, NAMES, SHARES = 5.1, 4.75, 3.98, 2.7, 1.36, 0.42
"""Heights above the lower edge: title, shapes, the middle of the solids, names of the layers, and the parameters."""
TALLEST = 2.1
"""A picture of `LARGEST_SIDE` pixels, and the longest bar."""
LARGEST_SIDE = 84
MOST_CARDS = 14
CARD_GAP = 0.035
CARD_WIDTH = 0.55
"""Of a square picture's height, as if it was seen from the side."""
BAR_HALF, PILL_HALF = 0.1, 0.24
STREAM_MIDDLE, STREAM_HALF = TALLEST / 4, TALLEST / 4 - 0.08
"""Of each of two bars: how far from the middle it is, and half of the most that it is high."""
ACTION_GAP = 0.26
MOST_ACTIONS = 18
"""That are drawn one by one."""


@dataclass(frozen=True)
class _Place:
    """Where something is drawn: its middle, and half of its height."""

    x: float
    y: float
    half: float


def plot_network(layers: Sequence[Layer], path: Path, *, title: str, actions: Sequence[str]) -> None:
    """Write a PNG of what `layers_of` says of a network; `actions` are the names of its outputs."""
    columns = _columns(layers)
    width = 2 * MARGIN + COLUMN * len(columns) + NAMES_WIDTH
    figure = Figure(figsize=(width, HEIGHT), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(0, HEIGHT), aspect="equal")
    axes.set_axis_off()
    axes.text(MARGIN, TITLE, title, fontsize=14, color=INK, weight="bold", va="center")
    total = sum(layer.parameters for layer in layers)
    axes.text(MARGIN, TITLE - 0.29, f"{total:,} parameters", fontsize=11, color=FAINT, va="center")
    places = [_places(column, MARGIN + COLUMN * (number + 0.5)) for number, column in enumerate(columns)]
    one_by_one = 0 < len(actions) <= MOST_ACTIONS
    if one_by_one:
        places[-1] = [_Place(places[-1][0].x, MIDDLE, min(TALLEST, ACTION_GAP * len(actions)) / 2)]
    for before, after in itertools.pairwise(zip(columns, places, strict=True)):
        _draw_connections(axes, *before, *after)
    for column, spots in zip(columns, places, strict=True):
        for layer, place in zip(column * (len(spots) // len(column)), spots, strict=True):
            if one_by_one and column is columns[-1]:
                _draw_actions(axes, layer, place, actions)
            elif len(layer.shape) == 3:
                _draw_cards(axes, layer, place)
            else:
                _draw_bar(axes, layer, place)
        _write_column(axes, column, spots[0].x)
    _draw_shares(axes, [layer for layer in layers if layer.parameters], width)
    save_figure(figure, path)


def _columns(layers: Sequence[Layer]) -> list[list[Layer]]:
    """The layers from left to right; the two that the streams of one before them go into share a column."""
    columns: list[list[Layer]] = []
    waiting = list(layers)
    while waiting:
        count = 2 if columns and columns[-1][0].streams == 2 else 1
        columns.append(waiting[:count])
        waiting = waiting[count:]
    return columns


def _places(column: list[Layer], x: float) -> list[_Place]:
    """Of the layers of a column; of a layer of two streams, those of both."""
    if len(column) == 1 and column[0].streams == 1:
        return [_Place(x, MIDDLE, _half_height(column[0]))]
    return [
        _Place(x, MIDDLE + side * STREAM_MIDDLE, min(_half_height(layer), STREAM_HALF))
        for layer, side in zip(column * (2 // len(column)), (1, -1), strict=True)
    ]


def _half_height(layer: Layer) -> float:
    """Grows with the root of a picture's side, and with the logarithm of a number of features."""
    if len(layer.shape) == 3:
        return TALLEST / 2 * math.sqrt(min(1.0, layer.shape[1] / LARGEST_SIDE))
    return TALLEST / 2 * min(1.0, max(0.15, math.log2(math.prod(layer.shape) + 1) / 10))


# ------------------------------------------------------------------------------------------------------------ drawing


def _draw_cards(axes: Axes, layer: Layer, place: _Place) -> None:
    """Pictures, or channels of them, one behind the other."""
    width, height, front = _card_width(layer, place), 2 * place.half, _front(layer)
    for number in reversed(range(_cards(layer))):
        shift = CARD_GAP * number - front
        card = Rectangle((place.x - width / 2 + shift, place.y - place.half + shift), width, height)
        card.set(facecolor=COLOURS[layer.kind], edgecolor="white", linewidth=0.6, zorder=3)
        card.set_alpha(0.75 if number else 1.0)
        axes.add_patch(card)


def _cards(layer: Layer) -> int:
    return max(1, min(MOST_CARDS, round(2.2 * math.log2(layer.shape[0] + 1))))


def _front(layer: Layer) -> float:
    """How far the first card is from the middle of all, to the left and down."""
    return CARD_GAP * (_cards(layer) - 1) / 2


def _card_width(layer: Layer, place: _Place) -> float:
    return 2 * place.half * CARD_WIDTH * min(1.2, layer.shape[2] / layer.shape[1])


def _draw_bar(axes: Axes, layer: Layer, place: _Place) -> None:
    """Features, with as many dots as there is room for."""
    _draw_pill(axes, layer, place, BAR_HALF)
    dots = max(1, min(math.prod(layer.shape) // layer.streams, int((2 * place.half - 0.08) / 0.16)))
    for number in range(dots):
        _draw_dot(axes, place.x, place.y + 0.16 * (number - (dots - 1) / 2), 0.045)


def _draw_actions(axes: Axes, layer: Layer, place: _Place, actions: Sequence[str]) -> None:
    """The last numbers, one or more for each action, and what the action is called."""
    gap = 2 * place.half / len(actions)
    several = math.prod(layer.shape) > len(actions)
    half_width, half = PILL_HALF if several else BAR_HALF, min(BAR_HALF, 0.42 * gap)
    for number, name in enumerate(actions):
        y = place.y + gap * ((len(actions) - 1) / 2 - number)
        _draw_pill(axes, layer, _Place(place.x, y, half), half_width)
        for dot in (-1.5, -0.5, 0.5, 1.5) if several else (0.0,):
            _draw_dot(axes, place.x + dot * half, y, (0.32 if several else 0.42) * half)
        axes.text(place.x + half_width + 0.1, y, name, fontsize=min(9.0, 45 * gap), color=INK, va="center")


def _draw_pill(axes: Axes, layer: Layer, place: _Place, half_width: float) -> None:
    style = f"round,pad=0,rounding_size={min(half_width, place.half)}"
    corner = (place.x - half_width, place.y - place.half)
    pill = FancyBboxPatch(corner, 2 * half_width, 2 * place.half, boxstyle=style)
    pill.set(facecolor=COLOURS[layer.kind], edgecolor="white", linewidth=0.8, zorder=3)
    axes.add_patch(pill)


def _draw_dot(axes: Axes, x: float, y: float, radius: float) -> None:
    axes.add_patch(Circle((x, y), radius, color="white", alpha=0.85, linewidth=0, zorder=4))


def _draw_connections(
    axes: Axes, sources: Sequence[Layer], at: Sequence[_Place], targets: Sequence[Layer], to: Sequence[_Place]
) -> None:
    """What the numbers of one column are made of in the column before."""
    if targets[0].kernel and len(sources[0].shape) == 3:
        return _draw_kernel(axes, sources[0], at[0], targets[0], to[0])
    streams_go_on = len(at) == len(to)
    pairs = zip(at, to, strict=True) if streams_go_on else itertools.product(at, to)
    for start, end in pairs:
        _draw_fan(axes, sources[0], start, end)


def _draw_kernel(axes: Axes, source: Layer, start: _Place, target: Layer, end: _Place) -> None:
    """The part of a picture that one number of the next is made of."""
    share = min(0.9, target.kernel / source.shape[1])
    width, height = _card_width(source, start) * share, 2 * start.half * share
    x = start.x - _front(source) + _card_width(source, start) * 0.18
    y = start.y - _front(source) + start.half * 0.35
    window = Rectangle((x - width / 2, y - height / 2), width, height, zorder=5)
    window.set(facecolor="white", edgecolor=INK, linewidth=0.8, alpha=0.9)
    axes.add_patch(window)
    tip = (end.x - _front(target), end.y + end.half * 0.1)
    for side in (1, -1):
        ends = [x + width / 2, tip[0]], [y + side * height / 2, tip[1]]
        axes.plot(*ends, color=INK, linewidth=0.7, alpha=0.7, zorder=5)
    axes.plot(*tip, "o", color=INK, markersize=2.2, zorder=6)


def _draw_fan(axes: Axes, source: Layer, start: _Place, end: _Place) -> None:
    """Every number is made of all of those before."""
    left = start.x + (BAR_HALF if len(source.shape) < 3 else _card_width(source, start) / 2)
    upper = [(left, start.y + start.half), (end.x - BAR_HALF, end.y + end.half)]
    lower = [(end.x - BAR_HALF, end.y - end.half), (left, start.y - start.half)]
    axes.add_patch(Polygon(upper + lower, facecolor=FAN, edgecolor="none", alpha=0.7, zorder=1))


# ------------------------------------------------------------------------------------------------------------ writing


def _write_column(axes: Axes, column: Sequence[Layer], x: float) -> None:
    """Shapes above, names and parameters below."""
    axes.text(
        x,
        SHAPES,
        " / ".join(_shape(layer) for layer in column),
        fontsize=10.5,
        color=INK,
        weight="bold",
        ha="center",
        va="center",
    )
    names = dict.fromkeys(layer.name for layer in column)
    details = dict.fromkeys(map(" / ".join, zip(*(layer.details for layer in column), strict=False)))
    lines = [*names, *details]
    parameters = sum(layer.parameters for layer in column)
    lines += [f"{parameters:,} parameters"] * (parameters > 0)
    for number, line in enumerate(lines):
        axes.text(
            x,
            NAMES - 0.185 * number,
            line,
            fontsize=8.5,
            ha="center",
            va="center",
            color=INK if number < len(names) else FAINT,
        )


def _shape(layer: Layer) -> str:
    if layer.streams > 1:
        return f"{layer.streams} × {layer.shape[0] // layer.streams:,}"
    return " × ".join(f"{size:,}" for size in layer.shape)


def _draw_shares(axes: Axes, layers: Sequence[Layer], width: float) -> None:
    """One bar of all parameters, each layer's share in its colour."""
    total, left, long = sum(layer.parameters for layer in layers), MARGIN, width - 2 * MARGIN
    for layer in layers:
        share = layer.parameters / total
        axes.add_patch(
            Rectangle(
                (left, SHARES - 0.11),
                long * share,
                0.22,
                facecolor=COLOURS[layer.kind],
                edgecolor="white",
                linewidth=0.8,
            )
        )
        if long * share > 0.45:
            axes.text(
                left + long * share / 2,
                SHARES,
                f"{share:.0%}",
                fontsize=8,
                color="white",
                ha="center",
                va="center",
                weight="bold",
            )
        left += long * share
    left = MARGIN
    for kind in dict.fromkeys(layer.kind for layer in layers):
        axes.add_patch(Rectangle((left, 0.1), 0.11, 0.11, facecolor=COLOURS[kind]))
        axes.text(left + 0.17, 0.155, KIND_NAMES[kind], fontsize=8, color=FAINT, va="center")
        left += 0.4 + 0.068 * len(KIND_NAMES[kind])

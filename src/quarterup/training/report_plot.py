"""A run on one page: scores, lengths, loss, values, speed, schedules, and what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from quarterup.training.metrics import Curve, EpisodeTable, Event, MetricsReader
from quarterup.training.plot_style import (
    COLOURS,
    DOTS_PER_INCH,
    looks_of,
    save_figure,
    short,
    show_scores_from_zero,
    steps_label,
    style_axes,
)
from quarterup.training.plots import LearningCurve, draw_curve, draw_thirds
from quarterup.training.statistics import WINDOW_EPISODES, running_mean

WIDTH_INCHES, HEIGHT_INCHES = 13.0, 13.0
POINTS_IN_WINDOW = 20
"""The bold line through a metric is the mean of this many of its points."""
MAX_EVENTS = 60
"""Of a kind that are marked. More would only be a grey wall: the latest are."""
EVENT_LOOKS: dict[str, tuple[str, Literal["-", "--", "-.", ":"]]] = {
    "resumed": ("#303030", "-"),
    "adjusted": (COLOURS[2], "--"),
    "control": (COLOURS[3], "--"),
    "emulator died": (COLOURS[1], ":"),
    "trouble": (COLOURS[1], "-"),
    "best": (COLOURS[4], "-."),
}
"""What is marked, and how; a new best among the scores only. That a checkpoint was saved is not: it says nothing."""
SCHEDULES = ("learning_rate", "epsilon", "expert_ratio", "beta", "cloning_weight")
SHARES = {
    "speed/act": "choosing actions",
    "speed/emulators": "emulators",
    "speed/held": "held up by learning",
    "speed/other": "other",
}


def plot_report(metrics: MetricsReader, path: Path, *, title: str, frame_skip: int) -> None:
    """Write the PNG. What there is nothing of yet is said where it would be."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS_PER_INCH)
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    figure.suptitle(title, fontsize=14, x=0.01, ha="left")
    panels = figure.subplots(4, 2)
    (score, spread), (length, values), (loss, schedules), (speed, shares) = panels
    episodes = metrics.episodes()
    _draw_scores(score, spread, episodes)
    _draw_lengths(length, episodes)
    _draw_metric(values, metrics.curve("q"), "Value of the actions taken (Q)", "points")
    _draw_metric(loss, metrics.curve("loss"), "Loss", "loss")
    _draw_schedules(schedules, [(name, metrics.curve(name)) for name in SCHEDULES])
    _draw_speeds(speed, metrics)
    _draw_shares(shares, metrics)
    over_steps = [axes for axes in panels.ravel() if axes is not spread]
    events = metrics.events()
    end = _last_step(episodes, events)
    for axes in over_steps:
        style_axes(axes, steps=True)
        axes.set_xlim(0, end)
        axes.set_xlabel(steps_label(frame_skip), fontsize=9)
    handles = _mark_events(over_steps, events)
    if handles:
        figure.legend(handles=handles, fontsize=10, frameon=False, loc="outside lower center", ncols=len(handles))
    save_figure(figure, path)


def _draw_scores(curve: Axes, spread: Axes, episodes: EpisodeTable) -> None:
    _name(curve, "Score of an episode", "points")
    _name(spread, "How scores spread (dotted: means)", "share of the episodes")
    spread.set_xlabel("score of an episode", fontsize=9)
    if not len(episodes.scores):
        _say_nothing(curve)
        _say_nothing(spread)
        return
    scores = LearningCurve("", episodes.env_steps, episodes.scores)
    draw_curve(curve, scores)
    show_scores_from_zero(curve)
    draw_thirds(spread, scores)
    _legend(curve)
    _legend(spread)


def _draw_lengths(axes: Axes, episodes: EpisodeTable) -> None:
    _name(axes, "Length of an episode", "env steps")
    if not len(episodes.lengths):
        _say_nothing(axes)
        return
    steps, colour = episodes.env_steps, COLOURS[0]
    axes.plot(steps, episodes.lengths, ".", color=colour, alpha=0.25, markersize=4, label="one episode")
    means = running_mean(episodes.lengths, WINDOW_EPISODES)
    axes.plot(steps, means, color=colour, linewidth=2.2, label=f"mean of the last {WINDOW_EPISODES}")
    axes.set_ylim(bottom=0)
    _legend(axes)


def _draw_metric(axes: Axes, curve: Curve, title: str, unit: str) -> None:
    _name(axes, title, unit)
    if not len(curve.values):
        _say_nothing(axes)
        return
    axes.plot(curve.env_steps, curve.values, color=COLOURS[5], alpha=0.5, linewidth=0.8, label="as measured")
    means = running_mean(curve.values, POINTS_IN_WINDOW)
    axes.plot(curve.env_steps, means, color=COLOURS[0], linewidth=2.0, label=f"mean of the last {POINTS_IN_WINDOW}")
    _legend(axes)


def _draw_schedules(axes: Axes, schedules: Sequence[tuple[str, Curve]]) -> None:
    """All on one axis, each as a share of its highest value, which the legend says."""
    _name(axes, "Schedules", "share of the highest value")
    there = [(name, curve) for name, curve in schedules if len(curve.values) and curve.values.max() > 0]
    if not there:
        _say_nothing(axes)
        return
    for (name, curve), look in zip(there, looks_of(len(there)), strict=True):
        highest = curve.values.max()
        label = f"{name.replace('_', ' ')}, highest {highest:.3g}"
        axes.plot(curve.env_steps, curve.values / highest, color=look.colour, linewidth=1.8, label=label)
    axes.set_ylim(-0.04, 1.08)
    _legend(axes)


def _draw_speeds(axes: Axes, metrics: MetricsReader) -> None:
    """Each on an axis of its own, since one is many times the other."""
    _name(axes, "Speed", "env steps a second")
    steps, updates = metrics.curve("speed/env_steps_per_s"), metrics.curve("speed/updates_per_s")
    if not len(steps.values):
        _say_nothing(axes)
        return
    right = axes.twinx()
    looks = looks_of(2)
    lines = [
        *axes.plot(steps.env_steps, steps.values, color=looks[0].colour, linewidth=1.8, label="env steps, left"),
        *right.plot(updates.env_steps, updates.values, color=looks[1].colour, linewidth=1.8, label="updates, right"),
    ]
    right.set_ylabel("updates a second", fontsize=9)
    right.tick_params(labelsize=9)
    right.spines["top"].set_visible(False)
    for each in (axes, right):
        each.set_ylim(bottom=0)
    right.legend(handles=lines, fontsize=8, loc="lower right", framealpha=0.8, edgecolor="none")


def _draw_shares(axes: Axes, metrics: MetricsReader) -> None:
    _name(axes, "Where the time goes", "share of the time")
    curves = [metrics.curve(name) for name in SHARES]
    if len({len(curve.values) for curve in curves}) > 1 or not len(curves[0].values):
        _say_nothing(axes)
        return
    colours = (COLOURS[0], COLOURS[5], COLOURS[1], "#c8c8c8")
    steps, values = curves[0].env_steps, [curve.values for curve in curves]
    axes.stackplot(steps, values, colors=colours, labels=list(SHARES.values()), alpha=0.85)
    axes.set_ylim(0, 1)
    axes.legend(fontsize=8, loc="lower right", framealpha=0.8, edgecolor="none")


def _mark_events(panels: Sequence[Axes], events: Sequence[Event]) -> list[Line2D]:
    """A line in the panels, of which the scores' is the first, for each event; returns what the legend shows."""
    handles = []
    for kind, (colour, line) in EVENT_LOOKS.items():
        steps = [event.env_step for event in events if event.kind == kind]
        if not steps:
            continue
        for axes in panels[:1] if kind == "best" else panels:
            for step in steps[-MAX_EVENTS:]:
                axes.axvline(step, color=colour, linestyle=line, linewidth=0.9, alpha=0.55, zorder=0.5)
        handles.append(Line2D([], [], color=colour, linestyle=line, label=f"{kind} ({short(len(steps))})"))
    return handles


def _last_step(episodes: EpisodeTable, events: Sequence[Event]) -> int:
    last_episode = int(episodes.env_steps[-1]) if len(episodes.env_steps) else 0
    return max([1, last_episode, *(event.env_step for event in events)])


def _name(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel(unit, fontsize=9)


def _legend(axes: Axes) -> None:
    axes.legend(fontsize=8, loc="best", framealpha=0.8, edgecolor="none")


def _say_nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "nothing yet", transform=axes.transAxes, ha="center", va="center", color="#8c8c8c")

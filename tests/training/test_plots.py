"""Plots: PNG files in which the curves can be found by their colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from quarterup.training import plots
from quarterup.training.metrics import MetricsReader, MetricsWriter, Moment
from quarterup.training.plot_style import COLOURS, thousands
from quarterup.training.plots import REFERENCE_COLOURS, LearningCurve, plot_learning_curves, plot_score_histogram
from quarterup.training.report_plot import plot_report
from quarterup.training.statistics import Interval
from run_maker import make_run


def curve(label: str, slope: float = 1.0) -> LearningCurve:
    rng = np.random.default_rng(2)
    env_steps = np.arange(0, 50_000, 250)
    return LearningCurve(label, env_steps, rng.gamma(4, 25, 200) * (1 + slope * env_steps / 20_000))


def pixels_of(path: Path, colour: str) -> int:
    picture = np.asarray(Image.open(path).convert("RGB"), np.int64)
    wanted = np.array(to_rgb(colour)) * 255
    return int((np.abs(picture - wanted).max(axis=-1) < 6).sum())


def test_a_curve_and_its_references_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    references = {"random": Interval(90, 80, 100), "expert": Interval(300, 290, 310)}
    plot_learning_curves([curve("run")], path, title="Space Invaders", frame_skip=4, references=references)
    assert Image.open(path).size == (1280, 720)
    for colour in (COLOURS[0], *REFERENCE_COLOURS.values()):
        assert pixels_of(path, colour) > 500
    assert pixels_of(path, COLOURS[2]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["curve.png"]


def test_scores_below_zero_are_shown_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bottoms: list[float] = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, _: bottoms.append(figure.axes[0].get_ylim()[0]))
    steps = np.arange(0, 60_000, 100)
    goals = LearningCurve("run", steps, np.linspace(-3.0, 2.0, len(steps)))
    points = LearningCurve("run", steps, np.linspace(100.0, 200.0, len(steps)))
    for drawn in (goals, points):
        plot_learning_curves([drawn], tmp_path / "curve.png", title="", frame_skip=4)
    assert bottoms[0] <= -3
    assert bottoms[1] == 0


def test_several_runs_have_colours_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    plot_learning_curves([curve("one"), curve("two", 3.0)], path, title="Two runs", frame_skip=4)
    assert all(pixels_of(path, colour) > 500 for colour in COLOURS[:2])


def test_the_trend_is_that_of_the_last_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[str] = []
    monkeypatch.setattr(
        plots, "save_figure", lambda figure, _: labels.extend(figure.axes[0].get_legend_handles_labels()[1])
    )
    steps = np.arange(0, 60_000, 100)
    rising = LearningCurve("run", steps, np.maximum(0.0, steps - 30_000) / 100)
    plot_learning_curves([rising], tmp_path / "trend.png", title="", frame_skip=4)
    assert "trend: +100 per 10k steps" in labels
    labels.clear()
    plot_learning_curves(
        [LearningCurve("run", steps[:40], rising.scores[:40])], tmp_path / "short.png", title="", frame_skip=4
    )
    assert not [label for label in labels if "trend" in label]


def test_a_histogram_shows_thirds_of_one_run_and_the_last_of_several(tmp_path: Path) -> None:
    path = tmp_path / "scores.png"
    plot_score_histogram([curve("run")], path, title="Space Invaders")
    assert all(pixels_of(path, colour) > 300 for colour in COLOURS[:3])
    plot_score_histogram([curve("one"), curve("two", 3.0)], path, title="Two runs")
    assert all(pixels_of(path, colour) > 300 for colour in COLOURS[:2])
    assert pixels_of(path, COLOURS[2]) == 0


def test_a_report_marks_events_and_says_what_is_not_there_yet(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", episodes=60)
    writer = MetricsWriter(run.metrics)
    for kind in ("resumed", "adjusted", "emulator died", "trouble", "best", "saved"):
        writer.event(Moment(1500, 6000, 15.0), kind, "")
    writer.close()
    path = tmp_path / "report.png"
    with MetricsReader(run.metrics) as metrics:
        plot_report(metrics, path, title="Space Invaders", frame_skip=4)
    assert Image.open(path).size == (2080, 2080)
    assert all(pixels_of(path, colour) > 200 for colour in COLOURS[:2])
    assert pixels_of(path, COLOURS[4]) > 5  # the best checkpoint, in the legend
    MetricsWriter(tmp_path / "empty.db").close()
    with MetricsReader(tmp_path / "empty.db") as metrics:
        plot_report(metrics, path, title="A run that has just begun", frame_skip=4)
    assert pixels_of(path, COLOURS[0]) == 0


def test_a_run_without_an_episode_has_no_curve(tmp_path: Path) -> None:
    empty = LearningCurve("new", np.array([], np.int64), np.array([]))
    with pytest.raises(ValueError, match="no episode"):
        plot_learning_curves([empty], tmp_path / "no.png", title="", frame_skip=4)
    assert not list(tmp_path.iterdir())


def test_axis_numbers_are_short() -> None:
    assert [thousands(value) for value in (0, 500, 12_500, 2_000_000)] == ["0", "500", "12.5k", "2M"]

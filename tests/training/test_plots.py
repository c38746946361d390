"""Plots: PNG files in which the curves can be found by their colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from quarterup.training.plot_style import COLOURS, thousands
from quarterup.training.plots import REFERENCE_COLOURS, LearningCurve, plot_learning_curves
from quarterup.training.statistics import Interval


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
    assert pixels_of(path, COLOURS[1]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["curve.png"]


def test_several_runs_have_colours_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    plot_learning_curves([curve("one"), curve("two", 3.0)], path, title="Two runs", frame_skip=4)
    assert all(pixels_of(path, colour) > 500 for colour in COLOURS[:2])


def test_a_run_without_an_episode_has_no_curve(tmp_path: Path) -> None:
    empty = LearningCurve("new", np.array([], np.int64), np.array([]))
    with pytest.raises(ValueError, match="no episode"):
        plot_learning_curves([empty], tmp_path / "no.png", title="", frame_skip=4)
    assert not list(tmp_path.iterdir())


def test_axis_numbers_are_short() -> None:
    assert [thousands(value) for value in (0, 500, 12_500, 2_000_000)] == ["0", "500", "12.5k", "2M"]

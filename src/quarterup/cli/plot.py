"""`quarterup plot`: the learning curves of one or more runs as a PNG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from quarterup.cli.console import make_console
from quarterup.games import find_game
from quarterup.training.errors import RunFolderError
from quarterup.training.loading import settings_of
from quarterup.training.metrics import MetricsReader
from quarterup.training.plots import LearningCurve, plot_learning_curves
from quarterup.training.references import read_references
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import TrainSettings
from quarterup.training.statistics import Interval


@dataclass(frozen=True)
class Settings:
    """Draw the scores of runs over their env steps.

    The scores of the random and the rule-based player are drawn beside them where the first run has them in its
    evaluations/: `quarterup eval RUN --policy random` puts them there.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders, of the same game under the same rules."""
    out: Path | None = None
    """The PNG. Left out: plots/learning_curve.png of a single run, ./learning_curves.png of several."""
    json: bool = False
    """Print where it is as one JSON object on the last line."""


def run(settings: Settings) -> int:
    if not settings.runs:
        raise RunFolderError("Name at least one run folder.")
    runs = [RunFolder.open(path) for path in settings.runs]
    own_settings = check_comparable(runs)
    alone = runs[0].plots / "learning_curve.png" if len(runs) == 1 else Path("learning_curves.png")
    path = settings.out or alone
    if not path.parent.is_dir():
        raise RunFolderError(f"There is no folder {path.parent} to write {path.name} into.")
    draw(runs, own_settings, path)
    make_console(json=settings.json).print(f"plot: {path}", soft_wrap=True)
    if settings.json:
        print(json.dumps({"plot": str(path), "runs": [str(one.path) for one in runs]}))
    return 0


def draw(
    runs: Sequence[RunFolder], settings: TrainSettings, path: Path, references: dict[str, Interval] | None = None
) -> None:
    """Write the learning curves. Raises RunFolderError if no run has finished an episode."""
    curves = [_curve(run) for run in runs]
    if not any(len(curve.scores) for curve in curves):
        raise RunFolderError("No episode of these runs has ended yet: there is no curve to draw.")
    status = runs[0].config.machine.get("rom_status", "unknown")
    names = settings.agent if len(runs) == 1 else f"{len(runs)} runs"
    plot_learning_curves(
        curves,
        path,
        title=f"{find_game(settings.game).title} ({status}): {names}",
        frame_skip=settings.env.frame_skip,
        references=references or read_references(runs[0].evaluations),
    )


def check_comparable(runs: Sequence[RunFolder]) -> TrainSettings:
    """The settings of the first run. Raises RunFolderError if another was played otherwise."""
    first = settings_of(runs[0])
    for run in runs[1:]:
        other = settings_of(run)
        differing = [
            f"{name} is {ours} and {theirs}"
            for name, ours, theirs in (
                ("the game", first.game, other.game),
                ("the ROM", runs[0].config.machine.get("rom_status"), run.config.machine.get("rom_status")),
                ("frame_skip", first.env.frame_skip, other.env.frame_skip),
                ("sticky", first.env.sticky, other.env.sticky),
                ("life_loss_ends_episode", first.env.life_loss_ends_episode, other.env.life_loss_ends_episode),
            )
            if ours != theirs
        ]
        if differing:
            raise RunFolderError(
                f"{runs[0].path} and {run.path} cannot share a plot, their scores don't compare: "
                + ", ".join(differing)
                + "."
            )
    return first


def _curve(run: RunFolder) -> LearningCurve:
    with MetricsReader(run.metrics) as metrics:
        episodes = metrics.episodes()
    return LearningCurve(run.path.name, episodes.env_steps, episodes.scores)

"""`quarterup plot`: the learning curves of one or more runs as a PNG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from quarterup.agents.networks.layers import layers_of
from quarterup.cli.console import make_console
from quarterup.envs.observations import view_of
from quarterup.games import find_game
from quarterup.training.comparable import check_comparable
from quarterup.training.errors import RunFolderError
from quarterup.training.loading import find_checkpoint, load_actor
from quarterup.training.metrics import MetricsReader
from quarterup.training.network_plot import plot_network
from quarterup.training.plots import LearningCurve, plot_learning_curves, plot_score_histogram
from quarterup.training.references import read_references
from quarterup.training.report_plot import plot_report
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import TrainSettings
from quarterup.training.statistics import Interval

Kind = Literal["curve", "histogram", "report", "network"]
NAMES: dict[Kind, tuple[str, str]] = {
    "curve": ("learning_curve.png", "learning_curves.png"),
    "histogram": ("scores.png", "scores.png"),
    "report": ("report.png", ""),
    "network": ("network.png", ""),
}
"""What the picture of a single run is called, and that of several."""


@dataclass(frozen=True)
class Settings:
    """Draw runs, while they train or afterwards.

    A curve has the scores of the random and the rule-based player beside it where the first run has them in its
    evaluations/: `quarterup eval RUN --policy random` puts them there.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders, of the same game under the same rules."""
    kind: Kind = "curve"
    """`curve`: scores over env steps. `histogram`: how often which scores were reached. `report`: one run on one page,
    with scores, lengths, loss, values, speed, schedules, and what happened when. `network`: the layers of one run's
    network, as its newest checkpoint has them."""
    out: Path | None = None
    """The PNG. Left out: one in plots/ of a single run's folder, or of several in the current folder."""
    json: bool = False
    """Print where it is as one JSON object on the last line."""


def run(settings: Settings) -> int:
    if not settings.runs:
        raise RunFolderError("Name at least one run folder.")
    runs = [RunFolder.open(path) for path in settings.runs]
    if len(runs) > 1 and not NAMES[settings.kind][1]:
        raise RunFolderError(
            f"A picture of the kind {settings.kind} is of one run. Name one, or compare them: `quarterup compare`."
        )
    own_settings = check_comparable(runs)
    of_one, of_several = NAMES[settings.kind]
    path = settings.out or (runs[0].plots / of_one if len(runs) == 1 else Path(of_several))
    if not path.parent.is_dir():
        raise RunFolderError(f"There is no folder {path.parent} to write {path.name} into.")
    drawn = {"curve": draw, "histogram": draw_histogram, "report": draw_report, "network": draw_network}
    drawn[settings.kind](runs, own_settings, path)
    make_console(json=settings.json).print(f"plot: {path}", soft_wrap=True)
    if settings.json:
        print(json.dumps({"plot": str(path), "runs": [str(one.path) for one in runs]}))
    return 0


def draw(
    runs: Sequence[RunFolder], settings: TrainSettings, path: Path, references: dict[str, Interval] | None = None
) -> None:
    """Write the learning curves. Raises RunFolderError if no run has finished an episode."""
    plot_learning_curves(
        _curves(runs),
        path,
        title=_title(runs, settings),
        frame_skip=settings.env.frame_skip,
        references=references or read_references(runs[0].evaluations),
    )


def draw_histogram(runs: Sequence[RunFolder], settings: TrainSettings, path: Path) -> None:
    """Write the histogram of scores. Raises RunFolderError if no run has finished an episode."""
    plot_score_histogram(_curves(runs), path, title=_title(runs, settings))


def draw_report(runs: Sequence[RunFolder], settings: TrainSettings, path: Path) -> None:
    """Write the page of the first run."""
    title = f"{_title(runs[:1], settings)}, {runs[0].path.resolve().name}"
    with MetricsReader(runs[0].metrics) as metrics:
        plot_report(metrics, path, title=title, frame_skip=settings.env.frame_skip)


def draw_network(runs: Sequence[RunFolder], settings: TrainSettings, path: Path) -> None:
    """Write the layers of the first run's network. Raises CheckpointError if it has saved none yet."""
    saved = find_checkpoint(runs[0], "last")
    game = find_game(settings.game)
    space = view_of(game, settings.env).space
    actor = load_actor(runs[0], saved, space, len(game.actions))
    layers = layers_of(actor.network, space.shape)
    plot_network(layers, path, title=_title(runs[:1], settings), actions=[action.name for action in game.actions])


def _title(runs: Sequence[RunFolder], settings: TrainSettings) -> str:
    status = runs[0].config.machine.get("rom_status", "unknown")
    names = settings.agent if len(runs) == 1 else f"{len(runs)} runs"
    return f"{find_game(settings.game).title} ({status}): {names}"


def _curves(runs: Sequence[RunFolder]) -> list[LearningCurve]:
    curves = [_curve(run) for run in runs]
    if not any(len(curve.scores) for curve in curves):
        raise RunFolderError("No episode of these runs has ended yet: there is no curve to draw.")
    return curves


def _curve(run: RunFolder) -> LearningCurve:
    with MetricsReader(run.metrics) as metrics:
        episodes = metrics.episodes()
    return LearningCurve(run.path.name, episodes.env_steps, episodes.scores)

"""`quarterup train`: train an agent on a game, or go on with a run."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from rich.console import Console
from rich.text import Text

from quarterup.cli.page import HOST, PORT, serve_page
from quarterup.training.errors import SettingsError
from quarterup.training.live_table import make_display
from quarterup.training.loading import settings_of, weights_of
from quarterup.training.policies import AgentPolicy
from quarterup.training.presets import has_settings, settings_for, with_demonstrations
from quarterup.training.progress import Display, Phase
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import TrainingResult, train
from quarterup.training.settings import TrainSettings

if TYPE_CHECKING:
    from quarterup.training.evaluation import Evaluation


@dataclass(frozen=True)
class Settings(TrainSettings):
    __doc__ = TrainSettings.__doc__

    preset: str = ""
    """Named settings to begin with, instead of the game's own: an algorithm (dqn, rainbow, btr, keras2018), a size
    (tiny, laptop, desktop), or both, as in btr+laptop. Other flags still override them."""
    dashboard: bool = True
    """Serve a page on which the training can be watched and steered; its link is printed."""
    host: str = HOST
    """Where the page is served. Any other than this machine itself, such as 0.0.0.0, makes links with a token."""
    port: int = PORT
    """Where the page is served; the next one if it is taken. 0: any that is free."""


def defaults(arguments: Sequence[str]) -> Settings:
    """What the flags that are left out mean: with --resume the run's own settings, else the preset's or the game's.

    Raises SettingsError if there is no such agent or preset, and RunFolderError if there is no such run.
    """
    run, preset = _value_of("--run", arguments), _value_of("--preset", arguments)
    demos = _value_of("--demos", arguments)
    if "--resume" in arguments and preset is not None:
        raise SettingsError("--preset is for a new run: one that goes on keeps its own settings. Leave it out.")
    if "--resume" in arguments and demos is not None:
        raise SettingsError("--demos is for a new run: one that goes on has what it was shown. Leave it out.")
    if "--resume" in arguments and run is not None:
        return Settings(**{**vars(settings_of(RunFolder.open(Path(run)))), "json": False})
    game = next((word for word in arguments if has_settings(word)), "")
    settings = settings_for(game, _value_of("--agent", arguments), preset)
    if demos is not None:
        settings = with_demonstrations(settings)
    return Settings(**{**vars(settings), "game": tyro.MISSING})


def run(flags: Settings) -> int:
    """Train, evaluate, draw, and say what came of it."""
    # By now the preset has become settings; config.json keeps these, and the command line that named it.
    settings = TrainSettings(**{field.name: getattr(flags, field.name) for field in dataclasses.fields(TrainSettings)})
    console = Console(stderr=settings.json)
    display = make_display(
        f"{settings.game} · {settings.agent}", console, noisy=bool(getattr(settings.agent_settings, "noisy", False))
    )
    with contextlib.ExitStack() as served:

        def begun(run: RunFolder) -> None:
            if flags.dashboard:
                serve_page(run, display, served, flags.host, flags.port)

        try:
            result = train(settings, display, begun=begun)
            evaluation = _evaluate(settings, result, display) if result.finished and settings.eval_episodes else None
        finally:
            display.close()
        plot = _plot(result, settings)
    report = _report(result, evaluation, plot)
    _print(report, console)
    if not result.finished:
        path = shlex.quote(str(result.run.path))
        console.print(f"Saved. Go on with: quarterup train --resume --run {path}", highlight=False, soft_wrap=True)
    if settings.json:
        print(json.dumps(report))
    return 0 if result.signal_number is None else 128 + result.signal_number


def _evaluate(settings: TrainSettings, result: TrainingResult, display: Display) -> Evaluation:
    """Whole games by the trained agent, without exploration."""
    from quarterup.training.evaluation import evaluate, save_evaluation

    def show(played: int) -> None:
        display.update(
            dataclasses.replace(
                result.progress, phase=Phase.EVALUATING, evaluated=played, to_evaluate=settings.eval_episodes
            )
        )

    show(0)
    evaluation = evaluate(
        AgentPolicy(result.actor, weights_of(result.env_steps)),
        settings.game,
        settings.env,
        episodes=settings.eval_episodes,
        num_envs=settings.envs,
        progress=show,
    )
    save_evaluation(evaluation, result.run.evaluations)
    return evaluation


def _plot(result: TrainingResult, settings: TrainSettings) -> Path | None:
    """The learning curve, the scores and the report, once an episode has ended; returns where the curve is."""
    from quarterup.cli.plot import draw, draw_histogram, draw_report

    if not result.episodes:
        return None
    path = result.run.plots / "learning_curve.png"
    draw([result.run], settings, path)
    draw_histogram([result.run], settings, result.run.plots / "scores.png")
    draw_report([result.run], settings, result.run.plots / "report.png")
    return path


def _report(result: TrainingResult, evaluation: Evaluation | None, plot: Path | None) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "run": str(result.run.path),
        "finished": result.finished,
        "env_steps": result.env_steps,
        "frames": result.frames,
        "updates": result.updates,
        "episodes": result.episodes,
        "wall_s": round(result.wall_s, 1),
        "mean_score_last_100": result.mean_score,
        "best_checkpoint": dataclasses.asdict(result.best) if result.best else None,
        "rom_status": result.run.config.machine.get("rom_status"),
        "evaluation": evaluation.to_json() if evaluation else None,
        "plot": str(plot) if plot else None,
    }


def _print(report: dict[str, Any], console: Console) -> None:
    rows = _rows(report)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        line = Text.assemble((f"{name:<{width}}  ", "dim"), value)
        console.print(line, soft_wrap=True)


def _rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("run", report["run"]),
        ("trained", f"{report['env_steps']:,} steps ({report['frames']:,} frames) in {report['wall_s']:,.0f} s"),
        ("episodes", f"{report['episodes']:,}"),
    ]
    if report["mean_score_last_100"] is not None:
        rows.append(("mean score while training", f"{report['mean_score_last_100']:,.1f} (last 100 episodes)"))
    if (evaluation := report["evaluation"]) is not None:
        interval = f"95 % interval {evaluation['mean_95_low']:,.1f} to {evaluation['mean_95_high']:,.1f}"
        games = f"{len(evaluation['episodes'])} games without exploration"
        rows.append(("mean score when trained", f"{evaluation['mean']:,.1f} ({interval}, {games})"))
    if report["rom_status"]:
        rows.append(("played on", f"ROM: {report['rom_status']}"))
    if report["plot"]:
        rows.append(("plot", report["plot"]))
    return rows


def _value_of(flag: str, arguments: Sequence[str]) -> str | None:
    """The value of `flag`, before tyro reads the line: it decides which other flags there are."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        if argument == flag:
            return following
        if argument.startswith(f"{flag}="):
            return argument.removeprefix(f"{flag}=")
    return None

"""`quarterup demo`: train an agent on Space Invaders, compare it with two other players, and show its best game."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from quarterup.cli.console import make_console
from quarterup.cli.eval import scores_table
from quarterup.cli.page import serve_page
from quarterup.cli.plot import draw
from quarterup.training.evaluation import FIRST_SEED, Evaluation, evaluate, save_evaluation
from quarterup.training.live_table import make_display
from quarterup.training.loading import weights_of
from quarterup.training.policies import AgentPolicy, ExpertPolicy, Policy, RandomPolicy
from quarterup.training.presets import settings_for
from quarterup.training.recording import record_video
from quarterup.training.run_folder import next_free
from quarterup.training.session import TrainingResult, train
from quarterup.training.settings import TrainSettings

GAME = "space_invaders"
DEMO = dataclasses.replace(settings_for(GAME), steps=200_000)
"""What every training of the game begins with, until it is clearly better than the rules."""
VIDEO_MINUTES = 5.0
"""Of game time. A longer game is shown up to there."""


@dataclass(frozen=True)
class Settings:
    """Train an agent on Space Invaders in a few minutes on two cores, and see what came of it.

    Meanwhile a page shows the games that it plays: its link is printed at the start.
    Afterwards the random player, the rule-based player and the trained agent play the same number of games. A table
    of their scores, a plot of the training and a video of the agent's best game are left in the run folder.
    """

    run: Path | None = None
    """The run folder. Left out: a new one, runs/space_invaders-demo-NUMBER."""
    steps: int = DEMO.steps
    """Env steps of the training. More take longer and play better."""
    episodes: int = 30
    """Games that each of the three plays. More make the intervals narrower."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the outcome as one JSON object on the last line."""


def run(settings: Settings) -> int:
    began = time.monotonic()
    console = make_console(json=settings.json)
    wanted = dataclasses.replace(
        DEMO,
        steps=settings.steps,
        run=settings.run or next_free(GAME, "demo"),
        env=dataclasses.replace(DEMO.env, roms=settings.roms),
    )
    display = make_display("quarterup demo: Space Invaders", console, noisy=False)
    with contextlib.ExitStack() as served:
        try:
            result = train(wanted, display, begun=lambda run: serve_page(run, display, served))
        finally:
            display.close()
    if not result.finished:
        console.print(f"Stopped and saved. Go on with: {_resume(result)}", soft_wrap=True)
        return 128 + (result.signal_number or 0)
    trained = AgentPolicy(result.actor, weights_of(result.env_steps))
    players: tuple[Policy, ...] = (RandomPolicy(FIRST_SEED), ExpertPolicy(), trained)
    evaluations = [_evaluate(player, wanted, settings.episodes, console) for player in players]
    for evaluation in evaluations:
        save_evaluation(evaluation, result.run.evaluations)
    plot = result.run.plots / "learning_curve.png"
    references = {evaluation.protocol.policy: evaluation.mean for evaluation in evaluations[:2]}
    draw([result.run], wanted, plot, references)
    video = _record(evaluations[-1], wanted, result, console)
    minutes = (time.monotonic() - began) / 60
    _tell(evaluations, result, plot, video, minutes, console)
    if settings.json:
        outcome = {
            "run": str(result.run.path),
            "rom_status": evaluations[0].protocol.rom_status,
            "evaluations": {one.protocol.policy: one.to_json() for one in evaluations},
            "agent_above_random": evaluations[2].mean.low > evaluations[0].mean.high,
            "plot": str(plot),
            "video": str(video),
            "minutes": round(minutes, 1),
        }
        print(json.dumps(outcome))
    return 0


def _evaluate(player: Policy, settings: TrainSettings, episodes: int, console: Console) -> Evaluation:
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"{player.name} plays {episodes} games", total=episodes)
        return evaluate(
            player,
            GAME,
            settings.env,
            episodes=episodes,
            num_envs=settings.envs,
            progress=lambda played: bar.update(task, completed=played),
        )


def _record(evaluation: Evaluation, settings: TrainSettings, result: TrainingResult, console: Console) -> Path:
    best = evaluation.best
    path = result.run.videos / f"best_game-{best.score:.0f}.mp4"
    frames_per_second = result.run.config.machine["refresh_hz"]
    with console.status("recording the best game"):
        max_frames = int(VIDEO_MINUTES * 60 * frames_per_second)
        record_video(best.trace, path, roms=settings.env.roms, max_frames=max_frames)
    return path


def _tell(
    evaluations: Sequence[Evaluation],
    result: TrainingResult,
    plot: Path,
    video: Path,
    minutes: float,
    console: Console,
) -> None:
    """The table, where everything is, what was played, and what to do next."""
    random, expert, agent = (evaluation.mean for evaluation in evaluations)
    console.print(scores_table(list(evaluations)))
    if agent.low > random.high:
        console.print("The agent plays better than random: the intervals do not overlap.")
    else:
        console.print("These games do not show that the agent plays better than random.")
    if agent.low > expert.high:
        console.print("It plays better than the rule-based player, too.")
    elif agent.high < expert.low:
        console.print("The rule-based player is still better.")
    else:
        console.print("Between it and the rule-based player these games show no difference.")
    if evaluations[0].protocol.rom_status == "stand-in":
        console.print(
            "\nPlayed was the stand-in that comes with quarterup: a game of its own on the same board, not the "
            "original. `quarterup games` says where to put the ROM set of the original if you have it."
        )
    else:
        console.print(f"\nPlayed was your own ROM set ({evaluations[0].protocol.rom_status}).")
    run, quarterup = shlex.quote(str(result.run.path)), _program()
    console.print(
        f"\nvideo of its best game:  {video}\nlearning curve:          {plot}\nrun folder:              {run}\n"
        f"all of it took {minutes:.1f} minutes\n\n"
        f"Watch it play:           {quarterup} play {run}\n"
        f"Play yourself:           {quarterup} play {GAME} --human\n"
        f"Train it further:        {quarterup} train {GAME} --resume --run {run} "
        f"--steps {result.env_steps * 10}",
        soft_wrap=True,
    )


def _resume(result: TrainingResult) -> str:
    return f"{_program()} train {GAME} --resume --run {shlex.quote(str(result.run.path))}"


def _program() -> str:
    """How this program is called from where the person is: `make demo` runs it without having it on PATH."""
    return "quarterup" if shutil.which("quarterup") else shlex.quote(sys.argv[0])

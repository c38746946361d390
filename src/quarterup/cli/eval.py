"""`quarterup eval`: play whole games with a trained agent, at random, or with the rule-based player."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from quarterup.cli.console import make_console, make_table
from quarterup.cli.target import PolicyName, Target, check_policy, find_target, make_policy
from quarterup.emulators.systems import EmulatorName
from quarterup.envs.settings import EnvSettings
from quarterup.training.demonstrations import keep
from quarterup.training.evaluation import (
    FIRST_SEED,
    Evaluation,
    EvaluationError,
    evaluate_in,
    make_env,
    save_evaluation,
)
from quarterup.training.protocols import OWN_RULES, ProtocolName, under_protocol
from quarterup.training.recording import record_video


@dataclass(frozen=True)
class Settings:
    """Play whole games and report the scores.

    The games start from seeds that no training uses. The rules are those of the run (frame skip, sticky actions and so
    on), or of a game those of its usual training, unless --protocol names published ones. A lost life never ends a
    game here. The outcome of a run, with all rules and versions, is stored in its folder evaluations/.
    """

    target: tyro.conf.Positional[str]
    """A run folder, a checkpoint in one, or a game."""
    policy: PolicyName = "agent"
    """Who plays: the run's agent without exploration, someone who presses at random, or the rule-based player."""
    checkpoint: str = "last"
    """Which one of the run: `last`, `best`, or an env step."""
    protocol: ProtocolName = OWN_RULES
    """Whose rules. `run`: the run's own. `machado18`: sticky actions with 0.25, no no-ops, frame skip 4, at most
    108,000 frames (Machado et al., 2018). `classic`: up to 30 no-ops, no sticky actions, frame skip 4, at most 108,000
    frames (Mnih et al., 2015; Hessel et al., 2018)."""
    episodes: int = 30
    """Whole games to play. More make the interval narrower."""
    seed: int = FIRST_SEED
    """Game k starts from this plus k."""
    envs: int = 2
    """Emulators that play at once. It changes how long it takes, not what comes out."""
    video: bool = False
    """Write a video of the best game: into the run's videos/, or the current folder."""
    traces: Path | None = None
    """Keep the trace of every game in this folder: `quarterup record` shows it, `quarterup train --demos` learns from
    it."""
    emulator: EmulatorName = "auto"
    """What runs the machine; auto: what the run was trained in, or for a game the best that is installed."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the outcome as one JSON object on the last line."""


def run(settings: Settings) -> int:
    found = find_target(settings.target, settings.checkpoint, settings.roms, settings.emulator)
    target = dataclasses.replace(found, env=under_protocol(found.env, settings.protocol))
    check_policy(target, settings.policy)
    if settings.episodes < 1 or settings.envs < 1:
        raise EvaluationError("--episodes and --envs must be at least 1.")
    console = make_console(json=settings.json)
    env = make_env(target.game, target.env, min(settings.envs, settings.episodes))
    try:
        policy = make_policy(target, settings.policy, env, settings.seed)
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task(f"{policy.name} plays", total=settings.episodes)
            evaluation = evaluate_in(
                env,
                policy,
                target.env,
                episodes=settings.episodes,
                first_seed=settings.seed,
                protocol_name=settings.protocol,
                progress=lambda played: bar.update(task, completed=played),
            )
    finally:
        env.close()
    outcome = evaluation.to_json()
    if target.run is not None:
        outcome["file"] = str(save_evaluation(evaluation, target.run.evaluations))
    if settings.traces is not None:
        outcome["traces"] = [str(keep(episode.trace, settings.traces)) for episode in evaluation.episodes]
    if settings.video:
        outcome["video"] = str(_record(target, evaluation, console))
    console.print(scores_table([evaluation]))
    if target.run is not None and (changed := _changed(found.env, target.env)):
        console.print(f"Not the rules that the agent was trained under: {changed}.")
    for kind in ("file", "video"):
        if kind in outcome:
            console.print(f"{kind}: {outcome[kind]}", soft_wrap=True)
    if settings.json:
        print(json.dumps(outcome))
    return 0


def _changed(trained: EnvSettings, played: EnvSettings) -> str:
    """The rules that a protocol changed, such as "sticky 0.25 instead of 0.0"."""
    before, now = vars(trained), vars(played)
    return ", ".join(f"{name} {now[name]} instead of {before[name]}" for name in now if now[name] != before[name])


def _record(target: Target, evaluation: Evaluation, console: Console) -> Path:
    folder = target.run.videos if target.run is not None else Path()
    folder.mkdir(exist_ok=True)
    best = evaluation.best
    path = folder / f"{target.game}-{evaluation.protocol.policy}-{best.score:.0f}-seed{best.seed}.mp4"
    with console.status("Recording the best game"):
        record_video(best.trace, path, roms=target.env.roms)
    return path


def scores_table(evaluations: list[Evaluation]) -> Table:
    """Players of one game, with their mean scores."""
    protocol = evaluations[0].protocol
    rules = "" if protocol.name == OWN_RULES else f", rules of {protocol.name}"
    title = f"{protocol.game} on {protocol.emulator}, ROM: {protocol.rom_status}{rules}"
    table = make_table(title, "player", "mean score>", "95 % interval>", "best>", "games>")
    for evaluation in evaluations:
        mean, low, high = evaluation.mean.figures()
        table.add_row(
            evaluation.protocol.policy,
            mean,
            f"{low} to {high}",
            f"{evaluation.best.score:,.0f}",
            str(len(evaluation.episodes)),
        )
    return table

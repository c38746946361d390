"""`quarterup record`: the best game of a checkpoint, or one that was kept, as a video, a GIF, or MAME's inputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from quarterup.cli.console import late_progress, make_console
from quarterup.cli.target import PolicyName, check_policy, find_target, make_policy
from quarterup.envs.trace import SUFFIX, Trace, read_trace, trace_to_bytes
from quarterup.training.evaluation import FIRST_SEED, EvaluationError, evaluate_in, make_env
from quarterup.training.files import replace_file
from quarterup.training.recording import Format, record_inp, record_video
from quarterup.training.video import SCALE


@dataclass(frozen=True)
class Settings:
    """Show a game: play some with a checkpoint, without exploration, and record the best; or record one that was kept.

    A training keeps its best games as traces, videos/best-*.trace in the run folder: what was sent to the machine. Any
    trace can be recorded later, in every form. The game is played again for it, and has to come out as it did.
    """

    target: tyro.conf.Positional[str]
    """A run folder, a checkpoint in one, a trace, or a game."""
    policy: PolicyName = "agent"
    """Who plays: the run's agent without exploration, someone who presses at random, or the rule-based player."""
    checkpoint: str = "last"
    """Which one of the run: `last`, `best`, or an env step."""
    episodes: int = 5
    """Games to play; the best of them is recorded."""
    seed: int = FIRST_SEED
    """Game k starts from this plus k."""
    envs: int = 2
    """Emulators that play at once."""
    format: Format = "mp4"
    """`mp4` has every frame; `gif`, for sharing, every third, and ends when it has 15 MB."""
    overlay: bool = False
    """Write score, level and step below the picture."""
    scale: int = SCALE
    """A pixel of the machine is this many in the video, both ways."""
    inp: bool = False
    """Also let MAME record its own inputs, to play the game back without quarterup; prints the command."""
    out: Path | None = None
    """The video's file. Left out: beside the trace, in the run's videos/, or in the current folder."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the outcome as one JSON object on the last line."""


def run(settings: Settings) -> int:
    if settings.scale < 1:
        raise EvaluationError(f"--scale={settings.scale}: at least 1 is needed.")
    console = make_console(json=True)
    if settings.target.endswith(SUFFIX):
        trace, name = read_trace(Path(settings.target)), Path(settings.target).with_suffix("")
        roms = settings.roms
    else:
        trace, name, roms = _played(settings, console)
    video = settings.out or name.with_name(f"{name.name}.{settings.format}")
    video.parent.mkdir(parents=True, exist_ok=True)
    outcome: dict[str, object] = {"score": trace.score, "level": trace.level, "steps": trace.steps}
    with late_progress(f"recording {trace.score:,.0f} points", console) as show:
        whole = record_video(
            trace,
            video,
            format=settings.format,
            scale=settings.scale,
            overlay=settings.overlay,
            roms=roms,
            progress=show,
        )
    outcome |= {"video": str(video), "whole": whole}
    if settings.inp:
        inp = video.with_suffix(".inp")
        with late_progress("MAME records its inputs", console) as show:
            command = record_inp(trace, inp, roms=roms, progress=show)
        outcome |= {"inp": str(inp), "playback": command}
    _tell(outcome, make_console(json=settings.json))
    if settings.json:
        print(json.dumps(outcome))
    return 0


def _played(settings: Settings, console: Console) -> tuple[Trace, Path, tuple[Path, ...]]:
    """The best of some games, where its video goes, without the ending, and where its ROM set is looked for."""
    target = find_target(settings.target, settings.checkpoint, settings.roms)
    check_policy(target, settings.policy)
    if settings.episodes < 1 or settings.envs < 1:
        raise EvaluationError("--episodes and --envs must be at least 1.")
    env = make_env(target.game, target.env, min(settings.envs, settings.episodes))
    try:
        policy = make_policy(target, settings.policy, env, settings.seed)
        with late_progress(f"{policy.name} plays", console) as show:
            evaluation = evaluate_in(
                env,
                policy,
                target.env,
                episodes=settings.episodes,
                first_seed=settings.seed,
                progress=lambda played: show(played, settings.episodes),
            )
    finally:
        env.close()
    best = evaluation.best
    folder = target.run.videos if target.run is not None else Path()
    who = target.checkpoint if target.run is not None and settings.policy == "agent" else settings.policy
    name = folder / f"{target.game}-{who}-{best.score:.0f}-seed{best.seed}"
    name.parent.mkdir(exist_ok=True)
    replace_file(name.with_name(name.name + SUFFIX), trace_to_bytes(best.trace))
    return best.trace, name, target.env.roms


def _tell(outcome: dict[str, object], console: Console) -> None:
    console.print(f"{outcome['score']:,.0f} points in {outcome['steps']:,} steps")
    console.print(f"video: {outcome['video']}", soft_wrap=True)
    if not outcome["whole"]:
        console.print("The GIF was full before the game was over: it is cut. --scale 1 holds more, an mp4 all of it.")
    if "inp" in outcome:
        console.print(f"MAME's inputs: {outcome['inp']}\nTo play them back:\n{outcome['playback']}", soft_wrap=True)

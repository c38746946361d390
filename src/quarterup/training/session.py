"""A session: everything from the settings of a run to its report. A run has one, and one more each time it resumes."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from quarterup.agents.agent import Actor, box
from quarterup.agents.registry import AgentKind
from quarterup.agents.schedules import highest
from quarterup.emulators.processors import confined_to
from quarterup.emulators.roms import rom_hashes
from quarterup.training.best_games import TROUBLE, BestGames
from quarterup.training.checkpoints import Best, Checkpoint
from quarterup.training.environment import TrainingEnv, make_arcade_env
from quarterup.training.errors import RunFolderError, SettingsError
from quarterup.training.interrupts import Interrupts
from quarterup.training.learner import Learner, LearnerBetween
from quarterup.training.learner_process import LearnerBeside, LearnerFacts
from quarterup.training.live import Live
from quarterup.training.loading import find_device, kind_of_agent
from quarterup.training.metrics import MetricsWriter, Moment
from quarterup.training.progress import Display, Progress
from quarterup.training.run_folder import RunFolder, check_free, describe, next_free
from quarterup.training.settings import (
    Division,
    TrainSettings,
    check_settings,
    differences,
    divide_work,
    from_json,
    to_json,
)
from quarterup.training.teaching import check_machine, demonstrations_of, teach
from quarterup.training.trainer import Trainer

NOTE_EVERY_S = 5.0
"""While demonstrations are played again."""


@dataclass(frozen=True)
class TrainingResult:
    """How a session ended."""

    run: RunFolder
    actor: Actor
    """Plays by what was learned."""
    env_steps: int
    frames: int
    updates: int
    episodes: int
    wall_s: float
    """Of all sessions."""
    mean_score: float | None
    """Of the last 100 episodes of the training, exploration included."""
    best: Best | None
    progress: Progress
    """As it was shown last."""
    finished: bool
    signal_number: int | None
    """What asked for an early end."""


def train(
    settings: TrainSettings,
    display: Display,
    make_env: Callable[[TrainSettings], TrainingEnv] = make_arcade_env,
    begun: Callable[[RunFolder], None] = lambda run: None,
) -> TrainingResult:
    """Begin a run, or go on with one, and train until it is finished or interrupted.

    `begun` is told the run folder as soon as there is one.

    Raises the errors of `quarterup.training.errors`, of the emulator, and of the replay.
    """
    check_settings(settings)
    kind = kind_of_agent(settings.agent)
    if settings.agent_settings is None:
        settings = dataclasses.replace(settings, agent_settings=kind.settings())
    if settings.demos and not kind.replays:
        raise SettingsError(f"--demos needs an agent with a replay to keep them in, and {settings.agent} has none.")
    traces = {} if settings.resume else demonstrations_of(settings)
    device = find_device(settings.device)
    division = divide_work(settings, replays=kind.replays)
    path = settings.run or next_free(settings.game, settings.agent)
    with contextlib.ExitStack() as stack:
        run: RunFolder | None = None
        if settings.resume:
            run = _run_to_resume(settings, kind)
            stack.callback(run.unlock)
        else:
            check_free(path)  # Now, and not only when the emulators have started.
        stack.enter_context(confined_to(division.env_processors))
        env = make_env(settings)
        stack.callback(env.close)
        _check_expert(settings, env)
        check_machine(traces, env)
        if run is None:
            space = env.vector.single_observation_space
            if slow := kind.check_room(space, env.num_actions, env.num_envs, settings.agent_settings, path / "replay"):
                display.note(slow)
            run = RunFolder.create(path, describe(to_json(dataclasses.replace(settings, run=path)), env.facts))
            run.lock()
            stack.callback(run.unlock)
        else:
            _check_same_rom(run, env)
        begun(run)
        return _train_in(run, settings, kind, env, device, division, display)


def _run_to_resume(settings: TrainSettings, kind: AgentKind) -> RunFolder:
    """The run of `settings`, locked. Raises RunFolderError if it is another game's, agent's, or was made otherwise."""
    if settings.run is None:
        raise SettingsError("--resume needs to know which run: give its folder with --run.")
    run = RunFolder.open(settings.run)
    recorded = run.config.settings
    if recorded["agent"] != settings.agent:
        raise RunFolderError(
            f"{run.path} is a run of the agent {recorded['agent']}, not {settings.agent}. Use another --run."
        )
    if different := differences(from_json(recorded, kind.settings), settings):
        raise RunFolderError(
            f"{run.path} is a run with other settings:\n  " + "\n  ".join(different) + "\nLeave them out to go on"
            " with its own, or use another --run."
        )
    run.lock()
    return run


def _check_expert(settings: TrainSettings, env: TrainingEnv) -> None:
    if highest(settings.expert_ratio) > 0 and not env.has_expert:
        raise SettingsError(f"{settings.game} has no rule-based player, so --expert-ratio must be 0.")


def _check_same_rom(run: RunFolder, env: TrainingEnv) -> None:
    recorded = run.config.machine.get("rom_sha256", {})
    found = rom_hashes(env.facts.rom_path) if env.facts else {}
    if recorded != found:
        status = env.facts.rom_status if env.facts else "none"
        raise RunFolderError(
            f"{run.path} was trained on another ROM ({run.config.machine.get('rom_status')}) than the one that is"
            f" found now ({status}, {env.facts.rom_path if env.facts else 'nowhere'}): its scores would not compare."
            " Point --roms to the folder of the first, or begin a new run."
        )


def _train_in(
    run: RunFolder,
    settings: TrainSettings,
    kind: AgentKind,
    env: TrainingEnv,
    device: str,
    division: Division,
    display: Display,
) -> TrainingResult:
    display.note(f"Run folder: {run.path}")
    found = run.checkpoints.load_newest() if settings.resume else None
    checkpoint, problems = found or (None, [])
    for problem in problems:
        display.note(f"{problem} Going on from an older one.")
    if settings.resume and checkpoint is None:
        display.note("The run had no checkpoint yet: it begins again.")
        run.clear_replay()
    with contextlib.ExitStack() as stack:
        make_learner = _learner_beside if division.beside else _learner_between
        learner = make_learner(run, settings, kind, env, device, division)
        stack.callback(learner.stop)
        metrics = MetricsWriter(run.metrics)
        stack.callback(metrics.close)
        best_games = BestGames(run.videos, settings.videos, settings.env.roms)
        stack.callback(best_games.close)
        live = Live(run.path, env, learner.actor)
        stack.callback(live.close)
        trainer = Trainer(settings, env, learner, run, metrics, display, best_games, live)
        now = _go_back(run, metrics, trainer, checkpoint, env)
        if settings.demos and checkpoint is None:
            _teach(settings, learner, env, metrics, now, display)
        if trainer.counters.env_steps >= settings.steps:
            raise SettingsError(
                f"{run.path} has had {trainer.counters.env_steps:,} of its {settings.steps:,} steps: it is finished."
                " Give more --steps to go on."
            )
        with Interrupts() as interrupts:
            trainer.train(interrupts)
            if trainer.counters.env_steps >= settings.steps:
                _make_last_video(best_games, metrics, trainer, display, interrupts)
        counters = trainer.counters
        return TrainingResult(
            run=run,
            actor=learner.actor,
            env_steps=counters.env_steps,
            frames=counters.env_steps * env.frames_per_step,
            updates=counters.updates,
            episodes=counters.episodes,
            wall_s=counters.wall_s,
            mean_score=trainer.progress.mean_score,
            best=run.checkpoints.best(),
            progress=trainer.progress,
            finished=counters.env_steps >= settings.steps,
            signal_number=interrupts.signal_number,
        )


def _make_last_video(
    best_games: BestGames, metrics: MetricsWriter, trainer: Trainer, display: Display, interrupts: Interrupts
) -> None:
    """The training is over: now there is time for the best game's."""
    if best_games.is_behind():
        display.note("Making the video of the best game. Ctrl-C leaves it for later.")
    counters, frames = trainer.counters, trainer.progress.frames
    for kind, text in best_games.finish(lambda: interrupts.signal_number is not None):
        metrics.event(Moment(counters.env_steps, frames, counters.wall_s), kind, text)
        if kind == TROUBLE:
            display.note(text)


def _learner_between(
    run: RunFolder, settings: TrainSettings, kind: AgentKind, env: TrainingEnv, device: str, division: Division
) -> Learner:
    torch.set_num_threads(division.threads)
    space = env.vector.single_observation_space
    agent = kind.make(
        space,
        env.num_actions,
        env.num_envs,
        settings.agent_settings,
        settings.seed,
        run.replay,
        device,
        env.mirror,
    )
    return LearnerBetween(agent, settings.replay_ratio)


def _learner_beside(
    run: RunFolder, settings: TrainSettings, kind: AgentKind, env: TrainingEnv, device: str, division: Division
) -> Learner:
    space = box(env.vector.single_observation_space)
    torch.set_num_threads(1)
    # Choosing actions from feature vectors takes a processor less time than a GPU needs to begin.
    acts_on = "cpu" if len(space.shape) == 1 else device
    actor = kind.make_actor(space, env.num_actions, settings.agent_settings, settings.seed, acts_on)
    facts = LearnerFacts(
        settings=settings,
        observation_space=space,
        num_actions=env.num_actions,
        num_envs=env.num_envs,
        replay=run.replay,
        device=device,
        threads=division.threads,
        processors=division.learner_processors,
        mirror=env.mirror,
    )
    return LearnerBeside(facts, actor)


def _go_back(
    run: RunFolder, metrics: MetricsWriter, trainer: Trainer, checkpoint: Checkpoint | None, env: TrainingEnv
) -> Moment:
    """Bring the run to `checkpoint`, or to its start, and note in the metrics what begins now. Returns that moment."""
    env_step = 0
    if checkpoint is not None:
        trainer.load(checkpoint)
        env_step = checkpoint.env_step
    run.checkpoints.discard_after(env_step)
    metrics.forget_after(env_step if checkpoint is not None else -1)
    now = Moment(env_step, env_step * env.frames_per_step, trainer.counters.wall_s)
    emulator = env.facts.emulator if env.facts else "no emulator"
    metrics.event(now, "started" if checkpoint is None else "resumed", emulator)
    return now


def _teach(
    settings: TrainSettings,
    learner: Learner,
    env: TrainingEnv,
    metrics: MetricsWriter,
    now: Moment,
    display: Display,
) -> None:
    """Put the demonstrations into the replay."""
    traces = demonstrations_of(settings)
    next_note = time.monotonic() + NOTE_EVERY_S

    def show(played: int) -> None:
        nonlocal next_note
        if time.monotonic() > next_note:
            next_note = time.monotonic() + NOTE_EVERY_S
            display.note(f"Demonstrations: {played} of {len(traces)} games played again.")

    taught = teach(learner, env, traces, show)
    metrics.event(now, "demonstrations", str(taught))
    display.note(f"Demonstrations in the replay: {taught}.")

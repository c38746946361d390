"""Evaluation: how good a policy is, over episodes that are fixed in advance, with the protocol beside the scores.

The episodes are known before the first is played: episode k starts from seed + k, and every one of them is played to
its end. So the number of emulators changes how long it takes but not which episodes count, and long episodes count
as much as short ones. Each keeps its trace, which is all that is needed to see it again: see `recording`.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

import quarterup
from quarterup.emulators.roms import rom_hashes
from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import Trace
from quarterup.games import UnknownGame
from quarterup.training.files import replace_file
from quarterup.training.policies import Policy
from quarterup.training.protocols import OWN_RULES, EvaluationProtocol, ProtocolName
from quarterup.training.statistics import Interval, bootstrap_mean, interquartile_mean

FIRST_SEED = 1_000_000
"""Trainings count their seeds up from small numbers, so from here on no start has been seen."""
MAX_DEATHS = 10
"""Emulators that may die before an evaluation gives up."""
FORMAT = 1


class EvaluationError(Exception):
    """An evaluation could not be carried out."""


@dataclass(frozen=True)
class PlayedEpisode:
    """One episode, from its start to game over or to the cap."""

    seed: int
    score: float
    steps: int
    frames: int
    level: int
    truncated: bool
    trace: Trace = field(repr=False)


@dataclass(frozen=True)
class Evaluation:
    """The outcome: rules, episodes by seed, and what they say."""

    protocol: EvaluationProtocol
    episodes: tuple[PlayedEpisode, ...]
    wall_s: float
    emulator_deaths: int
    """Emulators that died and were replaced; their episodes were played again."""

    @property
    def scores(self) -> NDArray[np.float64]:
        return np.array([episode.score for episode in self.episodes])

    @property
    def mean(self) -> Interval:
        """The mean score with its 95 % bootstrap interval."""
        return bootstrap_mean(self.scores)

    @property
    def best(self) -> PlayedEpisode:
        return max(self.episodes, key=lambda episode: episode.score)

    def to_json(self) -> dict[str, Any]:
        """Everything but the traces, as plain JSON values."""
        mean = self.mean
        return {
            "format": FORMAT,
            "protocol": dataclasses.asdict(self.protocol),
            "mean": mean.mean,
            "mean_95_low": mean.low,
            "mean_95_high": mean.high,
            "interquartile_mean": interquartile_mean(self.scores),
            "median": float(np.median(self.scores)),
            "best": self.best.score,
            "truncated_episodes": sum(episode.truncated for episode in self.episodes),
            "emulator_deaths": self.emulator_deaths,
            "wall_s": round(self.wall_s, 1),
            "episodes": [
                {
                    "seed": episode.seed,
                    "score": episode.score,
                    "steps": episode.steps,
                    "frames": episode.frames,
                    "level": episode.level,
                    "truncated": episode.truncated,
                }
                for episode in self.episodes
            ],
        }


def evaluate(
    policy: Policy,
    game: str,
    settings: EnvSettings,
    *,
    episodes: int,
    num_envs: int,
    first_seed: int = FIRST_SEED,
    progress: Callable[[int], None] = lambda played: None,
) -> Evaluation:
    """Play whole games with `policy`, whatever the training made of lost lives. `progress` is told how many are done.

    Raises EvaluationError if emulators keep dying.
    """
    if episodes < 1 or num_envs < 1:
        raise EvaluationError(f"{episodes} episodes in {num_envs} environments: at least one of each is needed.")
    env = make_env(game, settings, min(num_envs, episodes))
    try:
        return evaluate_in(env, policy, settings, episodes=episodes, first_seed=first_seed, progress=progress)
    finally:
        env.close()


def evaluate_in(
    env: ArcadeVectorEnv,
    policy: Policy,
    settings: EnvSettings,
    *,
    episodes: int,
    first_seed: int = FIRST_SEED,
    protocol_name: ProtocolName = OWN_RULES,
    progress: Callable[[int], None] = lambda played: None,
) -> Evaluation:
    """`evaluate` in environments that `make_env` made of the same settings.

    `protocol_name` says whose rules these settings are; see `protocols.under_protocol`.
    """
    started = time.monotonic()
    played, deaths = _play(policy, env, episodes, first_seed, progress)
    protocol = EvaluationProtocol(
        name=protocol_name,
        game=env.game_id,
        machine=env.facts.machine,
        rom_status=env.facts.rom_status,
        rom_sha256=rom_hashes(env.facts.rom_path),
        emulator=env.facts.emulator,
        quarterup=quarterup.__version__,
        policy=policy.name,
        weights=policy.weights,
        obs=settings.obs,
        max_two_frames=settings.max_two_frames,
        frame_differences=settings.frame_differences,
        frame_skip=settings.frame_skip,
        sticky=settings.sticky,
        noop_max=settings.noop_max,
        max_episode_frames=settings.max_episode_frames,
        episodes=episodes,
        first_seed=first_seed,
        num_envs=env.num_envs,
        picture_size=settings.picture_size,
    )
    return Evaluation(protocol, tuple(played), time.monotonic() - started, deaths)


def make_env(game: str, settings: EnvSettings, num_envs: int, *, render_mode: str | None = None) -> ArcadeVectorEnv:
    """Environments in which whole games are played, and which begin an episode only when told to."""
    whole_games = dataclasses.replace(settings, life_loss_ends_episode=False)
    try:
        return ArcadeVectorEnv(
            game, num_envs, render_mode=render_mode, autoreset_mode=AutoresetMode.DISABLED, **vars(whole_games)
        )
    except UnknownGame:
        raise
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _play(
    policy: Policy, env: ArcadeVectorEnv, episodes: int, first_seed: int, progress: Callable[[int], None]
) -> tuple[list[PlayedEpisode], int]:
    """All episodes by seed, and how many emulators died on the way. Who is free takes the next seed."""
    waiting = [first_seed + k for k in reversed(range(episodes))]
    seeds = [waiting.pop() if waiting else None for _ in range(env.num_envs)]
    finished: dict[int, PlayedEpisode] = {}
    deaths = 0
    # Environments that no seed is left for play on, from any start, and are not counted.
    observations, _ = env.reset(seed=[first_seed if seed is None else seed for seed in seeds])
    while len(finished) < episodes:
        observations, _, terminated, truncated, infos = env.step(policy.choose(observations, env))
        over = terminated | truncated
        if not over.any():
            continue
        for index in np.flatnonzero(over).tolist():
            seed = seeds[index]
            if infos["emulator_died"][index]:
                deaths += 1
                if deaths > MAX_DEATHS:
                    raise EvaluationError(f"{deaths} emulators died. The last: {infos['emulator_died'][index]}")
                if seed is not None:
                    waiting.append(seed)
            elif seed is not None:
                finished[seed] = PlayedEpisode(
                    seed=seed,
                    score=float(infos["score"][index]),
                    steps=int(infos["episode_steps"][index]),
                    frames=int(infos["episode_frames"][index]),
                    level=int(infos["level"][index]),
                    truncated=bool(truncated[index]),
                    trace=env.trace(index),
                )
                progress(len(finished))
            seeds[index] = waiting.pop() if waiting else None
        starts = [first_seed if seed is None else seed for seed in seeds]
        observations, _ = env.reset(seed=starts, options={"reset_mask": over})
    return [finished[seed] for seed in sorted(finished)], deaths


def save_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write the outcome as `POLICY-NUMBER.json`, the first free number, into `folder`; return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{evaluation.protocol.policy}-{number}.json").exists():
        number += 1
    replace_file(path, (json.dumps(evaluation.to_json(), indent=1) + "\n").encode())
    return path

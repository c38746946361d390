"""Evaluation: how good a policy is, over episodes that are fixed in advance, with the protocol beside the scores.

The episodes are known before the first is played: episode k starts from seed + k, and every one of them is played to
its end. So the number of emulators changes how long it takes but not which episodes count, and long episodes count
as much as short ones. Each keeps its actions, which is all that is needed to see it again (`record_episode`).
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

from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.settings import EnvSettings
from quarterup.games import UnknownGame
from quarterup.training.files import replace_file
from quarterup.training.policies import Policy
from quarterup.training.statistics import Interval, bootstrap_mean, interquartile_mean
from quarterup.training.video import FrameByFrame, VideoWriter

FIRST_SEED = 1_000_000
"""Trainings count their seeds up from small numbers, so from here on no start has been seen."""
MAX_DEATHS = 10
"""Emulators that may die before an evaluation gives up."""
FORMAT = 1


class EvaluationError(Exception):
    """An evaluation could not be carried out."""


@dataclass(frozen=True)
class EvaluationProtocol:
    """Under which rules scores came about. Scores of different protocols can't be compared."""

    game: str
    machine: str
    rom_status: str
    """`stand-in`, `good` or `other checksums`: which game was really played."""
    emulator: str
    policy: str
    obs: str
    frame_skip: int
    sticky: float
    noop_max: int
    max_episode_frames: int
    episodes: int
    first_seed: int
    """Episode k has seed `first_seed + k`."""
    num_envs: int
    life_loss_ends_episode: bool = False
    """Always False here: an episode is a whole game."""


@dataclass(frozen=True)
class PlayedEpisode:
    """One episode, from its start to game over or to the cap."""

    seed: int
    score: float
    steps: int
    frames: int
    level: int
    truncated: bool
    actions: NDArray[np.uint8] = field(repr=False)
    """One a step. From the same seed they give the same episode."""


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
        """Everything but the actions, as plain JSON values."""
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
    progress: Callable[[int], None] = lambda played: None,
) -> Evaluation:
    """`evaluate` in environments that `make_env` made of the same settings, no more than there are episodes."""
    started = time.monotonic()
    played, deaths = _play(policy, env, episodes, first_seed, progress)
    protocol = EvaluationProtocol(
        game=env.game_id,
        machine=env.facts.machine,
        rom_status=env.facts.rom_status,
        emulator=env.facts.emulator,
        policy=policy.name,
        obs=settings.obs,
        frame_skip=settings.frame_skip,
        sticky=settings.sticky,
        noop_max=settings.noop_max,
        max_episode_frames=settings.max_episode_frames,
        episodes=episodes,
        first_seed=first_seed,
        num_envs=env.num_envs,
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
    seeds: list[int | None] = [waiting.pop() for _ in range(env.num_envs)]
    actions_of: list[list[int]] = [[] for _ in seeds]
    finished: dict[int, PlayedEpisode] = {}
    deaths = 0
    observations, _ = env.reset(seed=seeds)
    while len(finished) < episodes:
        actions = policy.choose(observations, env)
        observations, _, terminated, truncated, infos = env.step(actions)
        for index, action in enumerate(actions.tolist()):
            actions_of[index].append(action)
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
                    actions=np.array(actions_of[index], np.uint8),
                )
                progress(len(finished))
            seeds[index] = waiting.pop() if waiting else None
            actions_of[index] = []
        # Those that nothing is left for play on, from any start, and are not counted.
        starts = [first_seed if seed is None else seed for seed in seeds]
        observations, _ = env.reset(seed=starts, options={"reset_mask": over})
    return [finished[seed] for seed in sorted(finished)], deaths


def record_episode(
    episode: PlayedEpisode, game: str, settings: EnvSettings, path: Path, *, max_frames: int | None = None
) -> int:
    """Play `episode` again by its seed and actions and write it to `path` as an MP4. Returns the frames written.

    `max_frames` cuts the video short. Raises EvaluationError if the episode didn't come out as it was.
    """
    env = make_env(game, dataclasses.replace(settings, obs="features"), 1, render_mode="rgb_array")
    try:
        env.reset(seed=[episode.seed])
        with VideoWriter(path, env.facts.refresh_hz) as video:

            def show(frame: Any) -> None:
                if max_frames is None or video.frames < max_frames:
                    video.add(frame.screen)

            cabinet = env.cabinets[0]
            assert cabinet.emulator is not None
            cabinet.emulator = FrameByFrame(cabinet.emulator, show)  # type: ignore[assignment]
            score = 0.0
            for action in episode.actions:
                _, _, terminated, truncated, infos = env.step(np.array([action], np.int64))
                score = float(infos["score"][0])
                if terminated[0] or truncated[0] or video.frames == max_frames:
                    break
            if video.frames != max_frames and score != episode.score:
                raise EvaluationError(
                    f"The episode with seed {episode.seed} scored {episode.score:g} when it was played and {score:g} "
                    f"when it was repeated: {env.facts.emulator} is not deterministic here, so there is no video."
                )
            return video.frames
    finally:
        env.close()


def save_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write the outcome as `POLICY-NUMBER.json`, the first free number, into `folder`; return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{evaluation.protocol.policy}-{number}.json").exists():
        number += 1
    replace_file(path, (json.dumps(evaluation.to_json(), indent=1) + "\n").encode())
    return path

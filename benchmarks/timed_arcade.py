"""The emulators and the clock of one run of `time_to_score`: when a score was reached, in both ways that count."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.vector_env import Step
from quarterup.training.evaluation import evaluate_in, make_env
from quarterup.training.loading import weights_of
from quarterup.training.policies import AgentPolicy
from quarterup.training.settings import TrainSettings

GAMES_IN_MEAN = 50
LOOK_EVERY_S = 5.0
"""Seconds of training between two looks at how the player plays without exploration."""
GAMES_IN_LOOK, LOOK_EMULATORS = 30, 10


class RunOver(Exception):
    """The score is reached, or the time is up."""


@dataclasses.dataclass(frozen=True)
class Look:
    """How the player played without exploration, at one time."""

    seconds: float
    env_steps: int
    mean_score: float


class Player(Protocol):
    """What both sides have: ours are actors."""

    def act(self, observations: NDArray[Any], *, explore: bool) -> NDArray[np.int64]: ...


class TimedArcade(ArcadeVectorEnv):
    """The emulators of one run, and its clock. A step raises RunOver once the run is over."""

    def __init__(
        self,
        settings: TrainSettings,
        mode: AutoresetMode,
        player: Callable[[], Player],
        *,
        target: float,
        limit_s: float,
        greedy_is_enough: bool,
    ) -> None:
        """`player` gives who is learning, once there is one. `greedy_is_enough`: the run is over when the score is
        reached without exploration."""
        self.target, self.limit_s = target, limit_s
        self._greedy_is_enough = greedy_is_enough
        self.looks: list[Look] = []
        self._player, self._rules = player, settings.env
        self._stage: ArcadeVectorEnv | None = None
        """Where games without exploration are played; started when first needed."""
        self._looked_s = 0.0
        """Seconds on which the clock stood still."""
        self.scores: deque[float] = deque(maxlen=GAMES_IN_MEAN)
        """Of the last whole games."""
        self.env_steps = self.games = 0
        self.best_mean: float | None = None
        self.began: float | None = None
        self.seconds = 0.0
        self.reached_at: tuple[float, int] | None = None
        """Seconds and env steps when the mean of the last games first was high enough."""
        super().__init__(settings.game, settings.envs, autoreset_mode=mode, **vars(settings.env))

    def send(self, actions: NDArray[np.int64]) -> None:
        if self.began is None:
            self.began = time.perf_counter()
        super().send(actions)

    def receive(self) -> Step:
        decisions = int(np.count_nonzero(~self._resetting))
        step = super().receive()
        self.env_steps += decisions
        _, _, terminated, truncated, infos = step
        ended = terminated | truncated
        if ended.any():
            last = infos.get("final_info", infos)
            for index in np.flatnonzero(ended).tolist():
                lost_a_life_only = not truncated[index] and last["lives"][index] > 0
                if not lost_a_life_only and not last["emulator_died"][index]:
                    self._take_score(float(last["score"][index]))
        assert self.began is not None
        self.seconds = time.perf_counter() - self.began - self._looked_s
        if self.reached_at is None and self._mean_is_high():
            self.reached_at = round(self.seconds, 1), self.env_steps
        if not self.greedy and self.seconds >= LOOK_EVERY_S * (len(self.looks) + 1):
            self._look()
        if (self.greedy and (self.reached or self._greedy_is_enough)) or self.seconds >= self.limit_s:
            raise RunOver
        return step

    @property
    def greedy(self) -> Look | None:
        """The first of two looks in a row that found the score reached."""
        pairs = zip(self.looks, self.looks[1:], strict=False)
        return next((look for look, then in pairs if min(look.mean_score, then.mean_score) >= self.target), None)

    def _look(self) -> None:
        """Let the player play without exploration, while the clock stands still."""
        began = time.perf_counter()
        if self._stage is None:
            self._stage = make_env(self.game_id, self._rules, LOOK_EMULATORS)
        policy = AgentPolicy(self._player(), weights_of(self.env_steps))
        games = evaluate_in(self._stage, policy, self._rules, episodes=GAMES_IN_LOOK)
        self.looks.append(Look(round(self.seconds, 1), self.env_steps, round(games.mean.mean, 1)))
        self._looked_s += time.perf_counter() - began

    def close_extras(self, **kwargs: Any) -> None:
        if self._stage is not None:
            self._stage.close()
        super().close_extras(**kwargs)

    def _take_score(self, score: float) -> None:
        self.games += 1
        self.scores.append(score)
        if len(self.scores) == GAMES_IN_MEAN:
            mean = statistics.fmean(self.scores)
            self.best_mean = mean if self.best_mean is None else max(mean, self.best_mean)

    @property
    def reached(self) -> bool:
        return self.reached_at is not None

    def _mean_is_high(self) -> bool:
        return len(self.scores) == GAMES_IN_MEAN and statistics.fmean(self.scores) >= self.target

    def outcome(self) -> dict[str, Any]:
        return {
            "reached": self.reached,
            "seconds": round(self.seconds, 1) if self.reached_at is None else self.reached_at[0],
            "env_steps": self.env_steps if self.reached_at is None else self.reached_at[1],
            "ended_seconds": round(self.seconds, 1),
            "ended_env_steps": self.env_steps,
            "greedy": dataclasses.asdict(self.greedy) if self.greedy else None,
            "looks": [dataclasses.asdict(look) for look in self.looks],
            "games": self.games,
            "mean_score": round(statistics.fmean(self.scores), 1) if self.scores else None,
            "best_mean_score": None if self.best_mean is None else round(self.best_mean, 1),
        }

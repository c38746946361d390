"""Policies: who chooses the actions when nothing is learned, in evaluation and when people watch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from quarterup.agents.agent import Actor


class Policy(Protocol):
    """Chooses an action for each of N environments."""

    name: str
    """As tables and file names call it."""
    weights: str
    """Which of a run's weights it plays by; empty where nothing was learned."""

    def choose(self, observations: NDArray[Any], env: VectorEnv[Any, Any, Any]) -> NDArray[np.int64]:
        """Actions, shape (N,), for observations of shape (N, *observation_shape) that `env` just returned."""
        ...


class RandomPolicy:
    """Every action equally often, always the same sequence for the same seed."""

    name = "random"
    weights = ""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def choose(self, observations: NDArray[Any], env: VectorEnv[Any, Any, Any]) -> NDArray[np.int64]:
        return self._rng.integers(num_actions(env), size=env.num_envs, dtype=np.int64)


class ExpertPolicy:
    """The rule-based player that comes with a game."""

    name = "expert"
    weights = ""

    def choose(self, observations: NDArray[Any], env: VectorEnv[Any, Any, Any]) -> NDArray[np.int64]:
        actions: NDArray[np.int64] = env.expert_actions()  # type: ignore[attr-defined]
        return actions


class AgentPolicy:
    """An agent that shows what it has learned: no exploration."""

    name = "agent"

    def __init__(self, actor: Actor, weights: str) -> None:
        self._actor = actor
        self.weights = weights

    def choose(self, observations: NDArray[Any], env: VectorEnv[Any, Any, Any]) -> NDArray[np.int64]:
        return self._actor.act(observations, explore=False)


def num_actions(env: VectorEnv[Any, Any, Any]) -> int:
    """How many actions one environment of `env` has."""
    return int(env.single_action_space.n)  # type: ignore[attr-defined]


def has_expert(env: VectorEnv[Any, Any, Any]) -> bool:
    """Whether `env`'s game comes with a rule-based player."""
    return bool(getattr(env, "has_expert", False))

"""The contract of an agent: what `training` may ask of an algorithm. An agent knows no game and no emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class AgentState:
    """Everything an agent needs to go on where it was: tensors by name, and plain JSON values."""

    tensors: dict[str, torch.Tensor]
    values: dict[str, Any]


@dataclass(frozen=True)
class Transitions:
    """What N environments did in one vector step. Row i always belongs to environment i.

    Environments follow Gymnasium's next-step autoreset: the step after an episode's end ignores its action and
    returns the first observation of the next episode. Rows of that step have `valid` False: they are kept only
    because their observation is the final one of the episode (a truncated episode bootstraps from it). A row that is
    invalid without an end before it, as when an emulator was replaced, counts as the end of a truncated episode too.
    """

    observations: NDArray[Any]
    """Before the action, shape (N, *observation_shape)."""
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    expert: NDArray[np.bool_]
    """The action was the expert's choice, so it may be cloned."""

    def clipped(self) -> Transitions:
        """With rewards from -1 to 1, as most published agents learn from them."""
        return dataclasses.replace(self, rewards=np.clip(self.rewards, -1.0, 1.0))

    def row(self, index: int) -> Transitions:
        """One row alone."""
        return Transitions(**{name: values[index : index + 1] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Beliefs:
    """What an actor expects of each action after one observation, in points. For people who watch."""

    values: NDArray[np.float32]
    """Expected return, shape (actions,)."""
    returns: NDArray[np.float32] | None = None
    """The returns that the distribution speaks of, shape (K,), if it learns one over fixed returns."""
    chances: NDArray[np.float32] | None = None
    """Of each of `returns`, shape (actions, K)."""


class Actor(Protocol):
    """The part of an agent that plays. It does so without the rest too: in another process, or when all is learned."""

    env_steps: int
    """Decisions of the run so far, in all environments: exploration follows them."""

    @property
    def network(self) -> torch.nn.Module:
        """What it plays by."""
        ...

    def act(self, observations: NDArray[Any], *, explore: bool) -> NDArray[np.int64]:
        """Actions for a batch of observations, shape (N, *observation_shape) -> (N,)."""
        ...

    def beliefs(self, observation: NDArray[Any]) -> Beliefs:
        """What it expects after one observation, shape (*observation_shape). How it goes on acting does not change."""
        ...

    def weights(self) -> list[torch.Tensor]:
        """All tensors that learning changes, the actor's own and not copies, always in the same order: with the same
        ones in them another actor of the same settings plays alike."""
        ...

    def adjust(self, settings: Any) -> None:
        """Go on with these settings, which differ from those before in schedules only."""
        ...

    def load(self, state: AgentState) -> None:
        """Play as the agent did whose state this is. Raises ValueError if it belongs to another network."""
        ...


class Agent(Protocol):
    """One algorithm: acts, takes in what happened, learns when told to."""

    replays: ClassVar[bool]
    """It learns from a replay, so the run's replay ratio says how many updates each step earns. Otherwise it learns
    from what is new, and makes updates for as long as it is ready."""

    @property
    def actor(self) -> Actor:
        """Plays by what is learned so far."""
        ...

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step."""
        ...

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        """Take in what somebody else did: here the rows are steps one after another, as if environment `stream` had
        taken them. They don't count as the agent's own. Raises ValueError if it has no replay to keep them in."""
        ...

    def ready(self) -> bool:
        """Whether enough has been observed for an update. An agent without replay then learns before it goes on
        observing."""
        ...

    def fill(self) -> float | None:
        """How full the replay is, 0 to 1, if there is one."""
        ...

    def learn(self) -> Mapping[str, float]:
        """One update. Returns metrics by name, or nothing when they were not due (reading them costs time)."""
        ...

    def adjust(self, settings: Any) -> None:
        """Go on with these settings, which differ from those before in schedules only; the actor does too."""
        ...

    def forget(self) -> None:
        """Forget what was observed, not what was learned from it. What comes next begins new episodes."""
        ...

    def state(self) -> AgentState: ...

    def load(self, state: AgentState) -> None:
        """Go on from `state`. Raises ValueError, naming the first difference, if it belongs to another network."""
        ...


def box(space: gym.Space[Any]) -> gym.spaces.Box:
    """The observation space of one environment, as all agents take it. Raises ValueError for one of another kind."""
    if not isinstance(space, gym.spaces.Box):
        raise ValueError(f"Agents take Box observations, got {space}.")
    return space

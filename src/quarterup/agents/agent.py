"""The contract of an agent: what `training` may ask of an algorithm. An agent knows no game and no emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

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


class Agent(Protocol):
    """One algorithm: acts, takes in what happened, learns when told to."""

    replays: ClassVar[bool]
    """It learns from a replay, so the run's replay ratio says how many updates each step earns. Otherwise it learns
    from what is new, and makes updates for as long as it is ready."""

    def act_apart(self) -> None:
        """From now on `learn` is called in another thread than everything else, at the same time as `act` and
        `observe`. Only agents that replay can do that."""
        ...

    def act(self, observations: NDArray[Any], *, explore: bool) -> NDArray[np.int64]:
        """Actions for a batch of observations, shape (N, *observation_shape) -> (N,)."""
        ...

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step."""
        ...

    def ready(self) -> bool:
        """Whether enough has been observed for an update."""
        ...

    def learn(self) -> Mapping[str, float]:
        """One update. Returns metrics by name, or nothing when they were not due (reading them costs time)."""
        ...

    def state(self) -> AgentState: ...

    def load(self, state: AgentState) -> None:
        """Go on from `state`. Raises ValueError, naming the first difference, if it belongs to another network."""
        ...

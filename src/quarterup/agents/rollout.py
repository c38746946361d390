"""Rollout: the last steps of every environment, in order, for agents that learn from them once and forget them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.agent import Transitions


class Rollout:
    """T steps of N environments, and one step more: its observations are what the last of the T led to.

    That one becomes the first step of the next rollout, so no step is lost and none is learned from twice.
    """

    def __init__(self, observation_shape: tuple[int, ...], observation_dtype: Any, num_envs: int, steps: int) -> None:
        """An empty rollout of `steps` (T) steps. Raises ValueError if there are none."""
        if steps < 1:
            raise ValueError(f"A rollout needs at least one step, got {steps}.")
        rows = (steps + 1, num_envs)
        self.steps = steps
        self.observations = np.zeros((*rows, *observation_shape), observation_dtype)
        self.actions = np.zeros(rows, np.int64)
        self.rewards = np.zeros(rows, np.float32)
        self.terminated = np.zeros(rows, np.bool_)
        self.truncated = np.zeros(rows, np.bool_)
        self.valid = np.zeros(rows, np.bool_)
        self._rows = 0

    @property
    def full(self) -> bool:
        """Whether all T steps are there, and what the last of them led to."""
        return self._rows > self.steps

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Steps after which the game did not go on in the next row, shape (T, N): a return must not go over them.

        Those are the episodes' ends, the steps before an invalid row (an emulator was replaced), and the last ones.
        """
        cut = self.terminated[:-1] | self.truncated[:-1] | ~self.valid[1:]
        cut[-1] = True
        return cut

    def add(self, transitions: Transitions) -> None:
        """Take in one vector step.

        Raises ValueError, and takes nothing in, if it does not fit or does not follow from the one before, and
        RuntimeError if the rollout is full.
        """
        if self.full:
            raise RuntimeError("The rollout is full: learn from it before anything else is observed.")
        self._check(transitions)
        row = self._rows
        self.observations[row] = transitions.observations
        self.actions[row] = transitions.actions
        self.rewards[row] = transitions.rewards
        self.terminated[row] = transitions.terminated
        self.truncated[row] = transitions.truncated
        self.valid[row] = transitions.valid
        self._rows += 1

    def begin_next(self) -> None:
        """Forget the T steps of a full rollout; the one more is the first of the next."""
        for array in self._arrays():
            array[0] = array[self.steps]
        self._rows = 1

    def clear(self) -> None:
        """Forget everything: what comes next need not follow from what was."""
        self._rows = 0

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return (self.observations, self.actions, self.rewards, self.terminated, self.truncated, self.valid)

    def _check(self, transitions: Transitions) -> None:
        expected, found = self.observations[0], transitions.observations
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ValueError(
                f"The rollout takes {expected.dtype} observations of shape {expected.shape}, got {found.dtype} of"
                f" shape {found.shape}."
            )
        if not np.all(np.isfinite(transitions.rewards)):
            raise ValueError(f"Rewards must be finite, got {transitions.rewards}.")
        if self._rows:
            ended = self.terminated[self._rows - 1] | self.truncated[self._rows - 1]
            if np.any(ended & transitions.valid):
                index = int(np.flatnonzero(ended & transitions.valid)[0])
                raise ValueError(
                    f"Environment {index} ended its episode one step ago, so this step must be the one that resets it,"
                    " with valid False (Gymnasium's next-step autoreset)."
                )

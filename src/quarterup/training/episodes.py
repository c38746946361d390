"""The episode that is being played in each environment, until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.training.metrics import Episode


class EpisodeBook:
    """Adds up returns, lengths and the expert's choices, one row for each of N environments."""

    def __init__(self, num_envs: int, frames_per_step: int) -> None:
        self._frames_per_step = frames_per_step
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, np.int64)
        self._expert_choices = np.zeros(num_envs, np.int64)

    def begin_all(self) -> None:
        """Forget what was being played."""
        for sums in (self._returns, self._lengths, self._expert_choices):
            sums[:] = 0

    def count(self, rewards: NDArray[np.float64], valid: NDArray[np.bool_], expert: NDArray[np.bool_]) -> None:
        """Take in one vector step, shapes (N,): `valid` where an action was carried out, `expert` if it was his."""
        self._returns += rewards
        self._lengths += valid
        self._expert_choices += expert & valid

    def end(self, index: int, truncated: bool, infos: Mapping[str, Any]) -> Episode:
        """The episode that has ended in environment `index`, where `infos` are those of its last step."""
        died = bool(infos["emulator_died"][index]) if "emulator_died" in infos else False
        steps = int(self._lengths[index])
        episode = Episode(
            env=index,
            score=float(infos["score"][index] if "score" in infos else self._returns[index]),
            steps=steps,
            frames=steps * self._frames_per_step,
            level=int(infos["level"][index]) if "level" in infos else 0,
            end="emulator died" if died else "truncated" if truncated else "terminated",
            expert_share=int(self._expert_choices[index]) / max(1, steps),
        )
        for sums in (self._returns, self._lengths, self._expert_choices):
            sums[index] = 0
        return episode

"""Learning from mirror images: in a game that plays alike on both sides, what was seen on one is true on the other.

Half of what is learned from then never happened, and costs no step of the game. Values do not change in a mirror, so
rewards, returns and targets stay as they are. Which half is drawn anew for each update: a replay's draws are in the
order of its slots, so that any fixed half would be some environments' alone.
"""

from __future__ import annotations

import dataclasses

import torch

from quarterup.agents.replay.batch import Batch
from quarterup.mirror import Mirror

MIRRORED_SHARE = 0.5
"""Of what is learned from."""


class Mirrored:
    """The images of observations and actions, on one device."""

    def __init__(self, mirror: Mirror, device: torch.device) -> None:
        self._features = torch.tensor(mirror.features, device=device)
        self._signs = torch.tensor(mirror.signs, dtype=torch.float32, device=device)
        self._actions = torch.tensor(mirror.actions, device=device)

    def observations(self, observations: torch.Tensor) -> torch.Tensor:
        """Their images, (B, features) -> (B, features), float32."""
        return observations[:, self._features] * self._signs

    def actions(self, actions: torch.Tensor) -> torch.Tensor:
        """Their images, (B,) int64 -> (B,)."""
        return self._actions[actions]

    def some(self, batch: Batch, chosen: torch.Tensor) -> Batch:
        """The batch with the transitions that are `chosen`, (B,) bool, as their images."""
        rows = chosen.unsqueeze(1)
        return dataclasses.replace(
            batch,
            observations=torch.where(rows, self.observations(batch.observations), batch.observations),
            actions=torch.where(chosen, self.actions(batch.actions), batch.actions),
            next_observations=torch.where(rows, self.observations(batch.next_observations), batch.next_observations),
            block=None,
        )

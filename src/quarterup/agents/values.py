"""Three ways in which a network's outputs stand for the value of an action: as atoms, as quantiles, as their mean.

Outputs have the shape (B, actions, K): K is the number of atoms, the number of taus, or 1.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch.nn import functional

from quarterup.agents.agent import Beliefs
from quarterup.agents.targets import ValueScale, distribution_target, expected_values, q_target, quantile_huber


class Values(Protocol):
    """What outputs mean, and how far they are from their targets."""

    outputs: int
    """K, where the network's shape depends on it."""

    def expected(self, outputs: torch.Tensor) -> torch.Tensor:
        """Expected values in network units, (B, actions, K) -> (B, actions)."""
        ...

    def points(self, outputs: torch.Tensor) -> torch.Tensor:
        """Expected returns in points, (B, actions, K) -> (B, actions): what actions are chosen by."""
        ...

    def target(
        self, next_outputs: torch.Tensor, next_actions: torch.Tensor, returns: torch.Tensor, discounts: torch.Tensor
    ) -> torch.Tensor:
        """What the outputs of the actions taken are trained towards, (B, K); arguments as of `q_target`."""
        ...

    def errors(self, outputs: torch.Tensor, target: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """How far the outputs of the actions taken, (B, K), are from their target, (B, K): shape (B,)."""
        ...

    def beliefs(self, outputs: torch.Tensor) -> Beliefs:
        """What outputs (1, actions, K) for one observation say, in points."""
        ...


class Categorical:
    """Logits of the probabilities of atoms (C51), evenly spaced in network units."""

    def __init__(self, low: float, high: float, atoms: int, scale: ValueScale, device: torch.device) -> None:
        """Atoms from `low` to `high`, both in points."""
        self.outputs = atoms
        self._scale = scale
        first, last = scale.from_points(torch.tensor([low, high])).tolist()
        self.atoms = torch.linspace(first, last, atoms, device=device)
        self._atom_points = scale.to_points(self.atoms)

    def expected(self, outputs: torch.Tensor) -> torch.Tensor:
        return expected_values(outputs, self.atoms)

    def points(self, outputs: torch.Tensor) -> torch.Tensor:
        return expected_values(outputs, self._atom_points)

    def target(
        self, next_outputs: torch.Tensor, next_actions: torch.Tensor, returns: torch.Tensor, discounts: torch.Tensor
    ) -> torch.Tensor:
        return distribution_target(next_outputs, next_actions, returns, discounts, self.atoms, self._scale)

    def errors(self, outputs: torch.Tensor, target: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """The Kullback-Leibler divergence."""
        return (torch.xlogy(target, target) - target * outputs.log_softmax(dim=1)).sum(dim=1)

    def beliefs(self, outputs: torch.Tensor) -> Beliefs:
        return Beliefs(
            self.points(outputs)[0].cpu().numpy(),
            returns=self._atom_points.cpu().numpy(),
            chances=outputs[0].softmax(dim=1).cpu().numpy(),
        )


class Mean:
    """One number, the expected value."""

    outputs = 1

    def __init__(self, scale: ValueScale) -> None:
        self._scale = scale

    def expected(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.mean(dim=2)

    def points(self, outputs: torch.Tensor) -> torch.Tensor:
        return self._scale.to_points(outputs).mean(dim=2)

    def target(
        self, next_outputs: torch.Tensor, next_actions: torch.Tensor, returns: torch.Tensor, discounts: torch.Tensor
    ) -> torch.Tensor:
        return q_target(next_outputs, next_actions, returns, discounts, self._scale)

    def errors(self, outputs: torch.Tensor, target: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """The Huber loss."""
        return functional.smooth_l1_loss(outputs, target, reduction="none").squeeze(1)

    def beliefs(self, outputs: torch.Tensor) -> Beliefs:
        return Beliefs(self.points(outputs)[0].cpu().numpy())


class MeanBySquares(Mean):
    """The expected value, learned by mean squares over the outputs of all actions, as Keras does for whole outputs.

    Only the action taken has a target, the others none but themselves, so that its square counts 1 / actions.
    """

    def __init__(self, scale: ValueScale, num_actions: int) -> None:
        super().__init__(scale)
        self._num_actions = num_actions

    def errors(self, outputs: torch.Tensor, target: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """The square of the error, divided by the number of actions."""
        return (outputs - target).square().squeeze(1) / self._num_actions


class Quantiles(Mean):
    """Quantiles at taus drawn anew each time (IQN). Their mean is the expected value."""

    def errors(self, outputs: torch.Tensor, target: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """The quantile Huber loss."""
        assert taus is not None
        return quantile_huber(outputs, target, taus)

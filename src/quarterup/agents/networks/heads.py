"""Heads: from features to `outputs` numbers for each action, one for plain Q-learning and quantiles, or the atoms of a
distribution."""

from __future__ import annotations

import torch
from torch import nn

from quarterup.agents.networks.noisy_linear import NoisyLinear


class PlainHead(nn.Module):
    """One hidden layer, then all actions."""

    def __init__(self, in_features: int, hidden_size: int, num_actions: int, outputs: int, *, noisy: bool) -> None:
        super().__init__()
        linear = NoisyLinear if noisy else nn.Linear
        self.num_actions = num_actions
        self.hidden = linear(in_features, hidden_size)
        self.advantage = linear(hidden_size, num_actions * outputs)

    def begin_at(self, outputs: torch.Tensor) -> None:
        """Let every action's outputs be about these, shape (outputs,), before anything is learned."""
        with torch.no_grad():
            self.advantage.bias.view(self.num_actions, -1).copy_(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Shape (B, ..., in_features) -> (B, ..., actions, outputs)."""
        flat: torch.Tensor = self.advantage(self.hidden(features).relu())
        return flat.view(*flat.shape[:-1], self.num_actions, -1)


class DuelingHead(nn.Module):
    """Value of the state plus advantage of the action, the mean advantage taken off.

    Wang et al., 2016, "Dueling Network Architectures", https://arxiv.org/abs/1511.06581, equation 9; with
    distributions as in Rainbow (Hessel et al., 2018, https://arxiv.org/abs/1710.02298). The hidden layers of the two
    streams are computed as one layer of twice the size.
    """

    def __init__(self, in_features: int, hidden_size: int, num_actions: int, outputs: int, *, noisy: bool) -> None:
        super().__init__()
        linear = NoisyLinear if noisy else nn.Linear
        self.num_actions = num_actions
        self.hidden = linear(in_features, 2 * hidden_size)
        self.value = linear(hidden_size, outputs)
        self.advantage = linear(hidden_size, num_actions * outputs)

    def begin_at(self, outputs: torch.Tensor) -> None:
        """Let every action's outputs be about these, shape (outputs,), before anything is learned."""
        with torch.no_grad():
            self.value.bias.copy_(outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Shape (B, ..., in_features) -> (B, ..., actions, outputs)."""
        value_hidden, advantage_hidden = self.hidden(features).relu().chunk(2, dim=-1)
        value: torch.Tensor = self.value(value_hidden)
        flat: torch.Tensor = self.advantage(advantage_hidden)
        advantage = flat.view(*flat.shape[:-1], self.num_actions, -1)
        return advantage + (value - advantage.mean(dim=-2)).unsqueeze(-2)

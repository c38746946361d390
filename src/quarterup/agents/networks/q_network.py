"""Q network: a trunk and a head, put together from an agent's settings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from quarterup.agents.networks.heads import DuelingHead, PlainHead
from quarterup.agents.networks.noisy_linear import NoisyLinear, scaled_noise
from quarterup.agents.networks.trunks import make_trunk


class QNetwork(nn.Module):
    """Numbers for every action: its value, or the logits of its value's distribution."""

    def __init__(
        self,
        observation_shape: tuple[int, ...],
        num_actions: int,
        outputs: int,
        *,
        hidden_sizes: Sequence[int],
        head_size: int,
        dueling: bool,
        noisy: bool,
    ) -> None:
        """`outputs` numbers for each action; `hidden_sizes` of an MLP trunk; see `make_trunk` for the shapes."""
        super().__init__()
        self.trunk, features = make_trunk(observation_shape, hidden_sizes)
        head = DuelingHead if dueling else PlainHead
        self.head = head(features, head_size, num_actions, outputs, noisy=noisy)
        self._noisy_layers = [layer for layer in self.modules() if isinstance(layer, NoisyLinear)]
        self._noise_sizes = [size for layer in self._noisy_layers for size in (layer.in_features, layer.out_features)]

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, *observation_shape) -> (B, actions, outputs)."""
        outputs: torch.Tensor = self.head(self.trunk(observations))
        return outputs

    def resample_noise(self, rows: int, generator: torch.Generator) -> None:
        """New noise for all noisy layers in one draw; `rows` is 1 or the batch size (see `NoisyLinear.set_noise`)."""
        if not self._noisy_layers:
            return
        noise = scaled_noise((rows, sum(self._noise_sizes)), generator)
        sides = torch.split(noise, self._noise_sizes, dim=1)
        for i, layer in enumerate(self._noisy_layers):
            layer.set_noise(sides[2 * i], sides[2 * i + 1])

    def remove_noise(self) -> None:
        """Use the mean weights until noise is drawn again."""
        for layer in self._noisy_layers:
            layer.set_noise(None, None)

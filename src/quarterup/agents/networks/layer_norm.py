"""Q network with layer normalisation after every hidden layer: what keeps Q-learning stable without a target network.

Gallici et al., 2024, "Simplifying Deep Temporal Difference Learning", https://arxiv.org/abs/2407.04811, section 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from quarterup.agents.networks.trunks import MIN_PIXELS, NATURE_LAYERS, to_unit_range


class LayerNormQNetwork(nn.Module):
    """The values of all actions, from layers that are each followed by a normalisation and a ReLU."""

    def __init__(self, observation_shape: tuple[int, ...], num_actions: int, hidden_sizes: Sequence[int]) -> None:
        """For vectors (D,), or stacks of pictures (stack, H, W): the Nature convolutions, then the hidden layers.

        Raises ValueError for other shapes.
        """
        super().__init__()
        self.pictures, features = _convolutions(observation_shape)
        layers: list[nn.Module] = []
        sizes = (features, *hidden_sizes)
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], num_actions))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, *observation_shape), uint8 or any float -> (B, actions) float32."""
        values: torch.Tensor = self.layers(self.pictures(to_unit_range(observations)))
        return values


def _convolutions(observation_shape: tuple[int, ...]) -> tuple[nn.Module, int]:
    """What stands before the linear layers, and how many features it gives: nothing, for vectors."""
    if len(observation_shape) == 1:
        return nn.Identity(), observation_shape[0]
    if len(observation_shape) != 3 or min(observation_shape[1:]) < MIN_PIXELS:
        raise ValueError(
            "There is a network for observations that are vectors (features,) or stacked grey pictures (stack,"
            f" height, width) of at least {MIN_PIXELS} x {MIN_PIXELS} pixels, and none for the shape"
            f" {observation_shape}."
        )
    layers: list[nn.Module] = []
    channels = observation_shape[0]
    for outputs, kernel, stride in NATURE_LAYERS:
        # One group is all channels and places of a picture together, for pictures of any size.
        layers += [nn.Conv2d(channels, outputs, kernel, stride), nn.GroupNorm(1, outputs), nn.ReLU()]
        channels = outputs
    convolutions = nn.Sequential(*layers, nn.Flatten())
    with torch.no_grad():
        features = convolutions(torch.zeros(1, *observation_shape)).shape[1]
    return convolutions, features

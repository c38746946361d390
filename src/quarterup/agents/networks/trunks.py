"""Trunks: what turns observations into features for a head. An MLP for vectors, a convolutional network for
pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

NATURE_LAYERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
"""Channels, kernel size and stride: Mnih et al., 2015, "Human-level control through deep reinforcement learning"."""

MIN_PIXELS = 36
"""The smallest height and width that the three convolutions leave anything of."""


def make_trunk(observation_shape: tuple[int, ...], hidden_sizes: Sequence[int]) -> tuple[nn.Module, int]:
    """The trunk for observations of this shape, and how many features it gives.

    A vector (D,) gets an MLP of `hidden_sizes`, a stack of pictures (stack, H, W) the Nature convolutions. Raises
    ValueError for other shapes.
    """
    if len(observation_shape) == 1:
        sizes = (observation_shape[0], *hidden_sizes)
        return MLP(sizes), sizes[-1]
    if len(observation_shape) == 3 and min(observation_shape[1:]) >= MIN_PIXELS:
        trunk = NatureCNN(observation_shape[0])
        with torch.no_grad():
            features = trunk(torch.zeros(1, *observation_shape, dtype=torch.uint8)).shape[1]
        return trunk, features
    raise ValueError(
        "There is a network for observations that are vectors (features,) or stacked grey pictures (stack,"
        f" height, width) of at least {MIN_PIXELS} x {MIN_PIXELS} pixels, and none for the shape"
        f" {observation_shape}."
    )


class MLP(nn.Module):
    """Linear layers, each followed by a ReLU."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, D), uint8 or any float -> (B, last size) float32."""
        features: torch.Tensor = self.layers(to_unit_range(observations))
        return features


class NatureCNN(nn.Module):
    """Three convolutions, each followed by a ReLU, for pictures of any size."""

    def __init__(self, stack: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = stack
        for outputs, kernel, stride in NATURE_LAYERS:
            layers += [nn.Conv2d(channels, outputs, kernel, stride), nn.ReLU()]
            channels = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten())

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, stack, H, W) uint8 or any float -> (B, features) float32."""
        features: torch.Tensor = self.layers(to_unit_range(observations))
        return features


def to_unit_range(observations: torch.Tensor) -> torch.Tensor:
    """float32 observations: bytes (pixels, memory) from 0..255 to 0..1, everything else as it is."""
    if observations.dtype == torch.uint8:
        return observations.float() / 255.0
    return observations.float()

"""Q network with layer normalisation after every hidden layer: what keeps Q-learning stable without a target network.

Gallici et al., 2024, "Simplifying Deep Temporal Difference Learning", https://arxiv.org/abs/2407.04811, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from quarterup.agents.networks.trunks import (
    GRID_LAYERS,
    MIN_CELLS,
    MIN_PIXELS,
    PLAIN_LAYERS,
    PlainTrunk,
    hidden_layers,
    no_network_for,
    num_features,
    picture_inputs,
    plain_convolutions,
    to_unit_range,
)


class LayerNormQNetwork(nn.Module):
    """The values of all actions, from layers that are each followed by a normalisation and a ReLU."""

    def __init__(
        self,
        observation_shape: tuple[int, ...],
        num_actions: int,
        hidden_sizes: Sequence[int],
        pixel_trunk: PlainTrunk = "nature",
    ) -> None:
        """For vectors (D,), stacks of pictures (stack, H, W), or grids of few cells (channels, H, W).

        The convolutions that `pixel_trunk` names, of pictures, or the one of a grid, come before the hidden layers.
        Raises ValueError for other shapes.
        """
        super().__init__()
        self.pictures, features = _convolutions(observation_shape, pixel_trunk)
        sizes = (features, *hidden_sizes)
        hidden = hidden_layers(sizes, layer_norm=True)
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], num_actions))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, *observation_shape), uint8 or any float -> (B, actions) float32."""
        inputs = picture_inputs(observations) if observations.ndim > 2 else to_unit_range(observations)
        values: torch.Tensor = self.layers(self.pictures(inputs))
        return values


def _convolutions(observation_shape: tuple[int, ...], pixel_trunk: PlainTrunk) -> tuple[nn.Module, int]:
    """What stands before the linear layers, and how many features it gives: nothing, for vectors."""
    if len(observation_shape) == 1:
        return nn.Identity(), observation_shape[0]
    if len(observation_shape) != 3 or min(observation_shape[1:]) < MIN_CELLS:
        raise no_network_for(observation_shape)
    is_grid = min(observation_shape[1:]) < MIN_PIXELS
    shapes = GRID_LAYERS if is_grid else PLAIN_LAYERS[pixel_trunk]
    convolutions = plain_convolutions(observation_shape[0], shapes, layer_norm=True)
    return convolutions, num_features(convolutions, observation_shape)

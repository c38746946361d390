"""The network of a Keras agent of 2018 for Mario Bros., for comparison: see docs/agents/keras2018.md.

Naereen, 2018, https://github.com/Naereen/gym-nes-mario-bros, src/dqn/model.py: three convolutions, a max pool, two
layers of 128. The second of these two is the hidden layer of the head.
"""

from __future__ import annotations

import torch
from torch import nn

LAYERS = ((32, 8, 4), (32, 4, 2), (32, 3, 1))
"""Channels, kernel size and stride."""
POOL = 2
FEATURES = 128


class Keras2018CNN(nn.Module):
    """The convolutions, the pool and the first of the two layers of 128.

    Bytes are not brought to the range 0..1, as they weren't there.
    """

    def __init__(self, observation_shape: tuple[int, int, int]) -> None:
        """For stacks of pictures of one size, (stack, H, W): the padding depends on it."""
        super().__init__()
        channels, height, width = observation_shape
        layers: list[nn.Module] = []
        for outputs, kernel, stride in LAYERS:
            above, below = same_padding(height, kernel, stride)
            left, right = same_padding(width, kernel, stride)
            layers += [
                nn.ZeroPad2d((left, right, above, below)),
                nn.Conv2d(channels, outputs, kernel, stride),
                nn.ReLU(inplace=True),
            ]
            channels, height, width = outputs, -(-height // stride), -(-width // stride)
        flat = channels * (height // POOL) * (width // POOL)
        self.layers = nn.Sequential(
            *layers, nn.MaxPool2d(POOL), nn.Flatten(), nn.Linear(flat, FEATURES), nn.ReLU(inplace=True)
        )
        self.features = FEATURES

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, stack, H, W) uint8 or any float -> (B, FEATURES) float32."""
        features: torch.Tensor = self.layers(observations.contiguous(memory_format=torch.channels_last).float())
        return features


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, so that ceil(size / stride) outputs come out: Keras's `same`, the odd one after."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def begin_as_in_keras(network: nn.Module) -> None:
    """Weights and biases as Keras's layers have them at first: Glorot and Bengio's, and zeros."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

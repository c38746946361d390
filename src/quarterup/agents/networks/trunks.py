"""Trunks: what turns observations into features for a head. An MLP for vectors, a convolutional network for
pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import nn

from quarterup.agents.networks.keras2018 import Keras2018CNN
from quarterup.agents.networks.spectral_conv import SpectralConv2d

PixelTrunk: TypeAlias = Literal["nature", "small", "impala", "keras2018"]
"""Which convolutional network."""
PlainTrunk: TypeAlias = Literal["nature", "small"]
"""Those that are convolutions and nothing else."""

NATURE_LAYERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
"""Channels, kernel size and stride: Mnih et al., 2015, "Human-level control through deep reinforcement learning"."""
SMALL_LAYERS = ((16, 4, 2), (32, 4, 2), (32, 3, 2))
"""The same, for pictures of half their size (42x42) and processors instead of a GPU: a sixth of the multiplications."""
PLAIN_LAYERS: dict[PlainTrunk, Sequence[tuple[int, int, int]]] = {"nature": NATURE_LAYERS, "small": SMALL_LAYERS}
"""Of the `PlainTrunk`s, by name."""

IMPALA_CHANNELS = (16, 32, 32)
"""Of the three blocks, at a width of 1."""
IMPALA_POOLED = 6
"""Height and width of the features, whatever those of the pictures (Clark et al., 2024, see `ImpalaCNN`)."""

MIN_PIXELS = 36
"""The smallest height and width that the three convolutions leave anything of."""

GRID_LAYERS = ((16, 3, 1),)
"""Channels, kernel size and stride for a grid of few cells: Young and Tian, 2019, "MinAtar",
https://arxiv.org/abs/1903.03176."""
MIN_CELLS = 3
"""The smallest height and width of such a grid."""


def make_trunk(
    observation_shape: tuple[int, ...],
    hidden_sizes: Sequence[int],
    *,
    layer_norm: bool = False,
    pixel_trunk: PixelTrunk = "nature",
    impala_width: int = 1,
    spectral_norm: bool = False,
) -> tuple[nn.Module, int]:
    """The trunk for observations of this shape, and how many features it gives.

    A vector (D,) gets an MLP of `hidden_sizes`, perhaps with `layer_norm`; a stack of pictures (stack, H, W) the
    convolutions that `pixel_trunk` names, those of IMPALA of `impala_width`, perhaps with `spectral_norm`. Raises
    ValueError for other shapes.
    """
    if len(observation_shape) == 1:
        sizes = (observation_shape[0], *hidden_sizes)
        return MLP(sizes, layer_norm=layer_norm), sizes[-1]
    if len(observation_shape) == 3 and min(observation_shape[1:]) >= MIN_PIXELS:
        if pixel_trunk == "impala":
            impala = ImpalaCNN(observation_shape[0], impala_width, spectral_norm=spectral_norm)
            return impala, impala.features
        if pixel_trunk == "keras2018":
            stack, height, width = observation_shape
            keras = Keras2018CNN((stack, height, width))
            return keras, keras.features
        trunk = PlainCNN(observation_shape[0], PLAIN_LAYERS[pixel_trunk])
        return trunk, num_features(trunk, observation_shape)
    raise no_network_for(observation_shape)


def num_features(convolutions: nn.Module, observation_shape: tuple[int, ...]) -> int:
    """How many features they give for one stack of pictures of this shape."""
    with torch.no_grad():
        return int(convolutions(torch.zeros(1, *observation_shape)).shape[1])


def no_network_for(observation_shape: tuple[int, ...]) -> ValueError:
    """What to raise for a shape that is neither a vector's nor that of pictures large enough."""
    return ValueError(
        "There is a network for observations that are vectors (features,) or stacked grey pictures (stack,"
        f" height, width) of at least {MIN_PIXELS} x {MIN_PIXELS} pixels, and none for the shape"
        f" {observation_shape}. PQN has one for grids of cells (channels, height, width) smaller than that, too, of at"
        f" least {MIN_CELLS} x {MIN_CELLS}."
    )


def hidden_layers(sizes: Sequence[int], *, layer_norm: bool) -> list[nn.Module]:
    """Linear layers from each of `sizes` to the next, each followed by a ReLU, perhaps normalised before it.

    Ba et al., 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), *([nn.LayerNorm(outputs)] if layer_norm else []), nn.ReLU(inplace=True)]
    return layers


def plain_convolutions(channels: int, shapes: Sequence[tuple[int, int, int]], *, layer_norm: bool) -> nn.Sequential:
    """Convolutions of these channels, kernel sizes and strides, and the features in one row.

    Each is followed by a ReLU, perhaps normalised before it: all channels and places of a picture together, so that it
    may have any size.
    """
    layers: list[nn.Module] = []
    for outputs, kernel, stride in shapes:
        norm = [nn.GroupNorm(1, outputs)] if layer_norm else []
        layers += [nn.Conv2d(channels, outputs, kernel, stride), *norm, nn.ReLU(inplace=True)]
        channels = outputs
    return nn.Sequential(*layers, nn.Flatten())


class MLP(nn.Module):
    """The `hidden_layers` of these sizes."""

    def __init__(self, sizes: Sequence[int], *, layer_norm: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(*hidden_layers(sizes, layer_norm=layer_norm))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, D), uint8 or any float -> (B, last size) float32."""
        features: torch.Tensor = self.layers(to_unit_range(observations))
        return features


class PlainCNN(nn.Module):
    """`plain_convolutions` of these channels, kernel sizes and strides, for pictures of any size."""

    def __init__(self, stack: int, shapes: Sequence[tuple[int, int, int]]) -> None:
        super().__init__()
        self.layers = plain_convolutions(stack, shapes, layer_norm=False)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, stack, H, W) uint8 or any float -> (B, features) float32."""
        features: torch.Tensor = self.layers(picture_inputs(observations))
        return features


class ImpalaCNN(nn.Module):
    """Three blocks of a convolution, a max pool that halves the picture, and two residual blocks.

    Espeholt et al., 2018, "IMPALA", https://arxiv.org/abs/1802.01561, figure 3 right. Its channels times `width`, and
    its features pooled to `IMPALA_POOLED` x `IMPALA_POOLED`, as in Clark et al., 2024, "Beyond The Rainbow",
    https://arxiv.org/abs/2411.03820. There `spectral_norm`, too, is on the convolutions of the residual blocks only.
    """

    def __init__(self, stack: int, width: int, *, spectral_norm: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = stack
        for narrow in IMPALA_CHANNELS:
            outputs = width * narrow
            layers += [
                nn.Conv2d(channels, outputs, 3, padding=1),
                nn.MaxPool2d(3, stride=2, padding=1),
                ResidualBlock(outputs, spectral_norm=spectral_norm),
                ResidualBlock(outputs, spectral_norm=spectral_norm),
            ]
            channels = outputs
        self.layers = nn.Sequential(*layers, nn.ReLU(), nn.AdaptiveMaxPool2d(IMPALA_POOLED), nn.Flatten())
        self.features = channels * IMPALA_POOLED**2

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Shape (B, stack, H, W) uint8 or any float -> (B, features) float32."""
        features: torch.Tensor = self.layers(picture_inputs(observations))
        return features


class ResidualBlock(nn.Module):
    """x + convolution(relu(convolution(relu(x)))), all of the same shape."""

    def __init__(self, channels: int, *, spectral_norm: bool) -> None:
        super().__init__()
        self.first = _convolution(channels, spectral_norm=spectral_norm)
        self.second = _convolution(channels, spectral_norm=spectral_norm)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (B, channels, H, W), as it was."""
        outputs: torch.Tensor = inputs + self.second(self.first(inputs.relu()).relu())
        return outputs


def _convolution(channels: int, *, spectral_norm: bool) -> nn.Module:
    return SpectralConv2d(channels, channels) if spectral_norm else nn.Conv2d(channels, channels, 3, padding=1)


def picture_inputs(observations: torch.Tensor) -> torch.Tensor:
    """Like `to_unit_range`, channels last in memory (N, H, W, C), though their shape stays (N, C, H, W).

    Convolutions then go on in that layout, which most of their kernels compute in, instead of converting every layer's
    inputs and gradients: see docs/decisions.md for what that saves.
    """
    return to_unit_range(observations.contiguous(memory_format=torch.channels_last))


def to_unit_range(observations: torch.Tensor) -> torch.Tensor:
    """float32 observations: bytes (pixels, memory) from 0..255 to 0..1, everything else as it is."""
    if observations.dtype == torch.uint8:
        return observations.float() / 255.0
    return observations.float()

"""Q network: a trunk and a head, put together from an agent's settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from quarterup.agents.networks.heads import DuelingHead, PlainHead
from quarterup.agents.networks.keras2018 import Keras2018CNN, begin_as_in_keras
from quarterup.agents.networks.noisy_linear import NoisyLinear, scaled_noise
from quarterup.agents.networks.quantile_embedding import QuantileEmbedding
from quarterup.agents.networks.spectral_conv import SpectralConv2d
from quarterup.agents.networks.trunks import PixelTrunk, make_trunk


class QNetwork(nn.Module):
    """Numbers for every action: its value, the logits of its value's distribution, or quantiles of it."""

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
        quantiles: bool = False,
        layer_norm: bool = False,
        pixel_trunk: PixelTrunk = "nature",
        impala_width: int = 1,
        spectral_norm: bool = False,
    ) -> None:
        """`outputs` numbers for each action, or with `quantiles` one for each tau; the trunk is that of `make_trunk`,
        see there."""
        super().__init__()
        self.trunk, features = make_trunk(
            observation_shape,
            hidden_sizes,
            layer_norm=layer_norm,
            pixel_trunk=pixel_trunk,
            impala_width=impala_width,
            spectral_norm=spectral_norm,
        )
        self.embedding = QuantileEmbedding(features) if quantiles else None
        head = DuelingHead if dueling else PlainHead
        self.head = head(features, head_size, num_actions, 1 if quantiles else outputs, noisy=noisy)
        if isinstance(self.trunk, Keras2018CNN):
            begin_as_in_keras(self)
        self._noisy_layers = [layer for layer in self.modules() if isinstance(layer, NoisyLinear)]
        self._noise_sizes = [size for layer in self._noisy_layers for size in (layer.in_features, layer.out_features)]
        self._spectral_layers = [layer for layer in self.modules() if isinstance(layer, SpectralConv2d)]

    def forward(self, observations: torch.Tensor, taus: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (B, *observation_shape) -> (B, actions, outputs); with quantiles taus (B, N) -> (B, actions, N)."""
        features = self.trunk(observations)
        if self.embedding is None:
            outputs: torch.Tensor = self.head(features)
            return outputs
        quantiles: torch.Tensor = self.head(self.embedding(features, taus))
        return quantiles.squeeze(-1).transpose(1, 2)

    def resample_noise(self, rows: int, generator: torch.Generator) -> None:
        """New noise for all noisy layers in one draw; `rows` is 1 or the batch size (see `NoisyLinear.set_noise`)."""
        if not self._noisy_layers:
            return
        noise = scaled_noise((rows, sum(self._noise_sizes)), generator)
        sides = torch.split(noise, self._noise_sizes, dim=1)
        for i, layer in enumerate(self._noisy_layers):
            layer.set_noise(sides[2 * i], sides[2 * i + 1])

    @contextlib.contextmanager
    def same_weights(self) -> Iterator[None]:
        """For several passes on the same weights and noise, the first one with gradients, if any: what is computed of
        the two together is computed once."""
        for layer in self._noisy_layers:
            layer.keep_noisy(True)
        try:
            yield
        finally:
            for layer in self._noisy_layers:
                layer.keep_noisy(False)

    def remove_noise(self) -> None:
        """Use the mean weights until noise is drawn again."""
        for layer in self._noisy_layers:
            layer.set_noise(None, None)

    def iterate_spectral_norm(self) -> None:
        """Follow the weights' singular values, which change with every update; nothing without spectral norm."""
        for layer in self._spectral_layers:
            layer.iterate()

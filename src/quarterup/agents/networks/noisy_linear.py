"""Noisy linear layer: exploration by learned noise in the weights.

Fortunato et al., 2018, "Noisy Networks for Exploration", https://arxiv.org/abs/1706.10295: factorised Gaussian noise,
section 3(b), initial values section 3.2.

With one noise for a whole batch a layer can compute noisy weights and multiply by them, or, because the noise is of
rank one, put it on inputs and outputs and multiply twice. Which is faster depends on the number of rows.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

SIGMA_ZERO = 0.5
"""Initial scale of the noise (sigma_0 in the paper); a layer of p inputs starts with sigma_0 / sqrt(p)."""

FEW_ROWS = 32
"""Up to so many rows two products cost less than noisy weights (measured on one core, docs/decisions.md)."""


class NoisyLinear(nn.Module):
    """y = (W + S * noise) x + (b + s * bias noise), with noise = outer(noise_out, noise_in); `*` is element by
    element.

    W, b, S and s are learned. Without noise, as after construction, it is the linear layer of W and b.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        bound = 1.0 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))
        self.weight_sigma = nn.Parameter(torch.full((out_features, in_features), SIGMA_ZERO * bound))
        self.bias_sigma = nn.Parameter(torch.full((out_features,), SIGMA_ZERO * bound))
        self.noise_in: torch.Tensor | None = None
        self.noise_out: torch.Tensor | None = None
        self._kept: list[torch.Tensor] | None = None
        """Weight and bias with their noise, if they are to be kept, once they have been computed."""

    def set_noise(self, noise_in: torch.Tensor | None, noise_out: torch.Tensor | None) -> None:
        """Use this noise until it is set again: shapes (R, in_features) and (R, out_features), or None for none.

        R is 1, one noise for all rows of a batch, or the batch size, an own one for each row.
        """
        self.noise_in = noise_in
        self.noise_out = noise_out

    def keep_noisy(self, keeps: bool) -> None:
        """From now on compute weights and noise into one only once, or at every pass again. While they are kept neither
        may change."""
        self._kept = [] if keeps else None

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (B, ..., in_features) -> (B, ..., out_features)."""
        if self.noise_in is None or self.noise_out is None:
            return functional.linear(inputs, self.weight, self.bias)
        if len(self.noise_in) == 1 and inputs.numel() > FEW_ROWS * self.in_features:
            return functional.linear(inputs, *self._noisy(self.noise_in, self.noise_out))
        rows = (len(self.noise_in), *(1,) * (inputs.dim() - 2))
        noise_in, noise_out = self.noise_in.view(*rows, -1), self.noise_out.view(*rows, -1)
        mean = functional.linear(inputs, self.weight, self.bias)
        noise = functional.linear(inputs * noise_in, self.weight_sigma, self.bias_sigma)
        return torch.addcmul(mean, noise, noise_out)

    def _noisy(self, noise_in: torch.Tensor, noise_out: torch.Tensor) -> list[torch.Tensor]:
        """Weight and bias."""
        if self._kept:
            return self._kept
        weight = torch.addcmul(self.weight, self.weight_sigma, noise_out.T * noise_in)
        bias = torch.addcmul(self.bias, self.bias_sigma, noise_out[0])
        if self._kept is not None:
            self._kept += [weight, bias]
        return [weight, bias]


def scaled_noise(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Noise for one side of a layer: f(x) = sign(x) sqrt(|x|) of standard normal x, on the generator's device."""
    normal = torch.randn(shape, generator=generator, device=generator.device)
    return normal.abs().sqrt_().copysign_(normal)

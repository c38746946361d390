"""Quantile embedding: tells a head which quantile of the returns it is asked for.

Dabney et al., 2018, "Implicit Quantile Networks for Distributional Reinforcement Learning",
https://arxiv.org/abs/1806.06923, equation 4.
"""

from __future__ import annotations

import math

import torch
from torch import nn

COSINES = 64
"""Cosines that stand for one tau (n in the paper)."""


class QuantileEmbedding(nn.Module):
    """Multiplies features, element by element, by a layer of ReLUs over cos(pi i tau), i from 0 to `COSINES` - 1."""

    frequencies: torch.Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(COSINES, features)
        self.register_buffer("frequencies", math.pi * torch.arange(COSINES), persistent=False)

    def forward(self, features: torch.Tensor, taus: torch.Tensor) -> torch.Tensor:
        """Features (B, F) and taus (B, N), from 0 to 1 -> (B, N, F)."""
        cosines = (taus.unsqueeze(-1) * self.frequencies).cos()
        embedded: torch.Tensor = self.linear(cosines).relu()
        return features.unsqueeze(1) * embedded

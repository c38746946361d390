"""Convolution whose largest singular value is kept at 1, which keeps deep value networks stable.

Miyato et al., 2018, "Spectral Normalization for Generative Adversarial Networks", https://arxiv.org/abs/1802.05957,
algorithm 1: the singular value of the kernel seen as a matrix of (output channels) x (everything else), found by power
iteration.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

FIRST_ITERATIONS = 15
"""Of a fresh layer. Later one for each update is enough, because the weights move slowly."""


class SpectralConv2d(nn.Module):
    """A 3 x 3 convolution of padding 1, divided by the largest singular value of its kernel.

    The power iteration goes on only in `iterate`, once for each update: acting and evaluating change nothing.
    """

    left: torch.Tensor
    right: torch.Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        fresh = nn.Conv2d(in_channels, out_channels, 3)
        assert fresh.bias is not None
        self.weight, self.bias = nn.Parameter(fresh.weight.detach()), nn.Parameter(fresh.bias.detach())
        self.register_buffer("left", functional.normalize(torch.randn(out_channels), dim=0))
        self.register_buffer("right", torch.zeros(in_channels * 9))
        for _ in range(FIRST_ITERATIONS):
            self.iterate()

    def iterate(self) -> None:
        """One power iteration on the weights as they are now."""
        with torch.no_grad():
            matrix = self.weight.flatten(1)
            self.right.copy_(functional.normalize(matrix.T @ self.left, dim=0))
            self.left.copy_(functional.normalize(matrix @ self.right, dim=0))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (B, in_channels, H, W) -> (B, out_channels, H, W)."""
        with torch.autocast(inputs.device.type, enabled=False):  # In bfloat16 it would be off by a hundredth.
            singular_value = self.left.dot(self.weight.flatten(1).mv(self.right))
        return functional.conv2d(inputs, self.weight / singular_value, self.bias, padding=1)

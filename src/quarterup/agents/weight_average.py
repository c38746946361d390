"""Playing by the average of the last weights instead of the newest.

What an update teaches about one situation changes a little what the network does in all others, so that players whose
networks learn as well as ever go up and down from minute to minute. Their average does not (Izmailov et al., 2018,
"Averaging Weights Leads to Wider Optima and Better Generalization", https://arxiv.org/abs/1803.05407; as a running
average in Tarvainen and Valpola, 2017, https://arxiv.org/abs/1703.01780).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

EARLY = 0.5
"""At first the average is of this share of all updates: what the network did when it knew nothing is soon forgotten."""


class WeightAverage:
    """Keeps the weights of `average` at the running average of those of `newest`, a network of the same kind."""

    def __init__(self, average: nn.Module, newest: nn.Module, updates: int) -> None:
        """Of about so many of the last `updates`."""
        self._updates = updates
        self._average, self._newest = _detached(average.parameters()), _detached(newest.parameters())
        self._average_buffers, self._newest_buffers = list(average.buffers()), list(newest.buffers())

    def follow(self, updates: int) -> None:
        """Take in the weights after an update, the `updates`-th of all. Buffers are copied."""
        share = 1.0 / min(self._updates, 1.0 + EARLY * updates)
        torch._foreach_lerp_(self._average, self._newest, share)
        if self._average_buffers:
            torch._foreach_copy_(self._average_buffers, self._newest_buffers)


def _detached(parameters: Iterator[nn.Parameter]) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in parameters]

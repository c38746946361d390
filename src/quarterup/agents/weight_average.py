"""Playing by the average of the last weights instead of the newest.

What an update teaches about one situation changes a little what the network does in all others, so that players whose
networks learn as well as ever go up and down from minute to minute. Their average does not (Izmailov et al., 2018,
"Averaging Weights Leads to Wider Optima and Better Generalization", https://arxiv.org/abs/1803.05407; as a running
average in Tarvainen and Valpola, 2017, https://arxiv.org/abs/1703.01780).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Generic, TypeVar

import torch
from torch import nn

from quarterup.agents.checkpoint import load_module, module_tensors

NAME = "average"
"""Of the network that plays, in the tensors of an agent's state."""
EARLY = 0.5
"""At first the average is of this share of all updates: what the network did when it knew nothing is soon forgotten."""

Network = TypeVar("Network", bound=nn.Module)


class WeightAverage(Generic[Network]):
    """Keeps the weights of a network that plays at the running average of those of one that learns."""

    def __init__(self, playing: Network, updates: int) -> None:
        """Of about so many of the last `updates`. With 0 the network that plays is the one that learns."""
        self._playing = playing
        self._updates = updates
        self.newest = copy.deepcopy(playing) if updates else playing
        """The network that learns."""
        self._average = [parameter.detach() for parameter in playing.parameters()]
        self._learned = [parameter.detach() for parameter in self.newest.parameters()]
        self._average_buffers, self._learned_buffers = list(playing.buffers()), list(self.newest.buffers())

    def follow(self, updates: int) -> None:
        """Take in the weights after an update, the `updates`-th of all. Buffers are copied."""
        if not self._updates:
            return
        share = 1.0 / min(self._updates, 1.0 + EARLY * updates)
        torch._foreach_lerp_(self._average, self._learned, share)
        if self._average_buffers:
            torch._foreach_copy_(self._average_buffers, self._learned_buffers)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What there is to keep beside the network that learns."""
        return module_tensors(NAME, self._playing) if self._updates else {}

    def load(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Go on from what `tensors` gave, which is in `tensors`."""
        if self._updates:
            load_module(NAME, self._playing, tensors)

"""Choosing actions on a GPU: one CUDA graph for each number of environments, instead of a hundred kernels in turn.

Naming them takes the host longer than the GPU takes to compute them, and beside a learner that keeps the same GPU busy
from another process, each would wait for its turn by itself: see docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

EAGER_CALLS = 3
"""Done kernel by kernel before the graph is captured, so that libraries have chosen and loaded theirs."""


class CudaChoices:
    """A function from observations to actions, both on the device, for callers that have and want them on the host."""

    def __init__(
        self,
        choose: Callable[[torch.Tensor], torch.Tensor],
        device: torch.device,
        generator: torch.Generator | None = None,
    ) -> None:
        """Of (N, *observation_shape) to (N,) int64. It must do the same operations whatever the numbers are, and draw
        from no generator but this one. What it reads besides may change its numbers, but not its place."""
        self._choose = choose
        self._device = device
        self._generator = generator
        self._rooms: dict[tuple[int, ...], _Room] = {}

    def __call__(self, observations: NDArray[Any]) -> NDArray[np.int64]:
        """The actions, when the GPU has them."""
        room = self._rooms.get(observations.shape)
        if room is None:
            room = self._rooms[observations.shape] = _Room(observations, self._device)
        room.given.numpy()[:] = observations
        room.observations.copy_(room.given, non_blocking=True)
        self._run(room)
        room.taken.copy_(room.actions, non_blocking=True)
        torch.cuda.current_stream(self._device).synchronize()
        return room.taken.numpy().copy()

    def _run(self, room: _Room) -> None:
        if room.eager_calls < EAGER_CALLS:
            room.eager_calls += 1
            room.actions = self._choose(room.observations)
            return
        if room.graph is None:
            graph = torch.cuda.CUDAGraph()
            if self._generator is not None:
                graph.register_generator_state(self._generator)
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                room.actions = self._choose(room.observations)
            room.graph = graph
        room.graph.replay()


class _Room:
    """The memory of one graph: on the device, and page-locked on the host."""

    def __init__(self, like: NDArray[Any], device: torch.device) -> None:
        self.given = torch.from_numpy(np.zeros_like(like)).pin_memory()
        self.taken = torch.zeros(len(like), dtype=torch.int64, pin_memory=True)
        self.observations = torch.zeros_like(self.given, device=device)
        self.actions = torch.zeros(len(like), dtype=torch.int64, device=device)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.eager_calls = 0

"""What a replay gives to the learner: a batch of transitions, and the memory that batches are sampled into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """B sampled transitions. All tensors are the replay's own memory, of which it has two for each batch size: they
    stay as they are until the second call of `sample` with the same size from this one on."""

    observations: torch.Tensor
    """Shape (B, *observation_shape), in the environment's dtype; float32 if they are kept as float16."""
    actions: torch.Tensor
    """int64, shape (B,)."""
    returns: torch.Tensor
    """Discounted sum of the next k rewards, float32, shape (B,). k is n_step, or less at an episode's end."""
    next_observations: torch.Tensor
    """The observation k steps later, like `observations`. Of no meaning where the discount is 0."""
    discounts: torch.Tensor
    """gamma^k, or 0 where the episode terminated within the k steps. float32, shape (B,)."""
    weights: torch.Tensor
    """Importance weights, the largest of the batch 1. float32, shape (B,)."""
    expert: torch.Tensor
    """The action was the expert's. bool, shape (B,)."""
    indices: NDArray[np.int64]
    """Slots, for `update_priorities`. Shape (B,)."""

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on `device`; itself if they are there.

        Copies to a CUDA device are queued on its current stream, after all that is queued there already. Wait for that
        stream before the replay's memory is used again, that is, before the second `sample` of this size from here on.
        """
        if device == self.observations.device:
            return self
        tensors = {name: value.to(device, non_blocking=True) for name, value in vars(self).items() if name != "indices"}
        return Batch(**tensors, indices=self.indices.copy())


@dataclass(frozen=True)
class BatchMemory:
    """A batch, the same memory as NumPy arrays for the functions that fill it, and what they need beside it."""

    batch: Batch
    observations: NDArray[Any]
    """Shape (B * stack, frame size)."""
    next_observations: NDArray[Any]
    actions: NDArray[np.int64]
    returns: NDArray[np.float32]
    discounts: NDArray[np.float32]
    weights: NDArray[np.float32]
    expert: NDArray[np.bool_]
    slots: NDArray[np.int64]
    bootstrap_slots: NDArray[np.int64]
    sources: NDArray[np.int64]
    """Slots of the frames of the stacks, shape (B, stack)."""


def new_batch_memory(
    size: int, observation_shape: tuple[int, ...], dtype: np.dtype[Any], stack: int, *, pinned: bool
) -> BatchMemory:
    """Memory for a batch of `size`; `pinned` makes copies to a CUDA device faster."""

    def zeros(shape: tuple[int, ...], like: Any) -> torch.Tensor:
        of = torch.from_numpy(np.zeros(0, like)).dtype
        return torch.zeros(shape, dtype=of, pin_memory=pinned)

    batch = Batch(
        observations=zeros((size, *observation_shape), dtype),
        actions=zeros((size,), np.int64),
        returns=zeros((size,), np.float32),
        next_observations=zeros((size, *observation_shape), dtype),
        discounts=zeros((size,), np.float32),
        weights=zeros((size,), np.float32),
        expert=zeros((size,), np.bool_),
        indices=np.zeros(size, np.int64),
    )
    return BatchMemory(
        batch=batch,
        observations=batch.observations.numpy().reshape(size * stack, -1),
        next_observations=batch.next_observations.numpy().reshape(size * stack, -1),
        actions=batch.actions.numpy(),
        returns=batch.returns.numpy(),
        discounts=batch.discounts.numpy(),
        weights=batch.weights.numpy(),
        expert=batch.expert.numpy(),
        slots=batch.indices,
        bootstrap_slots=np.zeros(size, np.int64),
        sources=np.zeros((size, stack), np.int64),
    )

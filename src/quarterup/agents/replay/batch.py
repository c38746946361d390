"""What a replay gives to the learner: a batch of transitions, and the memory that batches are sampled into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

ALIGNMENT = 256
"""Bytes: where a tensor of a batch begins in its memory."""


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
    block: torch.Tensor | None = None
    """The memory that all tensors lie in, as bytes: see `batch_in`. None if each has its own."""

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on `device`; itself if they are there."""
        if device == self.observations.device:
            return self
        tensors = {name: getattr(self, name).to(device) for name in TENSORS}
        return Batch(**tensors, indices=self.indices)


TENSORS = ("observations", "actions", "returns", "next_observations", "discounts", "weights", "expert")
"""The fields of a batch that are there for the learner."""


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
    num_bytes = batch_bytes(size, observation_shape, dtype)
    batch = batch_in(torch.zeros(num_bytes, dtype=torch.uint8, pin_memory=pinned), size, observation_shape, dtype)
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


def batch_bytes(size: int, observation_shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of the block that `batch_in` takes."""
    return sum(_room(*of) for of in _layout(size, observation_shape, dtype).values())


def batch_in(block: torch.Tensor, size: int, observation_shape: tuple[int, ...], dtype: np.dtype[Any]) -> Batch:
    """A batch whose tensors lie in `block`, bytes on any device. All of it can be copied at once, to another block."""
    tensors, offset = {}, 0
    for name, (shape, kind) in _layout(size, observation_shape, dtype).items():
        num_bytes = math.prod(shape) * kind.itemsize
        tensors[name] = block[offset : offset + num_bytes].view(kind).view(shape)
        offset += _room(shape, kind)
    return Batch(**tensors, indices=np.zeros(size, np.int64), block=block)


def _layout(
    size: int, observation_shape: tuple[int, ...], dtype: np.dtype[Any]
) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and dtype of each of `TENSORS`, in their order in memory."""
    pictures = ((size, *observation_shape), torch.from_numpy(np.zeros(0, dtype)).dtype)
    kinds = {"actions": torch.int64, "expert": torch.bool}
    return {
        name: pictures if name.endswith("observations") else ((size,), kinds.get(name, torch.float32))
        for name in TENSORS
    }


def _room(shape: tuple[int, ...], kind: torch.dtype) -> int:
    """Bytes that a tensor takes in a block, so that the next one is aligned as any could wish."""
    return -(-math.prod(shape) * kind.itemsize // ALIGNMENT) * ALIGNMENT

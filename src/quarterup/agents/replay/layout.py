"""Which arrays a replay is made of, and how many bytes they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from quarterup.agents.replay.storage import Field, bytes_of, check_disk, what_memory_lacks
from quarterup.agents.replay.sum_tree import num_leaves, sum_bytes

MAX_STACK = 255
"""Steps into the episode are kept in one byte."""


def replay_bytes(
    *,
    observation_shape: tuple[int, ...],
    observation_dtype: DTypeLike,
    num_envs: int,
    capacity: int,
    stack: int = 1,
    num_actions: int = 256,
    kept_dtype: DTypeLike | None = None,
) -> int:
    """Bytes of memory that a `Replay` of these arguments takes, batches not counted.

    A directory takes as much on disk, but for the sums of the tree: they are only in memory.
    """
    slots = capacity // num_envs * num_envs
    dtype = dtype_to_keep(np.dtype(observation_dtype), kept_dtype)
    fields = replay_fields(
        observation_shape=observation_shape,
        dtype=dtype,
        num_envs=num_envs,
        slots=slots,
        stack=stack,
        num_actions=num_actions,
    )
    return bytes_of(fields) + sum_bytes(slots)


def check_room(directory: Path, *, capacity: int, **arguments: Any) -> str | None:
    """Whether a new replay of these arguments, those of `replay_bytes`, fits on the disk of `directory`.

    Returns a sentence if it does, but memory cannot hold it too. Raises ReplayTooLargeError if it doesn't.
    """
    needed = replay_bytes(capacity=capacity, **arguments)
    check_disk(directory, needed, capacity)
    return what_memory_lacks(needed, capacity)


def replay_fields(
    *,
    observation_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    num_envs: int,
    slots: int,
    stack: int,
    num_actions: int,
) -> dict[str, Field]:
    """The arrays by name. `slots` are those of all streams; `dtype` is what observations are kept as.

    Raises ValueError if the observations' shape has no stack of that length.
    """
    return {
        "frames": Field((slots, *_frame_shape(observation_shape, stack)), dtype),
        "actions": Field((slots,), np.min_scalar_type(num_actions - 1)),
        "rewards": Field((slots,), np.dtype(np.float32)),
        "flags": Field((slots,), np.dtype(np.uint8)),
        "steps_into_episode": Field((slots,), np.dtype(np.uint8)),
        "priorities": Field((num_leaves(slots),), np.dtype(np.float32)),
        "rows_written": Field((num_envs,), np.dtype(np.int64)),
        "max_priority": Field((1,), np.dtype(np.float64)),
    }


def dtype_to_keep(given: np.dtype[Any], asked: DTypeLike | None) -> np.dtype[Any]:
    """What observations of type `given` are kept as. Raises ValueError if they cannot be kept as `asked`."""
    if asked is None:
        return given
    kept = np.dtype(asked)
    if kept not in (np.float16, np.float32) or given.kind != "f":
        raise ValueError(
            f"Observations can be kept as float16 or float32 if they are floating-point numbers, got {kept} for"
            f" {given} ones. Keep those as they come: replay_dtype as_given."
        )
    return kept


def _frame_shape(observation_shape: tuple[int, ...], stack: int) -> tuple[int, ...]:
    if stack == 1:
        return observation_shape
    if not 1 <= stack <= MAX_STACK or len(observation_shape) < 2 or observation_shape[0] != stack:
        raise ValueError(
            f"With a stack of {stack} (1 to {MAX_STACK}) observations must have the shape ({stack}, height,"
            f" width), got {observation_shape}."
        )
    return observation_shape[1:]

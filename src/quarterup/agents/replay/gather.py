"""Reading a replay: n-step targets, frame stacks and importance weights of sampled slots. Compiled by numba.

Each stream is a ring of `num_rows` slots that lie one after the other: slot = stream * num_rows + place in the ring.
All functions take flat arrays over slots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled

VALID, TERMINATED, TRUNCATED, EXPERT = 1, 2, 4, 8
"""Bits of a slot's flags."""

FLOAT16_TO_FLOAT32 = np.float32(2.0**112)
"""Exponents count from 15 in float16 and from 127 in float32."""


@compiled
def slot_after(slot: int, num_rows: int) -> int:
    """The slot that follows in the same stream."""
    return slot + 1 if (slot + 1) % num_rows else slot + 1 - num_rows


@compiled
def slot_before(slot: int, back: int, num_rows: int) -> int:
    """The slot `back` steps earlier, fewer than `num_rows`, in the same stream."""
    place = slot % num_rows
    return slot - back if back <= place else slot - back + num_rows


@compiled
def n_step_targets(
    slots: NDArray[np.int64],
    rewards: NDArray[np.float32],
    flags: NDArray[np.uint8],
    num_rows: int,
    n_step: int,
    gamma: float,
    returns: NDArray[np.float32],
    discounts: NDArray[np.float32],
    bootstrap_slots: NDArray[np.int64],
) -> None:
    """For each of `slots` fill in the three parts of the target `return + discount * value(bootstrap slot)`.

    With k the smaller of `n_step` and the steps left in the episode: the return is the sum of gamma^i * reward i for
    i < k, the bootstrap slot lies k steps on, and the discount is gamma^k, or 0 if the episode terminated there.
    """
    for i in range(slots.size):
        slot = slots[i]
        total = 0.0
        discount = 1.0
        for _ in range(n_step):
            total += discount * rewards[slot]
            discount *= gamma
            ended = flags[slot] & TERMINATED
            slot = slot_after(slot, num_rows)
            if ended:
                discount = 0.0
                break
            if not flags[slot] & VALID:  # Truncated: this slot holds the episode's final observation.
                break
        returns[i] = total
        discounts[i] = discount
        bootstrap_slots[i] = slot


@compiled
def gather_scalars(
    slots: NDArray[np.int64],
    actions: NDArray[Any],
    flags: NDArray[np.uint8],
    leaves: NDArray[np.float32],
    beta: float,
    into_actions: NDArray[np.int64],
    into_expert: NDArray[np.bool_],
    into_weights: NDArray[np.float32],
) -> None:
    """Actions, the expert's mark and importance weights of `slots`."""
    for i in range(slots.size):
        into_actions[i] = actions[slots[i]]
        into_expert[i] = flags[slots[i]] & EXPERT != 0
    importance_weights(leaves, slots, beta, into_weights)


@compiled
def importance_weights(
    leaves: NDArray[np.float32], slots: NDArray[np.int64], beta: float, weights: NDArray[np.float32]
) -> None:
    """(slots * probability)^-beta, divided by the largest of the batch: section 3.4 of Schaul et al., 2016.

    The number of slots and the sum of priorities cancel, so that (smallest priority / priority)^beta is left.
    """
    smallest = np.inf
    for i in range(slots.size):
        smallest = min(smallest, np.float64(leaves[slots[i]]))
    for i in range(slots.size):
        weights[i] = (smallest / leaves[slots[i]]) ** beta


@compiled
def stack_slots(
    slots: NDArray[np.int64],
    steps_into_episode: NDArray[np.uint8],
    num_rows: int,
    sources: NDArray[np.int64],
) -> None:
    """Which slots hold the frames that make the stack at each of `slots`, oldest first, into `sources` (B, stack).

    Frames from before the episode's start are replaced by its first frame.
    """
    last = sources.shape[1] - 1
    for i in range(slots.size):
        for k in range(last + 1):
            back = min(last - k, np.int64(steps_into_episode[slots[i]]))
            sources[i, k] = slot_before(slots[i], back, num_rows)


@compiled
def copy_frames(frames: NDArray[Any], sources: NDArray[np.int64], into: NDArray[Any]) -> None:
    """Rows `sources` of `frames` (slots, frame size), as they are, into `into` (rows, frame size)."""
    for i in range(sources.size):
        source = sources[i]
        for k in range(frames.shape[1]):
            into[i, k] = frames[source, k]


@compiled
def copy_float16_frames(
    frames: NDArray[np.uint16],
    sources: NDArray[np.int64],
    into: NDArray[np.float32],
    into_bits: NDArray[np.uint32],
) -> None:
    """As `copy_frames`, for float16 numbers that become float32; exact for all that are finite.

    Numba knows no float16 on processors, so `frames` are their bits, and `into_bits` is `into` as bits. Shifted into
    place, the bits of a float16 are those of a float32 that is 2^112 times too small.
    """
    for i in range(sources.size):
        source = sources[i]
        for k in range(frames.shape[1]):
            bits = np.uint32(frames[source, k])
            into_bits[i, k] = (bits & np.uint32(0x8000)) << np.uint32(16) | (bits & np.uint32(0x7FFF)) << np.uint32(13)
        for k in range(frames.shape[1]):
            into[i, k] *= FLOAT16_TO_FLOAT32

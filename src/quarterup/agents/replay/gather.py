"""The loops over single slots of a replay: n-step targets, known targets, frame stacks. Compiled by numba.

Slots lie in time-major order: slot = row * num_envs + stream, and row + 1 of the same stream is `num_envs` further,
round the end to the start. All functions take flat arrays over slots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled


@compiled
def n_step_targets(
    slots: NDArray[np.int64],
    rewards: NDArray[np.float32],
    terminated: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    num_envs: int,
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
            ended = terminated[slot]
            slot = (slot + num_envs) % valid.size
            if ended:
                discount = 0.0
                break
            if not valid[slot]:  # Truncated: this slot holds the episode's final observation.
                break
        returns[i] = total
        discounts[i] = discount
        bootstrap_slots[i] = slot


@compiled
def slots_with_new_targets(
    newest_row: int,
    rows_before: int,
    valid: NDArray[np.bool_],
    leaves: NDArray[np.float64],
    num_envs: int,
    n_step: int,
    slots: NDArray[np.int64],
) -> int:
    """Write to `slots` those whose n-step target is complete now that `newest_row` was written; returns how many.

    An invalid slot ends its episode, so all that wait for it are complete. Otherwise only the slot `n_step` rows
    before is, unless an end had completed it earlier. A waiting slot is one that is valid and has priority 0 in
    `leaves`.
    """
    count = 0
    reach = min(n_step, rows_before)
    for stream in range(num_envs):
        newest = newest_row * num_envs + stream
        ends = not valid[newest]
        for back in range(1, reach + 1):
            slot = (newest - back * num_envs) % valid.size
            if not valid[slot]:
                break
            if leaves[slot] == 0.0 and (ends or back == n_step):
                slots[count] = slot
                count += 1
    return count


@compiled
def gather_stacks(
    slots: NDArray[np.int64],
    frames: NDArray[Any],
    steps_into_episode: NDArray[np.uint8],
    num_envs: int,
    stacks: NDArray[Any],
) -> None:
    """Copy the last frames before and at each of `slots`, oldest first, into `stacks` (B, stack, frame size).

    Frames from before the episode's start are replaced by its first frame.
    """
    num_frames = stacks.shape[1]
    for i in range(slots.size):
        for k in range(num_frames):
            back = min(num_frames - 1 - k, steps_into_episode[slots[i]])
            source = (slots[i] - back * num_envs) % frames.shape[0]
            stacks[i, k, :] = frames[source, :]

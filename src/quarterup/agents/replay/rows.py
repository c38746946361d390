"""Writing a replay: which slot comes next, which slots it closes, and whose targets it completes. Compiled by numba.

Slots lie as `gather.py` says. `rows_written` counts, for each stream, the rows taken in since the replay was new.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.replay.gather import EXPERT, TERMINATED, TRUNCATED, VALID, slot_before
from quarterup.agents.replay.layout import MAX_STACK
from quarterup.agents.replay.sum_tree import LARGEST_PRIORITY, Nodes, set_leaves
from quarterup.compiled import compiled


@compiled
def are_good(rewards: NDArray[np.float32], actions: NDArray[np.int64], num_actions: int) -> bool:
    """Whether all rewards are finite and all actions there."""
    good = True
    for i in range(rewards.size):
        good &= np.isfinite(rewards[i]) and 0 <= actions[i] < num_actions
    return good


@compiled
def newest_flags(
    streams: NDArray[np.int64],
    rows_written: NDArray[np.int64],
    is_cut: NDArray[np.bool_],
    flags: NDArray[np.uint8],
    num_rows: int,
    newest: NDArray[np.uint8],
) -> None:
    """Flags of the newest slot of each stream into `newest`; 0 where there is none, or where a new episode begins."""
    for i in range(streams.size):
        stream = streams[i]
        if rows_written[stream] == 0 or is_cut[stream]:
            newest[i] = 0
        else:
            newest[i] = flags[stream * num_rows + (rows_written[stream] - 1) % num_rows]


@compiled
def begin_rows(
    streams: NDArray[np.int64],
    rows_written: NDArray[np.int64],
    steps_into_episode: NDArray[np.uint8],
    num_rows: int,
    stack: int,
    nodes: Nodes,
    slots: NDArray[np.int64],
) -> None:
    """The slot that each stream writes next into `slots`.

    If it holds something, that loses its priority, and so do the slots after it whose stacks reach into it.
    """
    closed = np.empty(1, np.int64)
    nothing = np.zeros(1, np.float64)
    for i in range(streams.size):
        first = streams[i] * num_rows
        place = rows_written[streams[i]] % num_rows
        slots[i] = first + place
        if rows_written[streams[i]] < num_rows:
            continue
        for offset in range(stack):
            closed[0] = first + (place + offset) % num_rows
            if steps_into_episode[closed[0]] >= offset and nodes[0][closed[0]] > 0.0:
                set_leaves(nodes, closed, nothing)


@compiled
def write_scalars(
    slots: NDArray[np.int64],
    starts: NDArray[np.bool_],
    actions: NDArray[np.int64],
    rewards: NDArray[np.float32],
    flags: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    num_rows: int,
    into_actions: NDArray[Any],
    into_rewards: NDArray[np.float32],
    into_flags: NDArray[np.uint8],
    steps_into_episode: NDArray[np.uint8],
) -> None:
    """Everything of a step but its observation. `flags` are valid, terminated, truncated and expert."""
    valid, terminated, truncated, expert = flags
    for i in range(slots.size):
        slot = slots[i]
        into_actions[slot] = actions[i]
        into_rewards[slot] = rewards[i]
        into_flags[slot] = valid[i] * VALID + terminated[i] * TERMINATED + truncated[i] * TRUNCATED + expert[i] * EXPERT
        before = int(steps_into_episode[slot_before(slot, 1, num_rows)])
        steps_into_episode[slot] = 0 if starts[i] else min(before + 1, MAX_STACK)


@compiled
def end_rows(
    streams: NDArray[np.int64],
    rows_written: NDArray[np.int64],
    flags: NDArray[np.uint8],
    num_rows: int,
    n_step: int,
    nodes: Nodes,
    first_priorities: NDArray[np.float64],
    max_priority: float,
    boosted_steps: int,
    boost: float,
) -> None:
    """Give priorities to the slots whose n-step targets are complete now that each stream's newest slot was written.

    Their priority is what `first_priorities` (num streams, n_step + 1) holds for their row, modulo n_step + 1, or
    `max_priority` if that is 0. If an episode terminated, the priorities of its last `boosted_steps` slots, as far as
    they have one, are multiplied by `boost`.
    """
    slots = np.empty(max(n_step, boosted_steps), np.int64)
    priorities = np.empty(slots.size, np.float64)
    for i in range(streams.size):
        stream = streams[i]
        row = rows_written[stream] - 1
        newest = stream * num_rows + row % num_rows
        rows_before = min(row, num_rows - 1)
        count = slots_with_new_targets(newest, min(n_step, rows_before), flags, nodes[0], num_rows, n_step, slots)
        for k in range(count):
            back = (newest - slots[k]) % num_rows
            first = first_priorities[stream, (row - back) % (n_step + 1)]
            priorities[k] = first if first > 0.0 else max_priority
        set_leaves(nodes, slots[:count], priorities[:count])
        if boosted_steps > 0:
            count = slots_before_death(newest, min(boosted_steps, rows_before), flags, nodes[0], num_rows, slots)
            for k in range(count):
                priorities[k] = nodes[0][slots[k]] * boost
            set_leaves(nodes, slots[:count], priorities[:count])


@compiled
def slots_with_new_targets(
    newest: int,
    reach: int,
    flags: NDArray[np.uint8],
    leaves: NDArray[np.float32],
    num_rows: int,
    n_step: int,
    slots: NDArray[np.int64],
) -> int:
    """Write to `slots` those whose n-step target is complete now that slot `newest` was written; returns how many.

    An invalid slot ends its episode, so all that wait for it are complete. Otherwise only the slot `n_step` rows
    before is, unless an end had completed it earlier. A waiting slot is one that is valid and has priority 0 in
    `leaves`; none waits further back than `reach` rows.
    """
    count = 0
    ends = not flags[newest] & VALID
    for back in range(1, reach + 1):
        slot = slot_before(newest, back, num_rows)
        if not flags[slot] & VALID:
            break
        if leaves[slot] == 0.0 and (ends or back == n_step):
            slots[count] = slot
            count += 1
    return count


@compiled
def slots_before_death(
    newest: int,
    reach: int,
    flags: NDArray[np.uint8],
    leaves: NDArray[np.float32],
    num_rows: int,
    slots: NDArray[np.int64],
) -> int:
    """If the slot before `newest` terminated its episode, write up to `reach` of its last slots to `slots`.

    Returns how many. Slots without a priority are left out: their frame stacks are gone.
    """
    count = 0
    if reach < 1 or not flags[slot_before(newest, 1, num_rows)] & TERMINATED or flags[newest] & VALID:
        return count
    for back in range(1, reach + 1):
        slot = slot_before(newest, back, num_rows)
        if not flags[slot] & VALID:
            break
        if leaves[slot] > 0.0:
            slots[count] = slot
            count += 1
    return count


@compiled
def priority_of(error: float, floor: float, exponent: float) -> float:
    """(|error| + floor)^exponent: proportional prioritisation, section 3.3 of Schaul et al., 2016."""
    return min((abs(np.float64(error)) + floor) ** exponent, LARGEST_PRIORITY)


@compiled
def new_priorities(
    nodes: Nodes,
    slots: NDArray[np.int64],
    errors: NDArray[np.floating[Any]],
    floor: float,
    exponent: float,
) -> float:
    """Give `slots` the priorities (|error| + floor)^exponent, except those that have none: they were closed since.

    Returns the largest priority given, or -1, having changed nothing, if an error is not finite.
    """
    priorities = np.empty(slots.size, np.float64)
    largest = 0.0
    for i in range(slots.size):
        if not np.isfinite(errors[i]):
            return -1.0
        is_open = nodes[0][slots[i]] > 0.0
        priorities[i] = priority_of(errors[i], floor, exponent) if is_open else 0.0
        largest = max(largest, priorities[i])
    set_leaves(nodes, slots, priorities)
    return largest

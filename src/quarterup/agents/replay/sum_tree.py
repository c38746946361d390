"""Sum tree: draws one of many slots with a probability proportional to its priority, in O(log slots).

The data structure of proportional prioritised replay (Schaul et al., 2016, https://arxiv.org/abs/1511.05952, appendix
B.2.1), with eight children to a node instead of two: the eight lie in one cache line, so that a draw among a million
slots waits for memory 7 times and not 20 times. A node is always computed as the sum of its children, never by adding
a difference, so rounding does not build up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled

CHILDREN = 8
"""Of a node. Eight float64 sums are 64 bytes, a cache line. Measured against 2, 4 and 16, see docs/replay.md."""
SMALLEST_PRIORITY = 1e-30
LARGEST_PRIORITY = 1e30
"""Priorities above 0 are clipped to these, far within float32: one of them must neither become 0 nor infinite."""

Nodes = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int64]]
"""A tree as compiled functions take it: leaves, sums of all levels from the bottom up, where each level begins."""


class SumTree:
    """Priorities of `size` slots, all 0 at first. Every method works on many slots at once."""

    def __init__(self, size: int, leaves: NDArray[np.float32] | None = None) -> None:
        """`leaves` is the memory to use, of length `num_leaves(size)`; the sums are computed from it."""
        if size < 1:
            raise ValueError(f"A sum tree needs at least one slot, got size {size}.")
        expected = num_leaves(size)
        if leaves is None:
            leaves = np.zeros(expected, dtype=np.float32)
        elif leaves.shape != (expected,) or leaves.dtype != np.float32:
            raise ValueError(
                f"A sum tree of {size} slots needs float32 leaves of shape ({expected},), got {leaves.dtype} of"
                f" shape {leaves.shape}."
            )
        if not _all_are_priorities(leaves) or np.any(leaves[size:] != 0):
            raise ValueError("The stored priorities are damaged: some are negative, not finite or out of range.")
        sizes = _level_sizes(size)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        self.size = size
        self.nodes: Nodes = (leaves, np.zeros(sum(sizes)), starts)
        if np.any(leaves):
            _rebuild(self.nodes)

    @property
    def total(self) -> float:
        """Sum of all priorities."""
        return float(self.nodes[1][-1])

    def get(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Priorities of `slots`, shape (B,)."""
        self.check_slots(slots)
        return self.nodes[0][slots]

    def set(self, slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
        """Give each of `slots`, shape (B,), its priority; of a slot that occurs twice, the last one counts.

        They are kept as float32, those above 0 within SMALLEST_PRIORITY and LARGEST_PRIORITY. Raises ValueError, and
        changes nothing, if a slot is out of range or a priority is negative or not finite.
        """
        if slots.shape != priorities.shape:
            raise ValueError(f"{slots.size} slots were given {priorities.size} priorities.")
        self.check_slots(slots)
        if not _all_are_priorities(priorities):
            raise ValueError("A priority must be finite and not negative.")
        set_leaves(self.nodes, slots, priorities)

    def sample(self, uniforms: NDArray[np.float64], slots: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """One slot for each number of `uniforms`, drawn from [0, 1): shape (B,) -> (B,), into `slots` if given.

        Stratified: the total is cut into B equal ranges and number i picks within range i. A slot of priority 0 is
        never returned, whatever the rounding. Raises ValueError if all priorities are 0.
        """
        if not self.total > 0:
            raise ValueError("Nothing can be sampled: all priorities are 0.")
        if slots is None:
            slots = np.empty(uniforms.size, dtype=np.int64)
        _sample(self.nodes, uniforms, slots)
        return slots

    def clear(self) -> None:
        """Make all priorities 0."""
        leaves, sums, _ = self.nodes
        leaves[:] = 0.0
        sums[:] = 0.0

    def check_slots(self, slots: NDArray[np.int64]) -> None:
        """Raises ValueError if one of `slots` is out of range."""
        if not _all_are_below(slots, self.size):
            raise ValueError(f"Slots must lie in 0 to {self.size - 1}, got {int(slots.min())} to {int(slots.max())}.")


def num_leaves(size: int) -> int:
    """Length of the array of leaves for `size` slots: the next multiple of CHILDREN."""
    return -(-size // CHILDREN) * CHILDREN


def sum_bytes(size: int) -> int:
    """Bytes of the sums over `size` slots, which are kept beside the leaves."""
    return 8 * sum(_level_sizes(size))


def _level_sizes(size: int) -> list[int]:
    """Sums on each level, from the bottom up to the one total. Levels that have one above are filled up with zeros."""
    sizes = []
    count = num_leaves(size) // CHILDREN
    while count > 1:
        sizes.append(num_leaves(count))
        count = sizes[-1] // CHILDREN
    return [*sizes, 1]


@compiled
def set_leaves(nodes: Nodes, slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
    """Set leaves and the sums above them, with no check but the clipping (for other compiled functions)."""
    leaves, sums, starts = nodes
    for i in range(slots.size):
        clipped = min(max(priorities[i], SMALLEST_PRIORITY), LARGEST_PRIORITY)
        leaves[slots[i]] = clipped if priorities[i] > 0.0 else 0.0
    # Level by level: the reads of one level don't wait for each other.
    for i in range(slots.size):
        parent = slots[i] // CHILDREN
        sums[parent] = _sum_of_children(leaves, parent * CHILDREN)
    leaves_under = CHILDREN
    for level in range(1, starts.size):
        leaves_under *= CHILDREN
        for i in range(slots.size):
            parent = slots[i] // leaves_under
            sums[starts[level] + parent] = _sum_of_children(sums, starts[level - 1] + parent * CHILDREN)


@compiled
def _sum_of_children(values: NDArray[np.floating[Any]], first: int) -> float:
    total = 0.0
    for k in range(CHILDREN):
        total += values[first + k]
    return total


@compiled
def _rebuild(nodes: Nodes) -> None:
    leaves, sums, starts = nodes
    for parent in range(leaves.size // CHILDREN):
        sums[parent] = _sum_of_children(leaves, parent * CHILDREN)
    for level in range(1, starts.size):
        for parent in range((starts[level] - starts[level - 1]) // CHILDREN):
            sums[starts[level] + parent] = _sum_of_children(sums, starts[level - 1] + parent * CHILDREN)


@compiled
def _sample(nodes: Nodes, uniforms: NDArray[np.float64], slots: NDArray[np.int64]) -> None:
    leaves, sums, starts = nodes
    top = starts.size - 1
    stratum = sums[starts[top]] / uniforms.size
    remaining = np.empty(uniforms.size, np.float64)
    for i in range(uniforms.size):
        remaining[i] = (i + uniforms[i]) * stratum
        slots[i] = 0
    # All draws go down one level together: their reads of memory don't wait for each other.
    for level in range(top - 1, -1, -1):
        for i in range(uniforms.size):
            child, remaining[i] = _child_at(sums, starts[level] + slots[i] * CHILDREN, remaining[i])
            slots[i] = slots[i] * CHILDREN + child
    for i in range(uniforms.size):
        child, remaining[i] = _child_at(leaves, slots[i] * CHILDREN, remaining[i])
        slots[i] = slots[i] * CHILDREN + child


@compiled
def _child_at(values: NDArray[np.floating[Any]], first: int, remaining: float) -> tuple[int, float]:
    """Which of the children from `first` on holds the place `remaining`, and how far into that child the place is.

    A child of sum 0 is never returned: with rounding `remaining` can lie at or beyond the end, and the place is then
    taken to be the end of the last child that is not empty.
    """
    end = 0.0
    start = 0.0
    child = 0
    for k in range(CHILDREN):  # Without a branch: which child it is cannot be predicted.
        end += values[first + k]
        is_before = end <= remaining
        child += is_before
        start = end if is_before else start
    if child < CHILDREN:
        return child, remaining - start
    child = CHILDREN - 1
    while child > 0 and values[first + child] <= 0.0:
        child -= 1
    return child, np.float64(values[first + child])


@compiled
def _all_are_below(slots: NDArray[np.int64], size: int) -> bool:
    good = True
    for i in range(slots.size):
        good &= 0 <= slots[i] < size
    return good


@compiled
def _all_are_priorities(priorities: NDArray[np.floating[Any]]) -> bool:
    # A loop without an early way out becomes vector instructions.
    good = True
    for i in range(priorities.size):
        good &= 0.0 <= priorities[i] < np.inf
    return good

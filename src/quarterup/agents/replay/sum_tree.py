"""Sum tree: draws one of many slots with a probability proportional to its priority, in O(log slots).

The data structure of proportional prioritised replay (Schaul et al., 2016, https://arxiv.org/abs/1511.05952, appendix
B.2.1). Node 1 is the root, the children of node k are 2k and 2k + 1, and the leaves are the second half of the array.
A node is always computed as the sum of its two children, never by adding a difference, so rounding does not build up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled


class SumTree:
    """Priorities of `size` slots, all 0 at first. Every method works on many slots at once."""

    def __init__(self, size: int, nodes: NDArray[np.float64] | None = None) -> None:
        """`nodes` is the memory to use, of length `num_nodes(size)`; sums in it are rebuilt from its leaves."""
        if size < 1:
            raise ValueError(f"A sum tree needs at least one slot, got size {size}.")
        expected = num_nodes(size)
        if nodes is None:
            nodes = np.zeros(expected, dtype=np.float64)
        elif nodes.shape != (expected,) or nodes.dtype != np.float64:
            raise ValueError(
                f"A sum tree of {size} slots needs float64 nodes of shape ({expected},), got {nodes.dtype} of"
                f" shape {nodes.shape}."
            )
        self.size = size
        self._nodes = nodes
        self._first_leaf = expected // 2
        leaves = nodes[self._first_leaf :]
        if not np.all(np.isfinite(leaves)) or np.any(leaves < 0) or np.any(leaves[size:] != 0):
            raise ValueError("The stored priorities are damaged: some are negative, not finite or out of range.")
        if np.any(leaves):
            _rebuild(nodes)

    @property
    def total(self) -> float:
        """Sum of all priorities."""
        return float(self._nodes[1])

    def get(self, slots: NDArray[np.int64]) -> NDArray[np.float64]:
        """Priorities of `slots`, shape (B,)."""
        _check_slots(slots, self.size)
        return self._nodes[self._first_leaf + slots]

    def set(self, slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
        """Give each of `slots`, shape (B,), its priority; of a slot that occurs twice, the last one counts.

        Raises ValueError, and changes nothing, if a slot is out of range or a priority is negative or not finite.
        """
        if slots.shape != priorities.shape:
            raise ValueError(f"{slots.size} slots were given {priorities.size} priorities.")
        _check_slots(slots, self.size)
        if not _all_are_priorities(priorities):
            raise ValueError("A priority must be finite and not negative.")
        set_leaves(self._nodes, slots, priorities)

    def sample(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """One slot for each number of `uniforms`, drawn from [0, 1): shape (B,) -> (B,).

        Stratified: the total is cut into B equal ranges and number i picks within range i. A slot of priority 0 is
        never returned, whatever the rounding. Raises ValueError if all priorities are 0.
        """
        if not self.total > 0:
            raise ValueError("Nothing can be sampled: all priorities are 0.")
        slots = np.empty(uniforms.size, dtype=np.int64)
        _sample(self._nodes, uniforms, slots)
        return slots


def num_nodes(size: int) -> int:
    """Length of the node array for `size` slots: twice the next power of two, at least 2."""
    return 2 * (1 << (size - 1).bit_length())


@compiled
def set_leaves(nodes: NDArray[np.float64], slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
    """Set leaves and the sums above them, without any check (for other compiled functions)."""
    first_leaf = nodes.size // 2
    for i in range(slots.size):
        node = first_leaf + slots[i]
        nodes[node] = priorities[i]
        node //= 2
        while node > 0:
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
            node //= 2


@compiled
def _rebuild(nodes: NDArray[np.float64]) -> None:
    for node in range(nodes.size // 2 - 1, 0, -1):
        nodes[node] = nodes[2 * node] + nodes[2 * node + 1]


@compiled
def _sample(nodes: NDArray[np.float64], uniforms: NDArray[np.float64], slots: NDArray[np.int64]) -> None:
    first_leaf = nodes.size // 2
    stratum = nodes[1] / uniforms.size
    for i in range(uniforms.size):
        remaining = (i + uniforms[i]) * stratum
        node = 1
        while node < first_leaf:
            left, right = nodes[2 * node], nodes[2 * node + 1]
            # A child of sum 0 is never entered: rounding can leave `remaining` at or above the left sum.
            if right <= 0.0 or (left > 0.0 and remaining < left):
                node = 2 * node
            else:
                remaining -= left
                node = 2 * node + 1
        slots[i] = node - first_leaf


@compiled
def _all_are_priorities(priorities: NDArray[np.float64]) -> bool:
    # A loop without an early way out becomes vector instructions.
    good = True
    for i in range(priorities.size):
        good &= 0.0 <= priorities[i] < np.inf
    return good


def _check_slots(slots: NDArray[np.int64], size: int) -> None:
    if slots.size and not (int(slots.min()) >= 0 and int(slots.max()) < size):
        raise ValueError(f"Slots must lie in 0 to {size - 1}, got {int(slots.min())} to {int(slots.max())}.")

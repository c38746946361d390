"""quarterup's replay beside others: drawing and updating priorities, and whole batches of stacked pixels.

    .venv/bin/python benchmarks/replay.py [--rounds 25]

Beside cpprb and Stable-Baselines3, where they are installed (`pip install cpprb stable-baselines3`), and beside two sum
trees that many programs have, written here: one that walks all draws down the levels together with NumPy, one that
walks each draw in a Python loop. Before anything is timed, all trees must draw the same slots from the same numbers.

Each comparison takes turns, A B A B, on one thread and one core, after a round that only warms up. The figure is the
median over rounds of the ratio of B's time to A's, with a percentile bootstrap interval. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
from collections.abc import Callable
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # Before NumPy and torch are loaded.

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.replay.sum_tree import SumTree
from quarterup.cli.measure_replay import filled_replay, median_us, random_tree
from report import version_of

LEAVES = 1_000_000
BATCH = 32
FRAMES = 40_000
PIXELS = (4, 84, 84)
CALLS = {"fast": 200, "slow": 30}
RESAMPLES = 10_000
INSTALL = "pip install cpprb stable-baselines3"

Call = Callable[[], object]


class NumpyTree:
    """A binary sum tree; all draws go down, and all updates go up, one level at a time, in NumPy calls."""

    def __init__(self, leaves: NDArray[np.float64]) -> None:
        self.depth = (len(leaves) - 1).bit_length()
        self.nodes = np.zeros(2 << self.depth)
        self.nodes[1 << self.depth : (1 << self.depth) + len(leaves)] = leaves
        for level in range(self.depth - 1, -1, -1):
            parents = np.arange(1 << level, 2 << level)
            self.nodes[parents] = self.nodes[2 * parents] + self.nodes[2 * parents + 1]

    def sample(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        remaining = (np.arange(len(uniforms)) + uniforms) * (self.nodes[1] / len(uniforms))
        found = np.ones(len(uniforms), np.int64)
        for _ in range(self.depth):
            found *= 2
            left = self.nodes[found]
            goes_right = remaining >= left
            remaining -= left * goes_right
            found += goes_right
        return found - (1 << self.depth)

    def set(self, slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
        nodes = slots + (1 << self.depth)
        self.nodes[nodes] = priorities
        for _ in range(self.depth):
            nodes = nodes // 2
            self.nodes[nodes] = self.nodes[2 * nodes] + self.nodes[2 * nodes + 1]


class LoopTree:
    """A binary sum tree in a Python list; each draw and each update is a loop of its own."""

    def __init__(self, leaves: NDArray[np.float64]) -> None:
        twin = NumpyTree(leaves)
        self.first_leaf = 1 << twin.depth
        self.nodes: list[float] = twin.nodes.tolist()

    def sample(self, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        stratum = self.nodes[1] / len(uniforms)
        slots = []
        for i, uniform in enumerate(uniforms.tolist()):
            remaining = (i + uniform) * stratum
            node = 1
            while node < self.first_leaf:
                node *= 2
                if remaining >= self.nodes[node]:
                    remaining -= self.nodes[node]
                    node += 1
            slots.append(node - self.first_leaf)
        return np.array(slots)

    def set(self, slots: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
        for slot, priority in zip(slots.tolist(), priorities.tolist(), strict=True):
            node = slot + self.first_leaf
            self.nodes[node] = priority
            while node > 1:
                node //= 2
                self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description="quarterup's replay beside others.")
    parser.add_argument("--rounds", type=int, default=25, help="pairs of measurements in each comparison")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    result = {
        "machine": platform.processor() or platform.machine(),
        "load_1min": round(os.getloadavg()[0], 2),
        "versions": {name: version_of(name) for name in ("numpy", "numba", "torch", "cpprb", "stable-baselines3")},
        "comparisons": {**tree_comparisons(rounds), **cpprb_comparison(rounds), **sb3_comparisons(rounds)},
    }
    print(json.dumps(result, indent=1))


def tree_comparisons(rounds: int) -> dict[str, Any]:
    """Drawing 32 of a million leaves and giving the same 32 new priorities, the trees alone."""
    rng = np.random.default_rng(0)
    ours = random_tree(LEAVES, rng)
    leaves = ours.get(np.arange(LEAVES)).astype(np.float64)
    others = {"NumPy tree, level by level": (NumpyTree(leaves), "fast"), "Python loops": (LoopTree(leaves), "slow")}
    check_same_draws(leaves, ours, *(tree for tree, _ in others.values()))
    priorities = rng.random(BATCH)

    def work(tree: SumTree | NumpyTree | LoopTree) -> Call:
        return lambda: tree.set(tree.sample(rng.random(BATCH)), priorities)

    return {
        f"draw and update 32 of 1,000,000: {name}": compare(work(ours), work(tree), CALLS[pace], rounds, 10.0)
        for name, (tree, pace) in others.items()
    }


def check_same_draws(leaves: NDArray[np.float64], *trees: SumTree | NumpyTree | LoopTree) -> None:
    """The same numbers must give the slots that a search in the running sum of the leaves gives."""
    uniforms = np.random.default_rng(1).random(10_000)
    ends = np.cumsum(leaves)
    places = (np.arange(uniforms.size) + uniforms) * (ends[-1] / uniforms.size)
    expected = np.searchsorted(ends, places, side="right")
    for tree in trees:
        np.testing.assert_array_equal(tree.sample(uniforms), expected, err_msg=type(tree).__name__)


def cpprb_comparison(rounds: int) -> dict[str, Any]:
    """Whole replays of a million transitions that hold one number each: sample 32 and update them.

    Ours returns next observations, three-step returns and discounts as well.
    """
    name = "sample and update 32 of 1,000,000: cpprb PrioritizedReplayBuffer"
    if importlib.util.find_spec("cpprb") is None:
        return {name: f"left out: cpprb is not installed ({INSTALL})"}
    from cpprb import PrioritizedReplayBuffer

    rng = np.random.default_rng(0)
    ours = filled_replay((1,), np.float32, LEAVES)
    theirs = PrioritizedReplayBuffer(LEAVES, {"obs": {"shape": 1}, "rew": {}}, alpha=0.5)
    theirs.add(obs=rng.random((LEAVES, 1)), rew=rng.random(LEAVES), priorities=rng.random(LEAVES))
    errors = rng.random(BATCH, np.float32)

    def our_work() -> None:
        ours.update_priorities(ours.sample(BATCH, 0.4, rng).indices, errors)

    def their_work() -> None:
        theirs.update_priorities(theirs.sample(BATCH, beta=0.4)["indexes"], errors)

    return {name: compare(our_work, their_work, CALLS["fast"], rounds, 2.0)}


def sb3_comparisons(rounds: int) -> dict[str, Any]:
    """32 pairs of stacked 84x84 pixels as torch tensors: ours prioritised, theirs uniform, in both its layouts."""
    names = {
        False: "32 pairs of 4x84x84: SB3 uniform ReplayBuffer",
        True: "32 pairs of 4x84x84: SB3 uniform ReplayBuffer, optimize_memory_usage",
    }
    if importlib.util.find_spec("stable_baselines3") is None:
        return dict.fromkeys(names.values(), f"left out: stable-baselines3 is not installed ({INSTALL})")
    rng = np.random.default_rng(0)
    ours = filled_replay(PIXELS, np.uint8, FRAMES, stack=PIXELS[0])
    found = {}
    for compact, name in names.items():
        theirs = filled_sb3_buffer(compact)
        found[name] = compare(
            lambda: ours.sample(BATCH, 0.4, rng), lambda theirs=theirs: theirs.sample(BATCH), CALLS["fast"], rounds, 1.0
        )
    return found


def filled_sb3_buffer(compact: bool) -> Any:
    from stable_baselines3.common.buffers import ReplayBuffer

    theirs = ReplayBuffer(
        FRAMES,
        gym.spaces.Box(0, 255, PIXELS, np.uint8),
        gym.spaces.Discrete(6),
        device="cpu",
        optimize_memory_usage=compact,
        handle_timeout_termination=not compact,
    )
    # Filled directly, so that every page is real memory.
    some = np.random.default_rng(0).integers(256, size=PIXELS, dtype=np.uint8)
    theirs.observations[:] = some
    if not compact:
        theirs.next_observations[:] = some
    theirs.pos, theirs.full = 0, True
    return theirs


def compare(ours: Call, theirs: Call, calls: int, rounds: int, wanted: float) -> dict[str, Any]:
    """Microseconds of a call of each, and how many times as long theirs takes."""
    median_us(ours, calls), median_us(theirs, calls)
    pairs = [(median_us(ours, calls), median_us(theirs, calls)) for _ in range(rounds)]
    ratios = np.array([their / our for our, their in pairs])
    drawn = np.random.default_rng(0).integers(rounds, size=(RESAMPLES, rounds))
    low, high = np.quantile(np.median(ratios[drawn], axis=1), (0.025, 0.975))
    return {
        "quarterup_us": round(statistics.median(our for our, _ in pairs), 1),
        "other_us": round(statistics.median(their for _, their in pairs), 1),
        "ratio": round(float(np.median(ratios)), 2),
        "ratio_95": [round(float(low), 2), round(float(high), 2)],
        "wanted_at_least": wanted,
    }


if __name__ == "__main__":
    main()

"""Speed and size of the replay, without any emulator: microseconds a call, bytes a transition."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.replay.layout import replay_bytes
from quarterup.agents.replay.replay import Replay
from quarterup.agents.replay.sum_tree import SumTree
from quarterup.cli.measure import in_turns, load_1min
from quarterup.emulators.processors import usable_processors

LEAVES = 1_000_000
TREE_BATCH = 32
FEATURES = 195
FEATURE_ROWS = 500_000
PIXELS = (4, 84, 84)
PIXEL_ROWS = 50_000
NUM_ENVS = 8
FILLING_ENVS = 100
CALLS = 200
"""Of one measurement, each timed on its own: the median leaves out what other processes take."""

WANTED_US = {"tree: draw and update 32 of 1,000,000": 60.0}
SIZES: dict[str, tuple[dict[str, Any], float]] = {
    "15,000,000 transitions of 195 features, float16": (
        {
            "observation_shape": (FEATURES,),
            "observation_dtype": np.float32,
            "kept_dtype": np.float16,
            "num_envs": NUM_ENVS,
            "capacity": 15_000_000,
        },
        7.0,
    ),
    "1,000,000 stacked 84x84 frames": (
        {
            "observation_shape": PIXELS,
            "observation_dtype": np.uint8,
            "stack": PIXELS[0],
            "num_envs": NUM_ENVS,
            "capacity": 1_000_000,
        },
        7.5,
    ),
}
"""Arguments of `replay_bytes`, and the GiB it may take at most."""


def measure_replay(repetitions: int) -> dict[str, Any]:
    """Plain JSON values: medians over rounds of the median microseconds of a call, in turns, and sizes in GiB."""
    load = load_1min()
    with one_torch_thread():
        times = in_turns({name: partial(median_us, call, CALLS) for name, call in _cases().items()}, repetitions)
    return {
        "cores": len(usable_processors()),
        "load_1min": load,
        "microseconds": {
            name: {"median": round(statistics.median(rounds), 1), "wanted_at_most": WANTED_US.get(name)}
            for name, rounds in times.items()
        },
        "gib": {
            name: {"size": round(replay_bytes(**arguments) / 2**30, 2), "wanted_at_most": most}
            for name, (arguments, most) in SIZES.items()
        },
    }


def _cases() -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    tree = random_tree(LEAVES, rng)
    priorities = rng.random(TREE_BATCH)
    features = filled_replay((FEATURES,), np.float32, FEATURE_ROWS, kept_dtype=np.float16)
    pixels = filled_replay(PIXELS, np.uint8, PIXEL_ROWS, stack=PIXELS[0])
    step = random_steps(NUM_ENVS, (FEATURES,), np.float32, rng)
    streams = np.arange(NUM_ENVS)
    return {
        "tree: draw and update 32 of 1,000,000": lambda: tree.set(tree.sample(rng.random(TREE_BATCH)), priorities),
        "batch of 32 pairs of 4x84x84 pixels, of 50,000": lambda: pixels.sample(32, 0.5, rng),
        "batch of 256 pairs of 195 float16 features, of 500,000": lambda: features.sample(256, 0.5, rng),
        "taking in 8 transitions of 195 features": lambda: features.add(step, streams=streams),
    }


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """Within it torch computes on one thread, so that what is measured does not depend on idle cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def median_us(call: Callable[[], object], calls: int) -> float:
    """Median microseconds of a call, each timed on its own: it leaves out what other processes take."""
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def random_tree(size: int, rng: np.random.Generator) -> SumTree:
    """A tree with a random priority in each slot."""
    tree = SumTree(size)
    tree.set(np.arange(size), rng.random(size))
    return tree


def filled_replay(
    shape: tuple[int, ...], dtype: type[np.generic], capacity: int, *, stack: int = 1, kept_dtype: Any = None
) -> Replay:
    """A replay that is full of random observations and random priorities."""
    replay = Replay(
        observation_shape=shape,
        observation_dtype=dtype,
        num_envs=FILLING_ENVS,
        capacity=capacity,
        n_step=3,
        gamma=0.99,
        stack=stack,
        kept_dtype=kept_dtype,
    )
    rng = np.random.default_rng(0)
    step = random_steps(FILLING_ENVS, shape, dtype, rng)
    for _ in range(replay.num_rows + stack):
        replay.add(step)
    replay.update_priorities(np.arange(replay.capacity), rng.random(replay.capacity))
    return replay


def random_steps(count: int, shape: tuple[int, ...], dtype: type[np.generic], rng: np.random.Generator) -> Transitions:
    """One step of `count` environments, in the middle of their episodes. All frames of a stack are alike."""
    observations: NDArray[Any] = (rng.random((count, *shape)) * 255).astype(dtype)
    observations[:] = observations[:, -1:]
    nothing = np.zeros(count, np.bool_)
    return Transitions(
        observations, rng.integers(6, size=count), rng.random(count, np.float32), nothing, nothing, ~nothing, nothing
    )

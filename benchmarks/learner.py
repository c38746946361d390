"""One whole update of quarterup's learner (sample, compute, step, priorities) beside others, and beside its bare loop.

    .venv/bin/python benchmarks/learner.py [--rounds 25] [--only "small"]

- as DQN, beside Stable-Baselines3's `DQN.train`, where it is installed (`pip install stable-baselines3`)
- as C51 and as Rainbow, beside the arithmetic of CleanRL's files, written anew in benchmarks/learner_peers.py; Rainbow
  also beside a version of that without its Python loops and with factorised noise
- beside the bare loop: forward passes, loss, backward pass, clipping and step on one fixed batch, nothing else
- torchrl's prioritised sampler, where its C++ part loads

Both sides have networks of the same layers and as many parameters, the same batch size, float32, the same transitions
in their replays, and one thread. Before anything is timed, both must have the same loss on the same batch from the same
weights, and again after one and two updates each, which their backward passes and steps decide; otherwise the script
fails.

Each comparison takes turns, A B A B, on one thread and one core, after a round that only warms up. The figure is the
median over rounds of the ratio of B's time to A's, with a percentile bootstrap interval. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import platform
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # Before NumPy and torch are loaded.

import numpy as np
import torch

from learner_peers import CleanRLC51, CleanRLRainbow, Peer, StableBaselines3DQN
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.replay.batch import Batch
from quarterup.cli.measure_learner import SIZES, Size, bare_loop, filled_agent
from quarterup.cli.measure_replay import random_tree
from replay import BATCH, LEAVES, compare
from report import version_of

WANTED_OF_PEERS = 1.3
WANTED_OF_BARE_LOOP = 0.9
SAME_LOSS = 1e-5
"""How much the losses of two learners may differ, relative to ours."""
UPDATES_CHECKED = 3
READ_AT_ONCE = 1000

PLAIN: dict[str, Any] = {"double": False, "dueling": False, "noisy": False, "prioritized": False, "epsilon": 0.1}
VARIANTS: dict[str, dict[str, Any]] = {
    "dqn": {**PLAIN, "values": "mean", "n_step": 1, "max_gradient_norm": 10.0},
    "c51": {**PLAIN, "values": "c51", "n_step": 1},
    "rainbow": {},
}
"""What ours is set to for each kind of peer. CleanRL clips no gradients, so that ours must have a norm out of reach."""


def main() -> None:
    parser = argparse.ArgumentParser(description="quarterup's learner beside others.")
    parser.add_argument("--rounds", type=int, default=25, help="pairs of measurements in each comparison")
    parser.add_argument("--only", default="", help="sizes whose name contains this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    packages = ("numpy", "numba", "torch", "stable-baselines3", "torchrl")
    comparisons: dict[str, Any] = {}
    for name, size in SIZES.items():
        if arguments.only in name:
            comparisons[name] = compare_size(size, arguments.rounds)
    comparisons["draw and update 32 of 1,000,000"] = torchrl_comparison(arguments.rounds)
    result = {
        "machine": platform.processor() or platform.machine(),
        "load_1min": round(os.getloadavg()[0], 2),
        "versions": {package: version_of(package) for package in packages},
        "comparisons": comparisons,
    }
    print(json.dumps(result, indent=1))


def compare_size(size: Size, rounds: int) -> dict[str, Any]:
    """All peers at one size, then the bare loop of our own."""
    found: dict[str, Any] = {}
    for variant, peers in peers_of(size).items():
        settings = settings_of(size, variant)
        for name, make_peer in peers.items():
            if isinstance(make_peer, str):
                found[f"{variant}: {name}"] = make_peer
                continue
            check_equal_work(size, settings, make_peer)
            agent = filled_agent(size.observation_shape, settings, size.transitions)
            peer = make_peer(size.observation_shape, settings, all_of(agent))
            found[f"{variant}: {name}"] = compare(agent.learn, peer.learn, size.updates, rounds, WANTED_OF_PEERS)
    agent = filled_agent(size.observation_shape, size.settings, size.transitions)
    bare = bare_loop(agent, a_batch(size, size.settings))
    found["rainbow: its own bare loop"] = compare(agent.learn, bare, size.updates, rounds, WANTED_OF_BARE_LOOP)
    return found


def peers_of(size: Size) -> dict[str, dict[str, Callable[..., Peer] | str]]:
    """For each variant the peers, or why one is left out."""
    sb3: Callable[..., Peer] | str = StableBaselines3DQN
    if importlib.util.find_spec("stable_baselines3") is None:
        sb3 = "left out: stable-baselines3 is not installed (pip install stable-baselines3)"
    return {
        "dqn": {"Stable-Baselines3 DQN.train": sb3},
        "c51": {"CleanRL's arithmetic": CleanRLC51},
        "rainbow": {
            "CleanRL's arithmetic": partial(CleanRLRainbow, vectorised=False),
            "the same without its loops": partial(CleanRLRainbow, vectorised=True),
        },
    }


def settings_of(size: Size, variant: str) -> RainbowSettings:
    """Ours, in units in which peers compute too: rewards as they are, atoms for what these rewards add up to."""
    common = {"reward_scale": 1.0, "value_rescaling": False, "v_min": -10.0, "v_max": 10.0, "clip_rewards": False}
    return dataclasses.replace(size.settings, **{"max_gradient_norm": 1e9, **common, **VARIANTS[variant]})


def check_equal_work(size: Size, settings: RainbowSettings, make_peer: Callable[..., Peer]) -> None:
    """Raises AssertionError if ours and the peer do not minimise the same loss from the same weights and batch."""
    agent = filled_agent(size.observation_shape, dataclasses.replace(settings, metrics_every=1), READ_AT_ONCE)
    peer = make_peer(size.observation_shape, settings, all_of(agent))
    batch = a_batch(size, settings)
    agent.replay.sample = lambda *arguments: batch
    agent.replay.update_priorities = lambda *arguments: None
    for seed, network in enumerate((agent.online, agent.target)):
        # Without the bias that ours begins with, CleanRL's clamp of small probabilities has nothing to do.
        network.head.begin_at(torch.zeros(settings.atoms if settings.values == "c51" else 1))
        network.resample_noise(1, torch.Generator().manual_seed(seed))
        network.resample_noise = lambda *arguments: None
    peer.take_weights(agent)
    for update in range(UPDATES_CHECKED):
        ours, theirs = agent.learn()["loss"], peer.learn_from(batch)
        if not abs(ours - theirs) <= SAME_LOSS * abs(ours):
            raise AssertionError(f"After {update} updates our loss is {ours!r}, that of {peer} {theirs!r}.")


def all_of(agent: Rainbow) -> list[Batch]:
    """As many transitions as its replay holds, drawn from there, hardly any of them twice."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(len(agent.replay) // READ_AT_ONCE):
        batch = agent.replay.sample(READ_AT_ONCE, 0.0, rng)
        tensors = {name: value.clone() for name, value in vars(batch).items() if name != "indices"}
        found.append(dataclasses.replace(batch, **tensors, indices=batch.indices.copy()))
    return found


def a_batch(size: Size, settings: RainbowSettings) -> Batch:
    """Made-up transitions, some of them terminal."""
    rng = np.random.default_rng(3)
    shape = (settings.batch_size, *size.observation_shape)
    pixels = len(size.observation_shape) == 3
    observations, next_observations = (
        torch.from_numpy(rng.integers(256, size=shape, dtype=np.uint8) if pixels else rng.random(shape, np.float32))
        for _ in range(2)
    )
    terminated = torch.from_numpy(rng.random(settings.batch_size) < 0.2)
    even = settings.prioritized is False
    weights = np.ones(settings.batch_size) if even else rng.uniform(0.3, 1, settings.batch_size)
    return Batch(
        observations=observations,
        actions=torch.from_numpy(rng.integers(6, size=settings.batch_size)),
        returns=torch.from_numpy(rng.random(settings.batch_size, np.float32) * settings.n_step),
        next_observations=next_observations,
        discounts=torch.where(terminated, 0.0, settings.gamma**settings.n_step),
        weights=torch.from_numpy(weights.astype(np.float32)),
        expert=torch.zeros(settings.batch_size, dtype=torch.bool),
        indices=np.arange(settings.batch_size),
    )


def torchrl_comparison(rounds: int) -> dict[str, Any] | str:
    """The priorities alone: torchrl's sampler beside our tree."""
    if importlib.util.find_spec("torchrl") is None:
        return "left out: torchrl is not installed (pip install torchrl)"
    try:
        from torchrl.data import LazyTensorStorage, PrioritizedSampler

        sampler = PrioritizedSampler(LEAVES, alpha=0.5, beta=0.4)
    except (ImportError, RuntimeError, AttributeError) as error:
        return f"left out: torchrl's C++ part does not load with this torch ({error})"
    storage = LazyTensorStorage(LEAVES)
    storage.set(range(LEAVES), torch.zeros(LEAVES))
    rng = np.random.default_rng(0)
    sampler.update_priority(torch.arange(LEAVES), torch.from_numpy(rng.random(LEAVES)), storage=storage)
    tree = random_tree(LEAVES, rng)
    priorities = rng.random(BATCH)
    tensors = torch.from_numpy(priorities)

    def their_work() -> None:
        sampler.update_priority(sampler.sample(storage, BATCH)[0], tensors, storage=storage)

    def our_work() -> None:
        tree.set(tree.sample(rng.random(BATCH)), priorities)

    return compare(our_work, their_work, 200, rounds, 1.0)


if __name__ == "__main__":
    main()

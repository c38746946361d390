"""How much of a Rainbow update is the network's own arithmetic? Prints one JSON object.

    python benchmarks/learner.py [--quick]

Each size is measured in rounds: some updates (sampling, noise, three forward passes, projection, backward, clipping,
Adam, priorities), then as many bare steps (forward, backward, Adam) of the same network on one fixed batch, and so
on. The ratio is the median over rounds, so that a busy machine slows both alike. An update needs at least the bare
step plus the two forward passes of the target.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from quarterup.agents.agent import Transitions
from quarterup.agents.rainbow import Rainbow, RainbowSettings

NUM_ENVS = 8
NUM_ACTIONS = 6
ROUNDS = 15
ACTS = 200


@dataclass(frozen=True)
class Size:
    """One network to measure."""

    observation_shape: tuple[int, ...]
    hidden_sizes: tuple[int, ...]
    head_size: int
    batch_size: int
    updates_per_round: int


SIZES = {
    "features 36, MLP 128-128, heads 128, batch 64": Size((36,), (128, 128), 128, 64, 30),
    "features 128, MLP 256-256, heads 256, batch 32": Size((128,), (256, 256), 256, 32, 20),
    "features 128, MLP 256-256, heads 256, batch 256": Size((128,), (256, 256), 256, 256, 10),
    "pixels 4x84x84, Nature, heads 128, batch 32": Size((4, 84, 84), (), 128, 32, 2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, the first size only")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    names = list(SIZES)[:1] if arguments.quick else list(SIZES)
    results = {name: measure(SIZES[name], 3 if arguments.quick else ROUNDS) for name in names}
    machine = {"machine": platform.machine(), "torch": torch.__version__, "threads": arguments.threads}
    print(json.dumps({**machine, "sizes": results}, indent=2))


def measure(size: Size, rounds: int) -> dict[str, float]:
    """Medians over rounds: updates a second, bare steps a second, how many bare steps an update takes, act times."""
    agent = filled_agent(size)
    bare = bare_step(agent, size)
    timed(agent.learn, 3)
    timed(bare, 3)
    updates, steps = [], []
    for _ in range(rounds):
        updates.append(timed(agent.learn, size.updates_per_round))
        steps.append(timed(bare, size.updates_per_round))
    ratios = [update / step for update, step in zip(updates, steps, strict=True)]
    return {
        "updates_per_s": round(1 / statistics.median(updates), 1),
        "bare_steps_per_s": round(1 / statistics.median(steps), 1),
        "update_ms": round(1e3 * statistics.median(updates), 3),
        "bare_steps_per_update": round(statistics.median(ratios), 2),
        "act_1_us": round(act_us(agent, size, 1)),
        f"act_{NUM_ENVS}_us": round(act_us(agent, size, NUM_ENVS)),
    }


def timed(call: Callable[[], Any], times: int) -> float:
    """Mean seconds of a call."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def act_us(agent: Rainbow, size: Size, num_envs: int) -> float:
    """Median microseconds of choosing actions with noise."""
    observations = np.zeros((num_envs, *size.observation_shape), dtype=dtype_of(size))
    return 1e6 * statistics.median(timed(lambda: agent.act(observations, explore=True), 1) for _ in range(ACTS))


def dtype_of(size: Size) -> type[np.generic]:
    return np.uint8 if len(size.observation_shape) == 3 else np.float32


def filled_agent(size: Size) -> Rainbow:
    """An agent with as many random transitions as let it learn."""
    dtype = dtype_of(size)
    pixels = dtype is np.uint8
    space = gym.spaces.Box(0, 255 if pixels else 1, size.observation_shape, dtype)
    settings = RainbowSettings(
        hidden_sizes=size.hidden_sizes or (1,),
        head_size=size.head_size,
        batch_size=size.batch_size,
        replay_capacity=10_000,
        learning_starts=2_000,
    )
    agent = Rainbow(space, NUM_ACTIONS, NUM_ENVS, settings, seed=0)
    rng = np.random.default_rng(0)
    nothing = np.zeros(NUM_ENVS, dtype=bool)
    first = True
    while not agent.ready():
        observations = (rng.random((NUM_ENVS, *size.observation_shape)) * space.high.max()).astype(dtype)
        if pixels and first:
            observations[:] = observations[:, :1]
        first = False
        actions = agent.act(observations, explore=True)
        rewards = rng.random(NUM_ENVS).astype(np.float32)
        agent.observe(Transitions(observations, actions, rewards, nothing, nothing, ~nothing, nothing))
    return agent


def bare_step(agent: Rainbow, size: Size) -> Callable[[], None]:
    """One gradient step of a copy of the agent's network towards a fixed target, and nothing else."""
    twin = Rainbow(
        gym.spaces.Box(0, 255, size.observation_shape, dtype_of(size)),
        NUM_ACTIONS,
        NUM_ENVS,
        agent.settings,
        seed=0,
    )
    network, optimizer = twin.online, twin.optimizer
    network.resample_noise(1, torch.Generator().manual_seed(0))
    observations = torch.rand(size.batch_size, *size.observation_shape)
    target = torch.rand(size.batch_size, NUM_ACTIONS, agent.settings.atoms)

    def step() -> None:
        optimizer.zero_grad()
        (network(observations) - target).square().mean().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()

"""The learner on a GPU: updates a second of each preset, in float32 and bfloat16, and what goes beside the arithmetic.

    .venv/bin/python benchmarks/gpu.py [--updates 200]

For the presets `rainbow` and `btr` on pixels, and that of Space Invaders on features: updates a second, the share of an
update that the host takes to sample a batch and to queue its copy, microseconds of an action for 8 environments, and
the most memory that torch had in use. Prints one JSON object; without a CUDA device says so and exits with 1. Needs
torch's CUDA build.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from quarterup.agents.presets import ALGORITHMS
from quarterup.agents.rainbow import Rainbow
from quarterup.cli.measure_learner import NUM_ENVS, filled_agent
from quarterup.training.presets import settings_for

PIXELS = (4, 84, 84)
TRANSITIONS = 10_000
WARM_UP = 20
ROUNDS = 5
CASES: dict[str, tuple[tuple[int, ...], Any]] = {
    "rainbow, 4x84x84 pixels": (PIXELS, ALGORITHMS["rainbow"].settings),
    "btr, 4x84x84 pixels": (PIXELS, ALGORITHMS["btr"].settings),
    "space invaders' preset, 95 features": ((95,), settings_for("space_invaders").agent_settings),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="The learner's speed on a GPU.")
    parser.add_argument("--updates", type=int, default=200, help="updates in each of the rounds")
    updates = parser.parse_args().updates
    if not torch.cuda.is_available():
        print("no CUDA device found: this measures the learner on a GPU, and needs torch's CUDA build", file=sys.stderr)
        return 1
    result = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "cases": {name: measure_turns(shape, settings, updates) for name, (shape, settings) in CASES.items()},
    }
    print(json.dumps(result, indent=1))
    return 0


def measure_turns(shape: tuple[int, ...], settings: Any, updates: int) -> dict[str, Any]:
    """Both precisions, in turns. Memory is that of one agent at a time, so it is taken before the turns."""
    agents, peaks = {}, {}
    for name, amp in (("float32", False), ("bfloat16", True)):
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        agents[name] = filled_agent(shape, dataclasses.replace(settings, amp=amp), TRANSITIONS, device="cuda")
        seconds_of(agents[name].learn, WARM_UP)
        peaks[name] = (torch.cuda.max_memory_allocated() - held) / 2**20
    times: dict[str, list[float]] = {name: [] for name in agents}
    for _ in range(ROUNDS):
        for name, agent in agents.items():
            times[name].append(seconds_of(agent.learn, updates))
    return {
        name: {
            "updates_per_s": round(1 / statistics.median(times[name]), 1),
            "host_share_of_batches": round(batch_seconds(agent, updates) / statistics.median(times[name]), 3),
            f"act_{NUM_ENVS}_us": round(1e6 * act_seconds(agent, shape, updates), 1),
            "peak_mib": round(peaks[name], 1),
        }
        for name, agent in agents.items()
    }


def seconds_of(call: Callable[[], object], times: int) -> float:
    """Mean seconds of a call, all that it queued on the GPU included."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        call()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / times


def batch_seconds(agent: Rainbow, times: int) -> float:
    """Of sampling a batch and copying it, with nothing else for the GPU to do."""
    rng = np.random.default_rng(0)
    device = torch.device("cuda")

    def sample_and_copy() -> None:
        agent.replay.sample(agent.settings.batch_size, 0.4, rng).to(device)
        torch.cuda.synchronize()

    return seconds_of(sample_and_copy, times)


def act_seconds(agent: Rainbow, shape: tuple[int, ...], times: int) -> float:
    observations = np.zeros((NUM_ENVS, *shape), np.uint8 if len(shape) == 3 else np.float32)
    return seconds_of(lambda: agent.act(observations, explore=True), times)


if __name__ == "__main__":
    sys.exit(main())

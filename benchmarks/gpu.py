"""The learner on a GPU: updates a second, beside the same updates without a CUDA graph, and the graph alone.

    .venv/bin/python benchmarks/gpu.py [--updates 200]

For the presets `rainbow` and `btr` on pixels, and that of Space Invaders on features, in float32 and in bfloat16:
updates a second; how many times as many that is as when their kernels are queued one by one; its share of what the GPU
does when it replays the captured update and nothing else, without sampling, copies or priorities; microseconds of
choosing actions for 8 and 64 environments; and the most memory that torch had in use. All in turns, medians of the
rounds. Prints one JSON object; without a CUDA device says so and exits with 1. Needs torch's CUDA build.
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

from quarterup.agents.cuda_updates import EAGER_UPDATES, CudaUpdates
from quarterup.agents.presets import ALGORITHMS
from quarterup.agents.rainbow import Rainbow
from quarterup.cli.measure_learner import filled_agent
from quarterup.training.presets import settings_for

PIXELS = (4, 84, 84)
TRANSITIONS = 10_000
WARM_UP = 20
ROUNDS = 5
ACTING = (8, 64)
"""Environments that actions are chosen for."""
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
        "cases": {
            f"{name}, {precision}": measure_case(shape, dataclasses.replace(settings, amp=amp), updates)
            for name, (shape, settings) in CASES.items()
            for precision, amp in (("float32", False), ("bfloat16", True))
        },
    }
    print(json.dumps(result, indent=1))
    return 0


def measure_case(shape: tuple[int, ...], settings: Any, updates: int) -> dict[str, Any]:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    agent = filled_agent(shape, settings, TRANSITIONS, device="cuda")
    learner = agent._updates
    assert isinstance(learner, CudaUpdates)
    seconds_of(agent.learn, EAGER_UPDATES + WARM_UP)
    peak = torch.cuda.max_memory_allocated() / 2**20
    graph = learner._graph
    assert graph is not None

    def one_by_one() -> None:
        learner.captures = False
        agent.learn()
        learner.captures = True

    calls: dict[str, Callable[[], object]] = {
        "update": agent.learn,
        "one_by_one": one_by_one,
        "graph": graph.replay,
        **{f"act_{count}": acting(agent, shape, count) for count in ACTING},
    }
    for call in calls.values():
        seconds_of(call, WARM_UP)
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            rounds[name].append(seconds_of(call, updates))
    seconds = {name: statistics.median(times) for name, times in rounds.items()}
    return {
        "updates_per_s": round(1 / seconds["update"], 1),
        "times_one_by_one": round(seconds["one_by_one"] / seconds["update"], 2),
        "share_of_the_graph_alone": round(seconds["graph"] / seconds["update"], 3),
        **{f"act_{count}_us": round(1e6 * seconds[f"act_{count}"], 1) for count in ACTING},
        "peak_mib": round(peak, 1),
    }


def seconds_of(call: Callable[[], object], times: int) -> float:
    """Mean seconds of a call, all that it queued on the GPU included."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        call()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / times


def acting(agent: Rainbow, shape: tuple[int, ...], count: int) -> Callable[[], object]:
    observations = np.zeros((count, *shape), np.uint8 if len(shape) == 3 else np.float32)
    return lambda: agent.act(observations, explore=True)


if __name__ == "__main__":
    sys.exit(main())

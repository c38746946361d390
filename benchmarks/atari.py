"""quarterup's Atari environments beside ale-py's own vector environment, at equal options, in turns.

    .venv/bin/python benchmarks/atari.py [--game pong] [--envs 8] [--rounds 21]

Equal options: 84x84 gray pixels, four stacked, four frames a step, the brighter of the last two, sticky actions of
0.25, up to 30 idle frames, rewards as they are. Random play. Turns are in another order each round: after a turn that
left a processor idle the next one is slower by up to a sixth. `wall` compares steps a second; `cpu` compares processor
time, that of all threads, which a busy machine disturbs less. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ale_py
import numpy as np
from numpy.typing import NDArray

from quarterup.cli.measure import few_cores, load_1min
from quarterup.envs import ArcadeVectorEnv, AtariVectorEnv
from report import say, version_of

STEPS = 1200
"""Of one turn, over all environments together."""
FRAME_SKIP, STICKY, NOOP_MAX = 4, 0.25, 30
WANTED = 0.95
RESAMPLES = 2000
WARM_UP = 10
"""Steps before each turn that do not count: threads that slept through another's turn have to find a processor."""

OURS, THEIRS, PYTHON = "quarterup, AtariVectorEnv", "ale-py, AtariVectorEnv", "quarterup, ArcadeVectorEnv"


class Steps(Protocol):
    def step(self, actions: NDArray[np.int64]) -> Any: ...


@dataclass(frozen=True)
class Turn:
    """What one turn took, a step of one environment."""

    wall_us: float
    cpu_us: float


def main() -> None:
    parser = argparse.ArgumentParser(description="quarterup's Atari environments beside ale-py's own.")
    parser.add_argument("--game", default="pong", help="ale-py's name of the ROM")
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    with few_cores():
        print(json.dumps(measure(options.game, options.envs, options.rounds), indent=1))


def measure(game: str, envs: int, rounds: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "obs": "pixels",
        "sticky": STICKY,
        "noop_max": NOOP_MAX,
        "frame_skip": FRAME_SKIP,
        "max_two_frames": True,
    }
    ours = AtariVectorEnv(f"atari_{game}", envs, **settings)
    python = ArcadeVectorEnv(f"atari_{game}", envs, **settings)
    theirs = ale_py.AtariVectorEnv(
        game,
        envs,
        repeat_action_probability=STICKY,
        noop_max=NOOP_MAX,
        frameskip=FRAME_SKIP,
        maxpool=True,
        use_fire_reset=False,
        reward_clipping=False,
    )
    cases: dict[str, Steps] = {OURS: ours, THEIRS: theirs, PYTHON: python}
    rng = np.random.default_rng(0)
    actions = rng.integers(len(ours.action_names), size=(STEPS // envs, envs))
    for env in (ours, python, theirs):
        env.reset(seed=1)
    turns: dict[str, list[Turn]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in rng.permutation(list(cases)).tolist():
            turn = take_turn(cases[name], actions)
            if number:  # the first round only warms up
                turns[name].append(turn)
        say(f"round {number} of {rounds}")
    for env in (ours, python, theirs):
        env.close()
    return {
        "game": game,
        "envs": envs,
        "rounds": rounds,
        "steps_a_turn": actions.size,
        "ale_py": version_of("ale-py"),
        "cores": min(2, os.cpu_count() or 1),
        "load_1min": load_1min(),
        "us_a_step": {
            name: {kind: round(float(np.median([getattr(turn, kind) for turn in taken])), 1) for kind in vars(taken[0])}
            for name, taken in turns.items()
        },
        "ratios": {
            "ours_over_ale_py": {**ratios(turns[OURS], turns[THEIRS]), "wanted_at_least": WANTED},
            "python_over_ale_py": ratios(turns[PYTHON], turns[THEIRS]),
        },
    }


def take_turn(env: Steps, actions: NDArray[np.int64]) -> Turn:
    for row in actions[:WARM_UP]:
        env.step(row)
    wall, cpu = time.perf_counter(), time.process_time()
    for row in actions:
        env.step(row)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Turn(wall / actions.size * 1e6, cpu / actions.size * 1e6)


def ratios(ours: Sequence[Turn], theirs: Sequence[Turn]) -> dict[str, Any]:
    """How many times as fast `ours` is, by both clocks: medians over rounds, with intervals."""
    clocks: dict[str, Callable[[Turn], float]] = {"wall": lambda turn: turn.wall_us, "cpu": lambda turn: turn.cpu_us}
    return {
        clock: with_interval([took(their) / took(our) for our, their in zip(ours, theirs, strict=True)])
        for clock, took in clocks.items()
    }


def with_interval(values: Sequence[float]) -> dict[str, float]:
    """The median, and its 95 % bootstrap interval."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return {"median": round(float(np.median(values)), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


if __name__ == "__main__":
    main()

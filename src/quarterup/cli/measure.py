"""Speed, measured as ratios: everything in one run, in turns, so that a busy or slow machine is so to all alike."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quarterup.emulators.emulator import EmulatorError, MachineFacts, Picture
from quarterup.emulators.launch import searched_folders
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import HIGHEST_FRAMESKIP, SILENT_SAMPLE_RATE_HZ, find_mame
from quarterup.emulators.processors import usable_processors
from quarterup.emulators.roms import find_rom_set
from quarterup.envs import ArcadeEnv, ArcadeVectorEnv
from quarterup.envs.observations import PIXELS_SIDE
from quarterup.games import find_game

FRAME_SKIP = 4
BENCH_SECONDS = 60
"""Emulated seconds that MAME runs in its own benchmark: `mame MACHINE -bench 60`."""
LONG_BENCH_SECONDS = 600
"""The same with the levers of the environment: a fast machine would be through 60 in a fifth of a second."""
STEPS = 4000
"""Of one measurement, over all environments together: a few seconds."""
MEASURED_CORES = 2
RESETS = 100
STARTS = 3

MAME_DEFAULT = "mame -bench, default flags"
MAME_LEVERS = "mame -bench, sample rate and frame skip of the env"
EMULATOR_MEMORY = "emulator, memory"
EMULATOR_PIXELS = "emulator, 84x84 gray pixels"
ENV_FEATURES = "one env, features"
ENV_PIXELS = "one env, 84x84 gray pixels"
TWO_ENVS = "two envs in one vector env, features"


def load_1min() -> float | None:
    """How busy the machine is, for the reader of a result; None where the system doesn't tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


class MeasureError(EmulatorError):
    """A measurement could not be made."""


@dataclass(frozen=True)
class Ratio:
    """What is promised: frames per second of `faster` over those of `slower`, at least `wanted`."""

    name: str
    faster: str
    slower: str
    wanted: float | None


EMULATOR_RATIOS = (
    Ratio("emulator_memory_over_mame_default", EMULATOR_MEMORY, MAME_DEFAULT, None),
    Ratio("emulator_pixels_over_mame_default", EMULATOR_PIXELS, MAME_DEFAULT, None),
    Ratio("emulator_memory_over_mame_with_levers", EMULATOR_MEMORY, MAME_LEVERS, None),
)
ENV_RATIOS = (
    Ratio("env_features_over_mame_default", ENV_FEATURES, MAME_DEFAULT, 1.9),
    Ratio("env_pixels_over_mame_default", ENV_PIXELS, MAME_DEFAULT, 1.5),
    Ratio("env_features_over_mame_with_levers", ENV_FEATURES, MAME_LEVERS, 0.93),
    Ratio("two_envs_over_one", TWO_ENVS, ENV_FEATURES, 1.75),
)

Measurement = Callable[[], float]
"""Runs for a few seconds and returns emulated frames per second, over all emulators together."""


def measure_emulator(game: str, repetitions: int, roms: Sequence[Path] = ()) -> dict[str, Any]:
    """The bridge alone, without a game file, over MAME's own benchmark."""
    machine = _arcade_machine(game)
    watch = find_game(game).memory.ranges
    small = Picture(PIXELS_SIDE, PIXELS_SIDE, gray=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(few_cores())
        memory = stack.enter_context(MameEmulator(machine, watch=watch, roms=roms))
        pixels = stack.enter_context(MameEmulator(machine, watch=watch, picture=small, roms=roms))
        cases = {
            MAME_DEFAULT: mame_bench(memory.facts, roms),
            EMULATOR_MEMORY: lambda: _emulator_speed(memory),
            MAME_LEVERS: mame_bench(memory.facts, roms, *levers(), seconds=LONG_BENCH_SECONDS),
            EMULATOR_PIXELS: lambda: _emulator_speed(pixels),
        }
        speeds = in_turns(cases, repetitions)
        return report(memory.facts, speeds, EMULATOR_RATIOS)


def _arcade_machine(game: str) -> str:
    found = find_game(game)
    if found.system != "arcade":
        raise MeasureError(f"{found.title} is no arcade game: there is no benchmark of MAME's own to compare with.")
    return found.machine


def measure_env(game: str, repetitions: int, roms: Sequence[Path] = ()) -> dict[str, Any]:
    """Environments over MAME's own benchmark, two over one, and how long a reset and a start take."""
    _arcade_machine(game)
    with contextlib.ExitStack() as stack:
        stack.enter_context(few_cores())

        def env(obs: str) -> ArcadeEnv:
            made = ArcadeEnv(game, obs=obs, frame_skip=FRAME_SKIP, roms=roms)
            stack.callback(made.close)
            made.reset(seed=1)
            return made

        one, pixels = env("features"), env("pixels")
        two = ArcadeVectorEnv(game, 2, obs="features", frame_skip=FRAME_SKIP, roms=roms)
        stack.callback(two.close)
        two.reset(seed=1)
        cases = {
            MAME_DEFAULT: mame_bench(one.facts, roms),
            ENV_FEATURES: lambda: _env_speed(one),
            TWO_ENVS: lambda: _vector_speed(two),
            MAME_LEVERS: mame_bench(one.facts, roms, *levers(), seconds=LONG_BENCH_SECONDS),
            ENV_PIXELS: lambda: _env_speed(pixels),
        }
        speeds = in_turns(cases, repetitions)
        resets_ms = _resets_ms(one)
        starts_s = [_start_s(game, roms) for _ in range(STARTS)]
        result = report(one.facts, speeds, ENV_RATIOS)
    result["reset_ms"] = {"median": round(statistics.median(resets_ms), 2), "wanted_at_most": 5.0}
    result["start_s"] = {"median": round(statistics.median(starts_s), 2), "wanted_at_most": 3.0}
    return result


# -------------------------------------------------------------------------------------------------- one measurement


def mame_bench(facts: MachineFacts, roms: Sequence[Path], *flags: str, seconds: int = BENCH_SECONDS) -> Measurement:
    """MAME's own benchmark. It emulates without a window, without sound, and as fast as it can."""
    program = find_mame()
    rom_set = find_rom_set(facts.machine, searched_folders(roms))

    def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [program, facts.machine, "-bench", str(seconds), "-noreadconfig"]
            command += ["-rompath", ";".join(map(str, rom_set.search)), *flags]
            environment = {**os.environ, "HOME": folder, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False
            )
        speed = re.search(r"Average speed: ([\d.]+)%", done.stdout)
        if speed is None:
            raise MeasureError(f"`{' '.join(command)}` measured nothing:\n{done.stdout[-500:]}{done.stderr[-500:]}")
        return float(speed[1]) / 100 * facts.refresh_hz

    return run


def levers() -> tuple[str, ...]:
    """What the environment turns down, as MAME's own flags."""
    return ("-samplerate", str(SILENT_SAMPLE_RATE_HZ), "-frameskip", str(HIGHEST_FRAMESKIP))


def _emulator_speed(emulator: MameEmulator) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        emulator.step((), FRAME_SKIP)
    return STEPS * FRAME_SKIP / (time.perf_counter() - began)


def _env_speed(env: ArcadeEnv) -> float:
    """Random play."""
    actions = np.random.default_rng(0).integers(len(env.action_names), size=STEPS)
    began = time.perf_counter()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return STEPS * FRAME_SKIP / (time.perf_counter() - began)


def _vector_speed(env: ArcadeVectorEnv) -> float:
    """Random play. Where an episode has ended, the next step is a reset, which emulates one frame."""
    count = env.num_envs
    actions = np.random.default_rng(0).integers(len(env.action_names), size=(STEPS // count, count))
    resets = 0
    began = time.perf_counter()
    for row in actions:
        _, _, terminated, truncated, _ = env.step(row)
        resets += int(np.count_nonzero(terminated | truncated))
    return (STEPS * FRAME_SKIP - resets * (FRAME_SKIP - 1)) / (time.perf_counter() - began)


def _resets_ms(env: ArcadeEnv) -> list[float]:
    """In the middle of games, from seeds that differ, so that the start states are not always the same."""
    times = []
    for seed in range(RESETS):
        env.step(np.int64(0))
        began = time.perf_counter()
        env.reset(seed=seed)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _start_s(game: str, roms: Sequence[Path]) -> float:
    """From nothing to the first observation."""
    began = time.perf_counter()
    env = ArcadeEnv(game, roms=roms)
    env.reset(seed=1)
    took = time.perf_counter() - began
    env.close()
    return took


# ---------------------------------------------------------------------------------------------------- all of them


def in_turns(cases: Mapping[str, Measurement], repetitions: int) -> dict[str, list[float]]:
    """A B C A B C …: one measurement of each a round, after one round that only warms up."""
    if repetitions < 1:
        raise MeasureError(f"{repetitions} repetitions: at least one is needed.")
    for measure in cases.values():
        measure()
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repetitions):
        for name, measure in cases.items():
            speeds[name].append(measure())
    return speeds


def report(facts: MachineFacts, speeds: Mapping[str, list[float]], ratios: Sequence[Ratio]) -> dict[str, Any]:
    """Plain JSON values: medians of the speeds, and the medians of the rounds' ratios."""
    return {
        "machine": facts.machine,
        "rom_status": facts.rom_status,
        "emulator": facts.emulator,
        "cores": len(usable_processors()),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "frames_per_second": {name: round(statistics.median(values)) for name, values in speeds.items()},
        "ratios": {ratio.name: _ratio(ratio, speeds) for ratio in ratios},
    }


def _ratio(ratio: Ratio, speeds: Mapping[str, list[float]]) -> dict[str, Any]:
    rounds = [fast / slow for fast, slow in zip(speeds[ratio.faster], speeds[ratio.slower], strict=True)]
    values: dict[str, Any] = {
        "median": round(statistics.median(rounds), 3),
        "rounds": [round(value, 3) for value in rounds],
    }
    return values if ratio.wanted is None else {**values, "wanted_at_least": ratio.wanted}


@contextlib.contextmanager
def few_cores() -> Iterator[None]:
    """Two cores for this process and the emulators it starts, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:MEASURED_CORES]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

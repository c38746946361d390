"""quarterup's FCEUX beside FCEUX alone: frames with memory, with pictures, and how long a saved state takes to load.

    .venv/bin/python benchmarks/fceux.py [--rounds 31] [--rom FILE]

FCEUX alone runs a Lua script that only advances frames as fast as it can: once started as people start it without a
window, and once with the settings that quarterup gives it. They and quarterup's emulators take turns, A B C D, each at
the priority that quarterup gives its emulators, after a round that only warms up. Frame skip is 4. A figure is the
median over the rounds of quarterup's frames a second to those of FCEUX alone in the same round, with a percentile
bootstrap interval; and the same of frames for a second of processor time, of FCEUX and Python together: what driving it
costs also where others use the machine. Prints one JSON object. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from quarterup.cli.measure import few_cores, load_1min
from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture
from quarterup.emulators.fceux import FceuxEmulator
from quarterup.emulators.fceux_program import FceuxCommand, find_fceux
from quarterup.emulators.guard import give_way
from quarterup.emulators.nes_rom import read_nes_rom

ROM = Path(__file__).parent.parent / "tests" / "data" / "falling.nes"
RAM = MemoryRange(0, 0x800)
FRAME_SKIP = 4
FRAMES = 1200
"""Of one turn: about a second."""
LOADS = 200
RESAMPLES = 10_000
WANTED = {"memory_over_alone": 0.95}
WANTED_LOAD_MS = 1.0

ADVANCE_ONLY = """
local orders, done = io.open(os.getenv("ORDERS"), "rb"), io.open(os.getenv("DONE"), "wb")
emu.speedmode("maximum")
while true do
    local frames = orders:read("*n")
    if not frames then os.exit(0) end
    for _ = 1, frames do emu.frameadvance() end
    done:write("x")
    done:flush()
end
"""

AS_STARTED = "FCEUX alone, as people start it"
SAME_SETTINGS = "FCEUX alone, with quarterup's settings"
MEMORY = "quarterup, memory"
PIXELS = "quarterup, memory and 84x84 gray pixels"
NATIVE = "quarterup, memory and whole pictures"


class Turn(NamedTuple):
    """What one emulator did."""

    frames_per_s: float
    frames_per_busy_s: float
    """For a second of processor time, Python's among it."""


Measure = Callable[[], Turn]


def main() -> None:
    parser = argparse.ArgumentParser(description="quarterup's FCEUX beside FCEUX alone.")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--rom", type=Path, default=ROM)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        stack.enter_context(few_cores())
        emulators = {
            MEMORY: FceuxEmulator(options.rom, watch=[RAM]),
            PIXELS: FceuxEmulator(options.rom, watch=[RAM], picture=Picture(84, 84, gray=True)),
            NATIVE: FceuxEmulator(options.rom, watch=[RAM], picture=Picture()),
        }
        for emulator in emulators.values():
            stack.callback(emulator.close)
        cases: dict[str, Measure] = {
            AS_STARTED: stack.enter_context(alone(options.rom, ours=False)),
            MEMORY: driven(emulators[MEMORY]),
            SAME_SETTINGS: stack.enter_context(alone(options.rom, ours=True)),
            PIXELS: driven(emulators[PIXELS]),
            NATIVE: driven(emulators[NATIVE]),
        }
        for measure in cases.values():
            measure()
        rounds = [{name: measure() for name, measure in cases.items()} for _ in range(options.rounds)]
        loads_ms = state_loads_ms(emulators[MEMORY])
        load_busy_ms = state_load_busy_ms(emulators[MEMORY])
        facts = emulators[MEMORY].facts
    result: dict[str, Any] = {
        "game": facts.machine,
        "emulator": facts.emulator,
        "rounds": options.rounds,
        "load_1min": load_1min(),
        "processors": os.cpu_count(),
        "frames_per_second": {
            name: round(statistics.median(turns[name].frames_per_s for turns in rounds)) for name in cases
        },
        "ratios": {
            "memory_over_alone": ratios(rounds, MEMORY, AS_STARTED),
            "memory_over_alone_with_our_settings": ratios(rounds, MEMORY, SAME_SETTINGS),
            "pixels_over_alone": ratios(rounds, PIXELS, AS_STARTED),
            "pictures_over_alone": ratios(rounds, NATIVE, AS_STARTED),
        },
        "state_load_ms": {
            "median": round(statistics.median(loads_ms), 3),
            "fastest_tenth": round(statistics.quantiles(loads_ms, n=10)[0], 3),
            "busy": round(load_busy_ms, 3),
            "wanted_at_most": WANTED_LOAD_MS,
        },
    }
    for name, wanted in WANTED.items():
        result["ratios"][name]["wanted_at_least"] = wanted
    print(json.dumps(result, indent=1))


@contextlib.contextmanager
def alone(rom: Path, *, ours: bool) -> Iterator[Measure]:
    """FCEUX with the script that only advances, waiting for orders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "advance_only.lua"
        script.write_text(ADVANCE_ONLY)
        for pipe in ("orders", "done"):
            os.mkfifo(folder / pipe)
        program = find_fceux()
        environment = {**os.environ, "ORDERS": str(folder / "orders"), "DONE": str(folder / "done")}
        if ours:
            command = FceuxCommand(program, read_nes_rom(rom), folder, visible=False)
            command.prepare()
            words = [str(script) if word.endswith("bridge.lua") else word for word in command.words()]
            environment |= command.environment()
        else:
            words = [program, "--no-config", "1", "--sound", "0", "--videoDriver", "1"]
            words += ["--loadlua", str(script), str(rom)]
            environment |= {"QT_QPA_PLATFORM": "offscreen", "HOME": name}
        with subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=give_way,
        ) as process:
            try:
                with (folder / "orders").open("wb", buffering=0) as orders, (folder / "done").open("rb") as done:

                    def advance() -> None:
                        orders.write(f"{FRAMES}\n".encode())
                        if done.read(1) != b"x":
                            raise EmulatorError("FCEUX ended while it was measured")

                    yield lambda: measured(process.pid, advance)
            finally:
                process.kill()


def driven(emulator: FceuxEmulator) -> Measure:
    """Random play."""
    names = list(emulator.inputs)
    actions = [(names[index],) for index in np.random.default_rng(0).integers(8, size=FRAMES // FRAME_SKIP)]
    pid = process_of(emulator)

    def play() -> None:
        for inputs in actions:
            emulator.step(inputs, FRAME_SKIP)

    return lambda: measured(pid, play)


def process_of(emulator: FceuxEmulator) -> int:
    """FCEUX's own, not its guard's, whose command line is longer."""
    script = f"{emulator._child.folder}/bridge.lua"
    below = psutil.Process().children(recursive=True)
    return next(process.pid for process in below if script in process.cmdline()[:6])


def measured(pid: int, run: Callable[[], None]) -> Turn:
    """What `run` took of the clock, and of processors in this process and that one."""
    began, busy = time.perf_counter(), busy_s(pid)
    run()
    return Turn(FRAMES / (time.perf_counter() - began), FRAMES / (busy_s(pid) - busy))


def busy_s(pid: int) -> float:
    """Of all threads of that process and of this one."""
    stats = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return time.process_time() + sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def state_loads_ms(emulator: FceuxEmulator) -> list[float]:
    """Each after a step, so that there is something to go back from."""
    state = emulator.save_state()
    times = []
    for _ in range(LOADS):
        emulator.step((), FRAME_SKIP)
        began = time.perf_counter()
        emulator.load_state(state)
        times.append((time.perf_counter() - began) * 1000)
    return times


def state_load_busy_ms(emulator: FceuxEmulator) -> float:
    """Processor time of one, Python's among it."""
    state = emulator.save_state()
    pid = process_of(emulator)
    busy = busy_s(pid)
    for _ in range(LOADS):
        emulator.load_state(state)
    return (busy_s(pid) - busy) * 1000 / LOADS


def ratios(rounds: list[dict[str, Turn]], ours: str, other: str) -> dict[str, Any]:
    """Medians over the rounds with their intervals."""
    turns = np.array([[turns[ours], turns[other]] for turns in rounds])
    quotients = turns[:, 0] / turns[:, 1]
    drawn = np.random.default_rng(0).integers(len(rounds), size=(RESAMPLES, len(rounds)))
    bounds = np.quantile(np.median(quotients[drawn], axis=1), (0.025, 0.975), axis=0)
    medians = np.median(quotients, axis=0)
    result: dict[str, Any] = {}
    for index, what in enumerate(Turn._fields):
        interval = [round(float(bound[index]), 3) for bound in bounds]
        result[what] = {"median": round(float(medians[index]), 3), "interval": interval}
    return result


if __name__ == "__main__":
    main()

"""RetroEmulator beside stable-retro called directly, FCEUX and MAME, and two of it beside one: the same game, in turns.

    .venv/bin/python benchmarks/retro.py [--rom tests/data/falling.nes] [--repetitions 7]

All return the console's RAM after every fourth frame, and where a picture is named, that too, at native size. What is
called directly runs in a process of its own, with the low priority that emulators have, so that a busy machine is busy
to all alike. FCEUX and MAME are left out where they are not installed. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from quarterup.cli.measure import Ratio, few_cores, in_turns, report
from quarterup.emulators import guard
from quarterup.emulators.emulator import Emulator, EmulatorNotFound, MemoryRange, Picture
from quarterup.emulators.fceux import FceuxEmulator
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.processors import spread
from quarterup.emulators.retro import RetroEmulator
from report import say

ROM = Path(__file__).parent.parent / "tests" / "data" / "falling.nes"
FRAMES_PER_STEP = 4
STEPS = 600
START_FRAMES = 300
RAM = MemoryRange(0, 0x800)

OURS, THEIRS = "quarterup, RAM", "stable-retro called directly, RAM"
OURS_PICTURE, THEIRS_PICTURE = "quarterup, RAM and picture", "stable-retro called directly, RAM and picture"
TWO, FCEUX_RAM, MAME_RAM = "two of quarterup's, RAM", "FCEUX, RAM", "MAME, RAM"
RATIOS = (
    Ratio("retro_over_direct", OURS, THEIRS, 0.85),
    Ratio("retro_picture_over_direct", OURS_PICTURE, THEIRS_PICTURE, None),
    Ratio("two_retros_over_one", TWO, OURS, 1.8),
)
OTHERS: tuple[tuple[Ratio, Callable[[Path], Emulator]], ...] = (
    (Ratio("retro_over_fceux", OURS, FCEUX_RAM, 3.0), lambda rom: FceuxEmulator(rom, watch=[RAM])),
    (Ratio("retro_over_mame", OURS, MAME_RAM, None), lambda rom: MameEmulator("nes", media={"cart": rom}, watch=[RAM])),
)

DIRECT = """
import runpy, sys, time
import numpy as np
import stable_retro

rom, guard, frames, steps, start, picture = sys.argv[1:]
runpy.run_path(guard)["give_way"]()
core, data = stable_retro.RetroEmulator(rom), stable_retro.data.GameData()
core.configure_data(data)
buttons = np.zeros(16, np.uint8)
for _ in range(int(start)):
    core.step()
print("ready", flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    for _ in range(int(steps)):
        core.set_button_mask(buttons, 0)
        for _ in range(int(frames)):
            core.step()
        blocks = data.memory.blocks
        ram = blocks[0] + blocks[0x400]
        if picture == "yes":
            screen = core.get_screen()
    print(int(steps) * int(frames) / (time.perf_counter() - began), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="RetroEmulator beside stable-retro and FCEUX, frames per second.")
    parser.add_argument("--rom", type=Path, default=ROM)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    rom = options.rom.absolute()
    with contextlib.ExitStack() as stack:
        stack.enter_context(few_cores())

        def started(emulator: Emulator) -> Emulator:
            stack.callback(emulator.close)
            emulator.step((), START_FRAMES)
            return emulator

        one = started(RetroEmulator(rom, watch=[RAM]))
        drawing = started(RetroEmulator(rom, watch=[RAM], picture=Picture()))
        two = [started(RetroEmulator(rom, watch=[RAM], processor=processor)) for processor in spread(2)]
        direct = {picture: stack.enter_context(start_direct(rom, picture)) for picture in ("no", "yes")}
        cases = {
            OURS: lambda: speed(one),
            THEIRS: lambda: direct_speed(direct["no"]),
            OURS_PICTURE: lambda: speed(drawing),
            THEIRS_PICTURE: lambda: direct_speed(direct["yes"]),
            TWO: lambda: speed(*two),
        }
        ratios = list(RATIOS)
        for ratio, start in OTHERS:
            try:
                other = started(start(rom))
            except EmulatorNotFound as error:
                say(f"Without it: {error}")
                continue
            cases[ratio.slower] = partial(speed, other)
            ratios.append(ratio)
        print(json.dumps(report(one.facts, in_turns(cases, options.repetitions), ratios), indent=1))


def speed(*emulators: Emulator) -> float:
    """Frames per second of all of them together, each asked before any is waited for."""
    began = time.perf_counter()
    for _ in range(STEPS):
        for emulator in emulators:
            emulator.send_step((), FRAMES_PER_STEP)
        for emulator in emulators:
            emulator.receive_step()
    return len(emulators) * STEPS * FRAMES_PER_STEP / (time.perf_counter() - began)


@contextlib.contextmanager
def start_direct(rom: Path, picture: str):
    """A process that measures once for each line it is sent."""
    numbers = map(str, (FRAMES_PER_STEP, STEPS, START_FRAMES))
    command = [sys.executable, "-c", DIRECT, str(rom), guard.__file__, *numbers, picture]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("stable-retro could not be called directly: what it said is above.")
        yield process
        process.stdin.close()


def direct_speed(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("measure\n")
    process.stdin.flush()
    return float(process.stdout.readline())


if __name__ == "__main__":
    main()

"""quarterup beside MAMEToolkit 1.1.0: the same ROM, each returning the picture and the same memory every third frame.

    .venv/bin/python benchmarks/mametoolkit.py [--repetitions 5]

MAMEToolkit (Linux, x86-64) brings its own patched MAME of 2019 in its wheel. It is installed into a virtual environment
that is thrown away afterwards. Both run without a window, in turns, on the same two cores. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from quarterup.cli.measure import Ratio, few_cores, in_turns, report
from quarterup.emulators.emulator import MemoryRange, Picture
from quarterup.emulators.mame import MameEmulator
from quarterup.envs.observations import PIXELS_SIDE

FRAMES_PER_STEP = 3
STEPS = 1500
PAIRS = (0x201A, 0x2029, 0x2082, 0x20F8, 0x21FE)
"""Each of these bytes and the one after it: gun, shot, enemies left, score, wave and ships of Space Invaders."""
ADDRESSES = tuple(address for first in PAIRS for address in (first, first + 1))
OURS, THEIRS = "quarterup, raw native RGB picture and 10 bytes", "MAMEToolkit 1.1.0, picture and 10 bytes"
OURS_SMALL = "quarterup, 84x84 gray picture and 10 bytes"
READY_TIMEOUT_S = 120

WORKER = """
import sys, time
from MAMEToolkit.emulator import Address, Emulator

roms, machine, frames, steps, *addresses = sys.argv[1:]
memory = {a: Address(a, "u8") for a in addresses}
emulator = Emulator("benchmark", roms, machine, memory, frame_ratio=int(frames), render=False)
emulator.step([])
print("ready", flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    for _ in range(int(steps)):
        data = emulator.step([])
    print(int(steps) * int(frames) / (time.perf_counter() - began), data["frame"].shape, flush=True)
emulator.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="quarterup beside MAMEToolkit 1.1.0, frames per second.")
    parser.add_argument("--machine", default="invaders")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        stack.enter_context(few_cores())
        watch = [MemoryRange(address, 2) for address in PAIRS]
        ours = stack.enter_context(MameEmulator(options.machine, watch=watch, picture=Picture(raw=True)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        theirs = start_mametoolkit(install_mametoolkit(folder), ours.facts.rom_path, options.machine)
        stack.callback(stop, theirs)
        small = Picture(PIXELS_SIDE, PIXELS_SIDE, gray=True)
        ours_small = stack.enter_context(MameEmulator(options.machine, watch=watch, picture=small))
        cases = {
            OURS: lambda: our_speed(ours),
            THEIRS: lambda: their_speed(theirs),
            OURS_SMALL: lambda: our_speed(ours_small),
        }
        speeds = in_turns(cases, options.repetitions)
        ratios = (
            Ratio("quarterup_over_mametoolkit", OURS, THEIRS, 2.3),
            Ratio("quarterup_small_picture_over_mametoolkit", OURS_SMALL, THEIRS, None),
        )
        print(json.dumps(report(ours.facts, speeds, ratios), indent=1))


def install_mametoolkit(folder: Path) -> Path:
    """A Python that has it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "MAMEToolkit==1.1.0"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return python


def start_mametoolkit(python: Path, rom_path: str, machine: str) -> subprocess.Popen[str]:
    """A process that measures once for each line it is sent. Its start takes about 12 s."""
    arguments = [str(Path(rom_path).parent), machine, str(FRAMES_PER_STEP), str(STEPS), *map(hex, ADDRESSES)]
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    worker = subprocess.Popen(
        [str(python), "-W", "ignore", "-c", WORKER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert worker.stdout is not None
    began = time.monotonic()
    if worker.stdout.readline().strip() != "ready" or time.monotonic() - began > READY_TIMEOUT_S:
        raise SystemExit(
            "MAMEToolkit did not start. Its MAME needs x86-64 Linux and the system's SDL2, SDL2_ttf and Qt5."
        )
    return worker


def our_speed(emulator: MameEmulator) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        emulator.step((), FRAMES_PER_STEP)
    return STEPS * FRAMES_PER_STEP / (time.perf_counter() - began)


def their_speed(worker: subprocess.Popen[str]) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("measure\n")
    worker.stdin.flush()
    return float(worker.stdout.readline().split()[0])


def stop(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.close()
    try:
        worker.wait(timeout=20)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    main()

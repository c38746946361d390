"""What it costs a training to keep its best games as videos.

    .venv/bin/python benchmarks/recording.py [--rounds 20] [--seconds 10]

Two trainings of Space Invaders side by side, with the same settings and seed, learning between their steps: one keeps
its three best games, the other none (`--videos 0`). They run at the same time, so whatever else goes on slows both. A
figure is the processor time that trainer and emulators took for an env step, the one's over the other's in the same
seconds: the median over the rounds, with a bootstrap interval. `renderer` is what the process that makes the videos
took, at idle priority: what nobody else wanted. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

import psutil

from dashboard import progress, spread, training
from quarterup.training.live_file import LIVE_FILE, LiveFile
from report import say

VIDEOS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs to keep the best games.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round")
    options = parser.parse_args()
    ratios, renderer = [], []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        trainings = []
        for videos in (VIDEOS, 0):
            place = Path(folder) / str(videos)
            place.mkdir()
            run, _, trainer = running.enter_context(training(place, "--mode", "sync", "--videos", str(videos)))
            trainings.append((LiveFile(run / LIVE_FILE), trainer))
        for _ in range(options.rounds):
            before = [look(*one) for one in trainings]
            time.sleep(options.seconds)
            after = [look(*one) for one in trainings]
            (steps, busy, rendering), (other_steps, other_busy, _) = (
                tuple(new - old for new, old in zip(*pair, strict=True)) for pair in zip(after, before, strict=True)
            )
            ratios.append((busy / steps) / (other_busy / other_steps))
            renderer.append(rendering / options.seconds)
            say(f"{ratios[-1]:.3f}, renderer {renderer[-1]:.3f}")
        kept = len(list((Path(folder) / str(VIDEOS) / "run" / "videos").glob("*.trace")))
    result = {"busy_per_step_over_none": spread(ratios), "renderer_processors": spread(renderer), "games_kept": kept}
    print(json.dumps({**result, "processors": os.cpu_count(), "load_1min": os.getloadavg()[0]}, indent=1))


def look(live: LiveFile, trainer: psutil.Process) -> tuple[float, float, float]:
    """Env steps so far, and the seconds of processor time of trainer and emulators, and of the renderer."""
    busy = rendering = 0.0
    for process in (trainer, *trainer.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [process, *process.parents()]
            words = [" ".join(one.cmdline()) for one in family[: family.index(trainer) + 1]]
            times = process.cpu_times()
            if any("render_worker" in line for line in words):
                rendering += times.user + times.system
            elif "dashboard.process" not in words[0]:
                busy += times.user + times.system
    return progress(live)["env_steps"], busy, rendering


if __name__ == "__main__":
    main()

"""Whole trainings, measured: do the emulators wait for the learner, or the learner for the emulators?"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterup.cli.measure import load_1min
from quarterup.emulators.processors import usable_processors
from quarterup.training.loading import kind_of_agent
from quarterup.training.presets import settings_for
from quarterup.training.progress import Phase, Progress, Silence
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings, learns_beside

SETTLING_S = 3.0
"""From the first update to the first look."""
MEASURED_S = 10.0
"""From the first to the last look."""
NEVER_DONE = 10**9
ALWAYS_BEHIND = 4.0
"""A replay ratio that no learner here can follow: it never waits for an env step."""
BALANCE = 0.9
"""Of the replay ratio at which neither side would ever wait: a learner that just keeps up."""

EMULATORS_ALONE = "emulators and acting, nothing learned"
LEARNER_ALONE = "learner, the emulators waiting for it"
BESIDE = "async, both at once"
BETWEEN = "sync, in turns, same replay ratio"


@dataclass(frozen=True)
class Speed:
    """What a training does in a second."""

    env_steps: float
    updates: float
    cores: float | None
    """Processors in use, emulators and learner included; None where the system doesn't tell."""


class Measured(Exception):
    """Ends a training that has been measured for long enough."""


class Stopwatch(Silence):
    """A display that shows nothing: it looks at the counters, and then ends the training."""

    def __init__(self) -> None:
        self.speed: Speed | None = None
        self._learning_since: float | None = None
        self._first: tuple[float, Progress, float | None] | None = None

    def update(self, progress: Progress) -> None:
        if progress.phase is not Phase.LEARNING:
            return
        now = time.perf_counter()
        if self._learning_since is None:
            self._learning_since = now
        elif self._first is None:
            if now - self._learning_since >= SETTLING_S:
                self._first = now, progress, processor_seconds()
        elif now - self._first[0] >= MEASURED_S:
            began, before, used_before = self._first
            seconds, used = now - began, processor_seconds()
            self.speed = Speed(
                (progress.env_steps - before.env_steps) / seconds,
                (progress.updates - before.updates) / seconds,
                None if used is None or used_before is None else (used - used_before) / seconds,
            )
            raise Measured


def measure_train(game: str, repetitions: int, roms: Sequence[Path] = ()) -> dict[str, Any]:
    """Plain JSON values: medians over rounds of whole trainings with the game's own settings.

    In every round the emulators run without learning, the learner runs as fast as it can, and from the two comes the
    replay ratio at which both should be busy all the time. Then both run at once with that, and in turns.
    """
    begin_with = settings_for(game)
    settings = dataclasses.replace(
        begin_with, steps=NEVER_DONE, env=dataclasses.replace(begin_with.env, roms=tuple(roms)), device="cpu"
    )
    rounds = [_measure_once(settings) for _ in range(repetitions)]
    both = [found[BESIDE] for found in rounds]
    cores = [speed.cores for speed in both if speed.cores is not None]
    return {
        "game": settings.game,
        "agent": settings.agent,
        "envs": settings.envs,
        "cores": len(usable_processors()),
        "load_1min": load_1min(),
        "async_by_default": learns_beside(settings, replays=kind_of_agent(settings.agent).replays),
        "speeds": {
            name: {
                "env_steps_per_second": round(statistics.median(found[name].env_steps for found in rounds), 1),
                "updates_per_second": round(statistics.median(found[name].updates for found in rounds), 1),
            }
            for name in rounds[0]
        },
        "figures": {
            "emulators' speed beside the learner / alone": _figure(
                [found[BESIDE].env_steps / found[EMULATORS_ALONE].env_steps for found in rounds], 0.8
            ),
            "learner's speed beside the emulators / never waiting": _figure(
                [found[BESIDE].updates / found[LEARNER_ALONE].updates for found in rounds], None
            ),
            "processors in use": _figure(cores, 1.8) if cores else None,
            "env steps a second, async / sync": _figure(
                [found[BESIDE].env_steps / found[BETWEEN].env_steps for found in rounds], None
            ),
        },
    }


def _figure(rounds: list[float], wanted: float | None) -> dict[str, Any]:
    return {
        "median": round(statistics.median(rounds), 2),
        "low": round(min(rounds), 2),
        "high": round(max(rounds), 2),
        "wanted_at_least": wanted,
    }


def _measure_once(settings: TrainSettings) -> dict[str, Speed]:
    alone = _measure(settings, "async", 0.0)
    learner = _measure(settings, "async", ALWAYS_BEHIND)
    ratio = BALANCE * learner.updates / alone.env_steps
    return {
        EMULATORS_ALONE: alone,
        LEARNER_ALONE: learner,
        BESIDE: _measure(settings, "async", ratio),
        BETWEEN: _measure(settings, "sync", ratio),
    }


def _measure(settings: TrainSettings, mode: Any, replay_ratio: float) -> Speed:
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="quarterup-bench-") as folder:
        run = Path(folder) / "run"
        with contextlib.suppress(Measured):
            train(dataclasses.replace(settings, mode=mode, replay_ratio=replay_ratio, run=run), stopwatch)
    assert stopwatch.speed is not None
    return stopwatch.speed


def processor_seconds() -> float | None:
    """Processor time that this process and all below it have used so far, or None where there is no /proc."""
    stats = [_stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
    seconds = {pid: used for pid, _, used in filter(None, stats)}
    if os.getpid() not in seconds:
        return None
    children = defaultdict(list)
    for pid, parent, _ in filter(None, stats):
        children[parent].append(pid)
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        total += seconds[pid]
        waiting += children[pid]
    return total


def _stat(path: Path) -> tuple[int, int, float] | None:
    """Process, parent, and the seconds used, from a line of /proc; None if the process is gone."""
    try:
        line = path.read_text()
    except OSError:
        return None
    after_name = line.rpartition(")")[2].split()
    ticks = int(after_name[11]) + int(after_name[12])
    return int(path.parent.name), int(after_name[1]), ticks / os.sysconf("SC_CLK_TCK")

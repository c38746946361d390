"""Run folders with made-up scores, for what only reads them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.training.metrics import Episode, MetricsWriter, Moment
from quarterup.training.run_folder import RunConfig, RunFolder
from quarterup.training.settings import TrainSettings, to_json

STEPS_A_SECOND = 100.0
MACHINE = {"machine": "invaders", "rom_status": "stand-in"}


def make_run(
    path: Path,
    *,
    level: float = 100.0,
    episodes: int = 200,
    every: int = 50,
    expert_share: float = 0.0,
    steps_a_second: float = STEPS_A_SECOND,
    agent_settings: RainbowSettings | None = None,
    **settings: Any,
) -> RunFolder:
    """A run whose scores rise to `level`, an episode each `every` env steps."""
    wanted = dataclasses.replace(
        TrainSettings("space_invaders", run=path, agent_settings=agent_settings or RainbowSettings()), **settings
    )
    config = RunConfig(to_json(wanted), MACHINE, {}, ("train",), None, "2026-01-02T03:04:05+0000")
    run = RunFolder.create(path, config)
    rng = np.random.default_rng(wanted.seed)
    writer = MetricsWriter(run.metrics)
    writer.event(Moment(0, 0, 0.0), "started", "MAME 0.251")
    for number in range(1, episodes + 1):
        step = number * every
        when = Moment(step, 4 * step, step / steps_a_second)
        score = level * min(1.0, number / (episodes / 2)) + float(rng.normal(0, level / 50))
        writer.episode(when, Episode(number % 2, score, 40, 160, 0, "terminated", expert_share))
        writer.scalars(when, {"loss": 1 / number, "q": score / 10, "learning_rate": 1e-4, "epsilon": 1 / number})
        speeds = {"env_steps_per_s": 100.0, "updates_per_s": 25.0, "act": 0.2, "emulators": 0.6, "held": 0.1}
        writer.scalars(when, {f"speed/{name}": value for name, value in {**speeds, "other": 0.1}.items()})
    writer.event(when, "finished", "")
    writer.close()
    return run


def put_evaluation(run: RunFolder, policy: str, mean: float, **protocol: Any) -> None:
    """An evaluation in the run's folder, with what a comparison reads of one."""
    rules = {"policy": policy, "name": "run", "frame_skip": 4, "sticky": 0.0, "noop_max": 30, "episodes": 30}
    values = {"mean": mean, "mean_95_low": mean - 5, "mean_95_high": mean + 5, "protocol": {**rules, **protocol}}
    (run.evaluations / f"{policy}-{len(list(run.evaluations.iterdir())) + 1}.json").write_text(json.dumps(values))

"""A training on CartPole that tests run in this process, or as a process of its own to kill it.

python cartpole_run.py RUN_FOLDER STEPS [--resume] [name=value ...]
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import gymnasium
import torch

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.training import metrics, progress
from quarterup.training.environment import TrainingEnv
from quarterup.training.errors import TrainingError
from quarterup.training.metrics import MetricsReader
from quarterup.training.progress import Progress
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import TrainingResult, train
from quarterup.training.settings import EnvSettings, TrainSettings

SMALL = RainbowSettings(
    hidden_sizes=(16,), head_size=16, atoms=11, batch_size=8, learning_starts=100, replay_capacity=4000, metrics_every=5
)


class Silence(progress.Silence):
    """It keeps what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.shown: list[Progress] = []

    def update(self, progress: Progress) -> None:
        self.shown.append(progress)

    def note(self, text: str) -> None:
        self.notes.append(text)


def settings(run: Path, steps: int, **changes: Any) -> TrainSettings:
    plain = TrainSettings(
        game="cartpole",
        steps=steps,
        run=run,
        mode="sync",
        threads=1,
        device="cpu",
        save_every_steps=200,
        env=EnvSettings(frame_skip=1),
        agent_settings=SMALL,
    )
    return dataclasses.replace(plain, **changes)


def make_cartpole(wanted: TrainSettings) -> TrainingEnv:
    vector = gymnasium.make_vec("CartPole-v1", num_envs=wanted.envs, vectorization_mode="sync")
    return TrainingEnv(vector, frames_per_step=1)


def train_cartpole(run: Path, steps: int, **changes: Any) -> tuple[TrainingResult, Silence]:
    display = Silence()
    return train(settings(run, steps, **changes), display, make_cartpole), display


def scalars_and_weights(run: Path) -> tuple[list[Any], list[Any], dict[str, torch.Tensor]]:
    """What two equal runs have in common: scalars, episodes, and the weights of the last checkpoint."""
    folder = RunFolder.open(run)
    with MetricsReader(folder.metrics) as reader:
        scalars = reader._select(
            "SELECT env_step, name, value FROM scalars WHERE name NOT LIKE 'speed/%' ORDER BY rowid"
        )
        episodes = reader._select("SELECT env_step, env, score, steps FROM episodes ORDER BY rowid")
    newest = folder.checkpoints.load_newest()
    assert newest is not None
    return scalars, episodes, dict(newest[0].agent.tensors)


def main() -> int:
    metrics.WRITE_EVERY_S = 0.02  # So that a kill leaves rows from after the last checkpoint.
    run, steps, *rest = sys.argv[1:]
    changes = {name: json.loads(value) for name, value in (item.split("=") for item in rest if "=" in item)}
    try:
        result, display = train_cartpole(Path(run), int(steps), resume="--resume" in rest, **changes)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 2
    finished = {"env_steps": result.env_steps, "finished": result.finished, "notes": display.notes}
    print(json.dumps(finished))
    return 0 if result.signal_number is None else 128 + result.signal_number


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Nothing that runs at exit may make a killed process look better than it is.

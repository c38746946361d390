"""TensorBoard and Weights & Biases as places that a run's metrics are handed on to: see `follow`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from quarterup.training.extras import require
from quarterup.training.follow import Note, Point
from quarterup.training.run_folder import RunFolder

OURS = ".quarterup"
"""How the names of event files that were written here end."""
PROJECT = "quarterup"
"""In Weights & Biases, unless WANDB_PROJECT says otherwise."""
STEP = "env_step"
"""The axis of all charts there."""


class TensorBoardSink:
    """Event files for TensorBoard. Earlier ones that were written here, into the same folder, are replaced."""

    def __init__(self, run: RunFolder, folder: Path) -> None:
        """Raises ExportError if TensorBoard is not installed."""
        self._make_writer = require("torch.utils.tensorboard", "tensorboard").SummaryWriter
        self._folder = folder
        self._began = datetime.fromisoformat(run.config.created).timestamp()
        for earlier in folder.glob(f"events.out.tfevents.*{OURS}"):
            earlier.unlink()
        self._writer = self._make_writer(str(folder), filename_suffix=OURS)

    def points(self, points: Iterable[Point]) -> None:
        """Shown at the time of the training: seconds of breaks between its sessions are left out."""
        for point in points:
            self._writer.add_scalar(point.name, point.value, point.env_step, walltime=self._began + point.wall_s)
        self._writer.flush()

    def note(self, note: Note) -> None:
        self._writer.add_text(
            f"events/{note.kind}", note.text or note.kind, note.env_step, walltime=self._began + note.wall_s
        )

    def forget_from(self, env_step: int) -> None:
        self._writer.close()
        self._writer = self._make_writer(str(self._folder), purge_step=env_step, filename_suffix=OURS)

    def close(self) -> None:
        self._writer.close()


class WandbSink:
    """A new run in Weights & Biases, online or offline as WANDB_MODE and `wandb login` say."""

    def __init__(self, run: RunFolder, folder: Path) -> None:
        """Raises ExportError if wandb is not installed."""
        wandb: Any = require("wandb", "wandb")
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.path.resolve().name,
            dir=str(folder),
            settings=wandb.Settings(console="off", x_disable_stats=True),  # those of this process are not the run's
            config={**run.config.settings, "machine": dict(run.config.machine), "versions": dict(run.config.versions)},
        )
        self._run.define_metric(STEP, hidden=True)
        self._run.define_metric("*", step_metric=STEP)

    def points(self, points: Iterable[Point]) -> None:
        for (env_step, wall_s), together in groupby(points, key=attrgetter("env_step", "wall_s")):
            values = {point.name: point.value for point in together}
            self._run.log({STEP: env_step, "time/time_elapsed": wall_s, **values})

    def note(self, note: Note) -> None:
        """Not kept there: events are in the run folder."""

    def forget_from(self, env_step: int) -> None:
        """What was sent cannot be taken back: it is sent again, beside it."""

    def close(self) -> None:
        self._run.finish()

"""`quarterup export`: a run's metrics for other programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro

from quarterup.cli.console import make_console
from quarterup.training.errors import ExportError
from quarterup.training.follow import Follower, Sink
from quarterup.training.metrics import MetricsReader
from quarterup.training.run_folder import RunFolder
from quarterup.training.sinks import TensorBoardSink, WandbSink
from quarterup.training.tables import TableFormat, export_tables

LOOK_EVERY_S = 2.0
SINKS: dict[str, Callable[[RunFolder, Path], Sink]] = {"tensorboard": TensorBoardSink, "wandb": WandbSink}


@dataclass(frozen=True)
class Settings:
    """Hand a run's metrics to other programs, while it trains or afterwards; the training does not notice.

    csv, jsonl and parquet write scalars, episodes and events as they are, a file each. tensorboard and wandb write
    curves under the names that are usual there, such as rollout/ep_rew_mean and train/loss.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    format: Literal[TableFormat, "tensorboard", "wandb"] = "csv"
    """parquet needs `pip install 'quarterup[export]'`, the last two `quarterup[tensorboard]` and `quarterup[wandb]`."""
    out: Path | None = None
    """The folder to write into. Left out: exports/FORMAT in the run folder."""
    follow: bool = False
    """Go on until the training ends or Ctrl-C comes. For tensorboard and wandb."""
    json: bool = False
    """Print what was written as one JSON object on the last line."""


def run(settings: Settings) -> int:
    run = RunFolder.open(settings.run)
    with MetricsReader(run.metrics) as metrics:
        folder = settings.out or run.path / "exports" / settings.format
        _make(folder)
        console = make_console(json=settings.json)
        outcome: dict[str, Any] = {"format": settings.format, "folder": str(folder)}
        if settings.format == "tensorboard" or settings.format == "wandb":
            rows = _send(settings, run, metrics, folder)
            console.print(f"{rows:,} rows: {folder}", soft_wrap=True)
            outcome["rows"] = rows
        else:
            if settings.follow:
                raise ExportError(f"--follow is for tensorboard and wandb, not for {settings.format}.")
            files = export_tables(metrics, settings.format, folder)
            outcome["files"] = list(map(str, files))
            for file in files:
                console.print(str(file), soft_wrap=True)
    if settings.json:
        print(json.dumps(outcome))
    return 0


def _send(settings: Settings, run: RunFolder, metrics: MetricsReader, folder: Path) -> int:
    """Hand on what there is, and with --follow what comes; return how many rows that were."""
    sink = SINKS[settings.format](run, folder)
    follower = Follower(metrics, sink)
    rows = 0
    try:
        while settings.follow and run.is_in_use():
            rows += follower.catch_up()
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        pass
    finally:
        rows += follower.catch_up()
        sink.close()
    return rows


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error

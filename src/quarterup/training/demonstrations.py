"""Demonstrations: whole games that somebody played, each kept as a trace, in a folder for each game.

    FOLDER/space_invaders/1230-2026-11-25_20-15-30.trace

FOLDER is the user's own, unless another is named. Any trace is a demonstration: those of evaluations and the best games
of trainings, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterup.emulators.roms import user_data_folder
from quarterup.envs.trace import SUFFIX, Trace, TraceError, read_trace, trace_to_bytes
from quarterup.training.errors import TrainingError
from quarterup.training.files import replace_file

MAX_SAME_SECOND = 1_000
"""Games of one score that can be kept within a second."""


class DemonstrationError(TrainingError):
    """A demonstration cannot be kept, or not be learned from."""


@dataclass(frozen=True)
class Demonstration:
    """One file of them."""

    path: Path
    trace: Trace | None
    problem: str = ""
    """Why there is no trace."""


def demonstrations_folder() -> Path:
    """Where demonstrations are kept unless another folder is named."""
    return user_data_folder() / "demonstrations"


def keep(trace: Trace, folder: Path) -> Path:
    """Keep a game in `folder`, below its game's name; returns its file. Raises DemonstrationError."""
    home = folder / trace.game
    name = f"{trace.score:.0f}-{time.strftime('%Y-%m-%d_%H-%M-%S')}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        names = (name, *(f"{name}-{number}" for number in range(2, MAX_SAME_SECOND)))
        path = next(path for path in (home / f"{one}{SUFFIX}" for one in names) if not path.exists())
        replace_file(path, trace_to_bytes(trace))
    except OSError as error:
        raise DemonstrationError(
            f"The game of {trace.score:,.0f} points could not be kept in {home}: {error.strerror or error}."
        ) from error
    return path


def all_in(folder: Path) -> Iterator[Demonstration]:
    """All demonstrations in `folder`, damaged ones too, by game and name."""
    for path in sorted([*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*/*{SUFFIX}")]):
        try:
            yield Demonstration(path, read_trace(path))
        except TraceError as error:
            yield Demonstration(path, None, str(error))


def read_demonstrations(paths: Sequence[Path], game: str) -> dict[Path, Trace]:
    """The traces of all files in `paths`, and of folders what lies in them: below the game's name, if there is such.

    Raises DemonstrationError if there is none, or one cannot be read.
    """
    traces: dict[Path, Trace] = {}
    for path in paths:
        folder = path / game if (path / game).is_dir() else path
        files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else [path]
        if not files:
            raise DemonstrationError(f"There is no demonstration in {folder}: no file that ends in {SUFFIX}.")
        for file in files:
            try:
                traces[file] = read_trace(file)
            except TraceError as error:
                raise DemonstrationError(str(error)) from error
    return traces

"""The numbers of a run: a SQLite database that one process writes while others read it.

Three tables. `scalars` has a row for each metric and time: those that the agent's updates return under
their own names, and the trainer's, which begin with `speed/` or `eval/`. `episodes` has a row for each
finished episode, and `events` one for whatever happened once. `env_step` counts env steps over all
environments, `frames` the frames that these are, `wall_s` seconds of training without the breaks between
sessions.

Rows are collected and written together every few seconds. The database is in WAL mode: it is sound after a
kill at any moment, and lacks at most the rows that were not written yet.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.training.errors import RunFolderError
from quarterup.training.files import written_beside

WRITE_EVERY_S = 1.0
"""Half of what a kill may lose, so that a slow disk or a long update between two writes does not lose more."""
READ_TIMEOUT_S = 10.0
MAX_ROWS_HELD = 200_000
"""Rows kept in memory while the disk is full; older ones are given up first."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened."""

    env_step: int
    frames: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished episode of the training."""

    env: int
    """Which of the environments."""
    score: float
    """As the game counts it; the sum of rewards where the environment has no score of its own."""
    steps: int
    frames: int
    level: int
    """Reached at the end, from 0."""
    end: str
    """`terminated`, `truncated` or `emulator died`."""
    expert_share: float
    """Part of the actions that the expert chose, 0 to 1."""


@dataclass(frozen=True)
class Curve:
    """One metric over the run, oldest first; all arrays have the same length."""

    env_steps: NDArray[np.int64]
    frames: NDArray[np.int64]
    wall_s: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class EpisodeTable:
    """All episodes of the run in the order of their ends; all arrays have the same length."""

    env_steps: NDArray[np.int64]
    """Env step of the run at the episode's end."""
    frames: NDArray[np.int64]
    wall_s: NDArray[np.float64]
    env: NDArray[np.int64]
    scores: NDArray[np.float64]
    lengths: NDArray[np.int64]
    """Steps in the episode."""
    levels: NDArray[np.int64]
    ends: NDArray[np.str_]
    expert_shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once. The kinds are: started, resumed, saved, best, adjusted, control, video,
    emulator died, trouble, stopped, finished."""

    env_step: int
    wall_s: float
    kind: str
    text: str


_TABLES = """
CREATE TABLE IF NOT EXISTS scalars (env_step INTEGER, frames INTEGER, wall_s REAL, name TEXT, value REAL);
CREATE TABLE IF NOT EXISTS episodes (env_step INTEGER, frames INTEGER, wall_s REAL, env INTEGER, score REAL,
    steps INTEGER, episode_frames INTEGER, level INTEGER, end TEXT, expert_share REAL);
CREATE TABLE IF NOT EXISTS events (env_step INTEGER, frames INTEGER, wall_s REAL, kind TEXT, text TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS scalars_by_name ON scalars (name, env_step);
"""
COLUMNS = {
    "scalars": ("env_step", "frames", "wall_s", "name", "value"),
    "episodes": (
        *("env_step", "frames", "wall_s", "env", "score"),
        *("steps", "episode_frames", "level", "end", "expert_share"),
    ),
    "events": ("env_step", "frames", "wall_s", "kind", "text"),
}
"""By table, in the order of `MetricsReader.rows`."""
FIRST_ROW = 0
_INSERTS = {
    "scalars": "INSERT OR REPLACE INTO scalars VALUES (?, ?, ?, ?, ?)",
    "episodes": f"INSERT INTO episodes VALUES ({', '.join('?' * (3 + len(fields(Episode))))})",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
}


class MetricsWriter:
    """Collects rows and writes them in batches. Only the process that trains has one."""

    def __init__(self, path: Path) -> None:
        """Open the database, or make it. Raises RunFolderError if `path` is not one or cannot be written."""
        self._path = path
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERTS}
        self._next_write = time.monotonic() + WRITE_EVERY_S
        self.trouble: str | None = None
        """Why the last batch could not be written, until one can be."""
        try:
            if not path.exists():
                _make_database(path)
            self._database = sqlite3.connect(path, timeout=READ_TIMEOUT_S)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
        except (sqlite3.Error, OSError) as error:
            raise RunFolderError(f"The metrics of the run, {path}, cannot be written: {error}.") from error

    def scalars(self, when: Moment, values: Mapping[str, float]) -> None:
        """Add one row for each of `values`."""
        self._rows["scalars"] += [(*astuple(when), name, float(value)) for name, value in values.items()]

    def episode(self, when: Moment, episode: Episode) -> None:
        self._rows["episodes"].append((*astuple(when), *astuple(episode)))

    def event(self, when: Moment, kind: str, text: str) -> None:
        self._rows["events"].append((*astuple(when), kind, text))

    def write_if_due(self) -> None:
        """Write the collected rows if `WRITE_EVERY_S` have passed since the last time."""
        if time.monotonic() >= self._next_write:
            self.write()

    def write(self) -> None:
        """Write the collected rows now. What a full disk refuses is kept and tried again the next time."""
        self._next_write = time.monotonic() + WRITE_EVERY_S
        if not any(self._rows.values()):
            return
        try:
            with self._database:
                for table, rows in self._rows.items():
                    self._database.executemany(_INSERTS[table], rows)
        except sqlite3.Error as error:
            self.trouble = f"metrics could not be written: {error}"
            for rows in self._rows.values():
                del rows[:-MAX_ROWS_HELD]
            return
        self.trouble = None
        for rows in self._rows.values():
            rows.clear()

    def forget_after(self, env_step: int) -> None:
        """Remove what came after `env_step`: a resumed run will write it again."""
        with self._database:
            for table in _INSERTS:
                self._database.execute(f"DELETE FROM {table} WHERE env_step > ?", (env_step,))

    def close(self) -> None:
        self.write()
        self._database.close()


class MetricsReader:
    """Reads the numbers of a run, also while it trains. Use as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        """Open the database of a run. Raises RunFolderError if there is none."""
        if not path.is_file():
            raise RunFolderError(f"There are no metrics at {path}: the run has not begun, or this is not a run folder.")
        self._database = sqlite3.connect(path, timeout=READ_TIMEOUT_S)

    def __enter__(self) -> MetricsReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def names(self) -> list[str]:
        """The scalars that there are, sorted."""
        return [name for (name,) in self._select("SELECT DISTINCT name FROM scalars ORDER BY name")]

    def curve(self, name: str) -> Curve:
        """One scalar over the run. Empty if there is none of that name."""
        rows = self._select(
            "SELECT env_step, frames, wall_s, value FROM scalars WHERE name = ? ORDER BY env_step, rowid",
            (name,),
        )
        steps, frames, wall_s, values = _columns(rows, 4)
        return Curve(_ints(steps), _ints(frames), _floats(wall_s), _floats(values))

    def episodes(self) -> EpisodeTable:
        rows = self._select(
            "SELECT env_step, frames, wall_s, env, score, steps, level, end, expert_share FROM episodes ORDER BY rowid"
        )
        steps, frames, wall_s, env, scores, lengths, levels, ends, shares = _columns(rows, 9)
        return EpisodeTable(
            env_steps=_ints(steps),
            frames=_ints(frames),
            wall_s=_floats(wall_s),
            env=_ints(env),
            scores=_floats(scores),
            lengths=_ints(lengths),
            levels=_ints(levels),
            ends=np.array(ends, dtype=np.str_),
            expert_shares=_floats(shares),
        )

    def events(self) -> list[Event]:
        return [Event(*row) for row in self._select("SELECT env_step, wall_s, kind, text FROM events ORDER BY rowid")]

    def rows(self, table: str, after: int = FIRST_ROW) -> Iterator[tuple[Any, ...]]:
        """All rows of a table of `COLUMNS`, oldest first, each behind its row number; none is kept in memory.

        `after` leaves out rows up to that number.
        """
        columns = ", ".join(COLUMNS[table])
        return self._database.execute(f"SELECT rowid, {columns} FROM {table} WHERE rowid > ? ORDER BY rowid", (after,))

    @contextlib.contextmanager
    def one_moment(self) -> Iterator[None]:
        """All that is read inside is of the same moment, whatever is written meanwhile."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.rollback()

    def _select(self, query: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(query, arguments).fetchall()


def _make_database(path: Path) -> None:
    """Renamed into place with its tables in it: who reads while a run begins finds all of them or no database."""
    with written_beside(path) as unfinished:
        unfinished.unlink(missing_ok=True)
        database = sqlite3.connect(unfinished)
        database.executescript(_TABLES)
        database.close()


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _ints(column: tuple[Any, ...]) -> NDArray[np.int64]:
    return np.array(column, dtype=np.int64)


def _floats(column: tuple[Any, ...]) -> NDArray[np.float64]:
    return np.array(column, dtype=np.float64)

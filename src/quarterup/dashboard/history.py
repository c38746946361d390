"""The numbers of a run for charts, read from its metrics as they grow: what was read once is kept."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.dashboard.downsample import extremes
from quarterup.training.statistics import running_mean

READ_TIMEOUT_S = 5.0
MAX_EVENTS = 500
"""The newest are shown."""
QUIET_EVENTS = ("saved",)
"""So frequent that they would hide the others: of these only the newest few are shown."""
MAX_QUIET_EVENTS = 20
EPISODE_SERIES = ("score", "length", "level")
NAMES = """WITH RECURSIVE names(name) AS (SELECT min(name) FROM scalars UNION ALL
    SELECT (SELECT min(name) FROM scalars WHERE name > names.name) FROM names WHERE names.name IS NOT NULL)
    SELECT name FROM names WHERE name IS NOT NULL"""
"""Of scalars. From one to the next in the index, where DISTINCT would go through all of it."""


@dataclass(frozen=True)
class Series:
    """One curve, oldest first; all of the same length."""

    env_steps: NDArray[np.float64]
    wall_s: NDArray[np.float64]
    values: NDArray[np.float64]

    def between(self, low: float, high: float, *, by_time: bool) -> Series:
        """The part from `low` to `high`, with one point more at both ends, so that lines leave the picture."""
        x = self.wall_s if by_time else self.env_steps
        first = max(0, int(np.searchsorted(x, low)) - 1)
        last = int(np.searchsorted(x, high, side="right")) + 1
        return Series(self.env_steps[first:last], self.wall_s[first:last], self.values[first:last])

    def thinned(self, points: int) -> Series:
        chosen = extremes(self.values, points)
        return Series(self.env_steps[chosen], self.wall_s[chosen], self.values[chosen])


NOTHING = Series(np.empty(0), np.empty(0), np.empty(0))


class History:
    """Of one run. Several threads may ask."""

    def __init__(self, metrics: Path) -> None:
        self._path = metrics
        self._lock = threading.Lock()
        self._forget()

    def series(self, names: Sequence[str]) -> dict[str, Series]:
        """Curves by name: a scalar, one of `EPISODE_SERIES`, or one of these `/` the episodes to take the mean of."""
        with self._lock:
            self._read_news()
            return {name: self._one(name) for name in names}

    def read(self) -> None:
        """Read what there is, so that whoever asks for it need not wait."""
        with self._lock:
            self._read_news()

    def events(self) -> list[dict[str, Any]]:
        """The newest things that happened, oldest first."""
        with self._lock:
            self._read_news()
            quiet = [event for event in self._events if event["kind"] in QUIET_EVENTS][-MAX_QUIET_EVENTS:]
            shown = [event for event in self._events if event["kind"] not in QUIET_EVENTS or event in quiet]
            return shown[-MAX_EVENTS:]

    def names(self) -> list[str]:
        """The scalars there are."""
        with self._lock:
            self._read_news()
            return sorted(self._scalars)

    # ---------------------------------------------------------------------------------------------------------- inside

    def _forget(self) -> None:
        self._last = {"scalars": 0, "episodes": 0, "events": 0}
        self._scalars: dict[str, Series] = {}
        self._episodes = dict.fromkeys(EPISODE_SERIES, NOTHING)
        self._events: list[dict[str, Any]] = []

    def _one(self, name: str) -> Series:
        what, slash, window = name.partition("/")
        if what not in EPISODE_SERIES:
            return self._scalars.get(name, NOTHING)
        series = self._episodes[what]
        if not slash:
            return series
        return Series(series.env_steps, series.wall_s, running_mean(series.values, max(1, int(window))))

    def _read_news(self) -> None:
        if not self._path.is_file():
            return
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        database = sqlite3.connect(address, uri=True, timeout=READ_TIMEOUT_S, isolation_level=None)
        try:
            database.execute("BEGIN")  # All that follows is of one moment.
            if self._has_gone_back(database):
                self._forget()
            self._read(database)
        finally:
            database.close()

    def _has_gone_back(self, database: sqlite3.Connection) -> bool:
        """A run that is resumed takes back what came after its checkpoint, so all of it has to be read again."""
        begun = "SELECT count(*) FROM events WHERE kind IN ('started', 'resumed') AND rowid > ?"
        newest = "SELECT coalesce(max(rowid), 0) FROM "
        if self._events and database.execute(begun, (self._last["events"],)).fetchone()[0]:
            return True
        return any(database.execute(newest + table).fetchone()[0] < last for table, last in self._last.items())

    def _read(self, database: sqlite3.Connection) -> None:
        names = [name for (name,) in database.execute(NAMES)]
        if names:
            number = "CASE name " + " ".join(f"WHEN ? THEN {place}" for place in range(len(names))) + " END"
            which, *rows = self._numbers(database, "scalars", (number, "env_step", "wall_s", "value"), names)
            for place, name in enumerate(names):
                self._scalars[name] = _joined(self._scalars.get(name, NOTHING), [row[which == place] for row in rows])
        env_steps, wall_s, *values = self._numbers(
            database, "episodes", ("env_step", "wall_s", "score", "steps", "level")
        )
        for name, column in zip(EPISODE_SERIES, values, strict=True):
            self._episodes[name] = _joined(self._episodes[name], [env_steps, wall_s, column])
        query = "SELECT rowid, env_step, wall_s, kind, text FROM events WHERE rowid > ? ORDER BY rowid"
        for rowid, *event in database.execute(query, (self._last["events"],)):
            self._last["events"] = rowid
            self._events.append(dict(zip(("env_step", "wall_s", "kind", "text"), event, strict=True)))

    def _numbers(
        self, database: sqlite3.Connection, table: str, columns: Sequence[str], parameters: Sequence[str] = ()
    ) -> NDArray[np.float64]:
        """What is new of a table, shape (columns, rows); `parameters` are for the columns.

        No row becomes an object of its own on the way, nor a text in it: that would take three times as long.
        """
        taken = ", ".join(f"coalesce({column}, 9e999)" for column in columns)
        query = f"SELECT rowid, {taken} FROM {table} WHERE rowid > ? ORDER BY rowid"
        rows = database.execute(query, (*parameters, self._last[table]))
        read = np.fromiter(itertools.chain.from_iterable(rows), np.float64).reshape(-1, 1 + len(columns)).T
        read[np.isinf(read)] = np.nan  # What is no number comes from the database as NULL.
        if read.shape[1]:
            self._last[table] = int(read[0, -1])
        return read[1:]


def _joined(series: Series, rows: Sequence[NDArray[np.float64]]) -> Series:
    """`series`, and behind it `rows`: env steps, seconds, values."""
    env_steps, wall_s, values = rows
    return Series(
        np.concatenate((series.env_steps, env_steps)),
        np.concatenate((series.wall_s, wall_s)),
        np.concatenate((series.values, values)),
    )

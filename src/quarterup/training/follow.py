"""Follows the metrics of a run from outside, while it trains or afterwards, and hands them on under their usual names.

Whoever resumes a run that was killed writes again what came after the last checkpoint. The follower notices: rows that
it has read are no longer there. It goes back to where they still are, and tells whom it serves to forget the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from quarterup.training.metrics import COLUMNS, FIRST_ROW, MetricsReader
from quarterup.training.statistics import WINDOW_EPISODES

ROWS_AT_ONCE = 10_000
MARKS = 500
"""Places that the follower can go back to. Before the first of them it begins again."""

USUAL_NAMES = {
    "loss": "train/loss",
    "learning_rate": "train/learning_rate",
    "epsilon": "rollout/exploration_rate",
    "expert_ratio": "rollout/expert_ratio",
    "speed/env_steps_per_s": "time/fps",
    "speed/updates_per_s": "time/updates_per_second",
    "speed/frames_per_s": "time/emulator_frames_per_second",
}
"""What other programs call our scalars. Any other becomes `train/NAME`, or stays if there is a `/` in it."""


@dataclass(frozen=True, slots=True)
class Point:
    """One number under its usual name."""

    name: str
    value: float
    env_step: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class Note:
    """An event."""

    kind: str
    text: str
    env_step: int
    wall_s: float


class Sink(Protocol):
    """Another program's store of metrics."""

    def points(self, points: Iterable[Point]) -> None:
        """Take in numbers; the env steps of one name rise."""
        ...

    def note(self, note: Note) -> None:
        """Take in an event."""
        ...

    def forget_from(self, env_step: int) -> None:
        """What was taken in from this env step on did not happen: it comes again."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class _Place:
    """Up to where a table was read, and what the last row was, to know it again."""

    row: int = FIRST_ROW
    content: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Mark:
    """Where the follower was at one moment."""

    places: tuple[_Place, ...] = tuple(_Place() for _ in COLUMNS)
    env_step: int = -1
    """The last one read."""
    scores: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    """Of the last episodes, for their means."""


class Follower:
    """Reads what is new in the metrics of a run, each time it is asked."""

    def __init__(self, metrics: MetricsReader, sink: Sink) -> None:
        self._metrics = metrics
        self._sink = sink
        self._mark = _Mark()
        self._earlier: deque[_Mark] = deque([self._mark], maxlen=MARKS)

    def catch_up(self) -> int:
        """Hand on all that is new. Returns how many rows that were."""
        count = 0
        while read := self._read_some():
            count += read
        return count

    def _read_some(self) -> int:
        with self._metrics.one_moment():
            if not self._holds(self._mark):
                self._go_back()
            rows = {
                table: list(islice(self._metrics.rows(table, place.row), ROWS_AT_ONCE))
                for table, place in zip(COLUMNS, self._mark.places, strict=True)
            }
        found = sum(map(len, rows.values()))
        if not found:
            return 0
        # Tables are read to the same env step, so that going back leaves none of them ahead.
        ends = [table[-1][1] for table in rows.values() if len(table) == ROWS_AT_ONCE]
        if ends:
            rows = {name: [row for row in table if row[1] <= min(ends)] for name, table in rows.items()}
        self._hand_on(rows)
        return sum(map(len, rows.values()))

    def _hand_on(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        self._sink.points(
            Point(usual_name(name), value, env_step, wall_s)
            for _, env_step, _, wall_s, name, value in rows["scalars"]
            if value is not None  # as SQLite keeps what is not a number
        )
        scores, lengths = deque(self._mark.scores, WINDOW_EPISODES), deque(self._mark.lengths, WINDOW_EPISODES)
        self._sink.points(_episode_points(rows["episodes"], scores, lengths))
        for _, env_step, _, wall_s, kind, text in rows["events"]:
            self._sink.note(Note(kind, text, env_step, wall_s))
        places = tuple(
            _Place(table[-1][0], table[-1]) if table else place
            for table, place in zip(rows.values(), self._mark.places, strict=True)
        )
        last = max((table[-1][1] for table in rows.values() if table), default=self._mark.env_step)
        self._mark = _Mark(places, max(last, self._mark.env_step), tuple(scores), tuple(lengths))
        self._earlier.append(self._mark)

    def _holds(self, mark: _Mark) -> bool:
        """Whether the last rows read are still those in the database."""
        return all(
            place.row == FIRST_ROW or next(self._metrics.rows(table, place.row - 1), None) == place.content
            for table, place in zip(COLUMNS, mark.places, strict=True)
        )

    def _go_back(self) -> None:
        while self._earlier and not self._holds(self._earlier[-1]):
            self._earlier.pop()
        self._mark = self._earlier[-1] if self._earlier else _Mark()
        self._sink.forget_from(self._mark.env_step + 1)
        if not self._earlier:
            self._earlier.append(self._mark)


def usual_name(name: str) -> str:
    """What other programs call one of our scalars."""
    return USUAL_NAMES.get(name, name if "/" in name else f"train/{name}")


def _episode_points(rows: list[tuple[Any, ...]], scores: deque[float], lengths: deque[int]) -> Iterator[Point]:
    """The means over the last 100 episodes, at the end of each; `scores` and `lengths` go on from those before."""
    for _, env_step, _, wall_s, _, score, steps, *_ in rows:
        scores.append(score)
        lengths.append(steps)
        yield Point("rollout/ep_rew_mean", sum(scores) / len(scores), env_step, wall_s)
        yield Point("rollout/ep_len_mean", sum(lengths) / len(lengths), env_step, wall_s)

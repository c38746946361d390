"""What a training shows while it runs, and where its time goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from quarterup.training.steering import Steering

RATE_WINDOW_S = 10.0
"""Speeds are means over about this long."""


class Phase(Enum):
    """What a training is doing."""

    STARTING = "starting"
    WARMING_UP = "warming up"
    LEARNING = "learning"
    EVALUATING = "evaluating"


@dataclass
class Spent:
    """Seconds by what they went into."""

    act: float = 0.0
    emulators: float = 0.0
    """Waiting for them, or doing for them what they need."""
    held: float = 0.0
    """Waiting for the learner, or being it."""
    learn: float = 0.0
    """Updates, wherever they are done. Beside the environments this time runs beside the others."""

    def since(self, earlier: Spent) -> Spent:
        return Spent(
            self.act - earlier.act,
            self.emulators - earlier.emulators,
            self.held - earlier.held,
            self.learn - earlier.learn,
        )


@dataclass(frozen=True)
class Rates:
    """Speeds over the last seconds, and shares of the time: those of the loop sum to 1, `learn` is beside them."""

    env_steps_per_s: float = 0.0
    frames_per_s: float = 0.0
    updates_per_s: float = 0.0
    act: float = 0.0
    emulators: float = 0.0
    held: float = 0.0
    learn: float = 0.0

    @property
    def other(self) -> float:
        return max(0.0, 1.0 - self.act - self.emulators - self.held)


@dataclass(frozen=True)
class Progress:
    """One look at a training."""

    phase: Phase
    env_steps: int = 0
    total_env_steps: int = 0
    frames: int = 0
    updates: int = 0
    episodes: int = 0
    wall_s: float = 0.0
    mean_score: float | None = None
    """Of the last 100 episodes."""
    best_mean_score: float | None = None
    """Of the best checkpoint."""
    best_score: float | None = None
    """Of one episode."""
    expert_ratio: float = 0.0
    replay_fill: float | None = None
    """0 to 1."""
    emulators: int = 0
    emulators_replaced: int = 0
    rates: Rates = field(default_factory=Rates)
    learns_beside: bool = False
    """The learner has a process of its own."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The agent's latest, by name."""
    saved_env_step: int | None = None
    evaluated: int = 0
    """Episodes of the evaluation at the end that are played, of `to_evaluate`."""
    to_evaluate: int = 0
    trouble: str | None = None
    """Something that the person should know of, such as a full disk."""
    steering: Steering = field(default_factory=Steering)
    """What people have chosen."""

    @property
    def seconds_left(self) -> float | None:
        """At the present speed; None while that is unknown, as it is before updates take their time."""
        speed = self.rates.env_steps_per_s
        if self.phase is Phase.WARMING_UP or speed <= 0:
            return None
        return (self.total_env_steps - self.env_steps) / speed


class Display(Protocol):
    """Shows a training to a person."""

    def update(self, progress: Progress) -> None:
        """Show the newest state. Called about twice a second; must be quick."""
        ...

    def note(self, text: str) -> None:
        """Say something once that should stay readable."""
        ...

    def pressed(self) -> list[str]:
        """The controls that the person chose since the last call, by name."""
        ...

    def close(self) -> None: ...


class Silence:
    """A display that shows nothing. Others begin with it where they differ in one thing."""

    def update(self, progress: Progress) -> None: ...

    def note(self, text: str) -> None: ...

    def pressed(self) -> list[str]:
        return []

    def close(self) -> None: ...


class Speedometer:
    """Turns counters into rates over the last `RATE_WINDOW_S`."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int, int, Spent]] = deque()

    def look(self, now: float, env_steps: int, updates: int, spent: Spent, frames_per_step: int) -> Rates:
        """The rates up to `now`, from the counters as they are."""
        self._looks.append((now, env_steps, updates, replace(spent)))
        while len(self._looks) > 2 and now - self._looks[1][0] > RATE_WINDOW_S:
            self._looks.popleft()
        then, steps_then, updates_then, spent_then = self._looks[0]
        seconds = now - then
        if seconds <= 0:
            return Rates()
        shares = spent.since(spent_then)
        steps_per_s = (env_steps - steps_then) / seconds
        return Rates(
            env_steps_per_s=steps_per_s,
            frames_per_s=steps_per_s * frames_per_step,
            updates_per_s=(updates - updates_then) / seconds,
            act=shares.act / seconds,
            emulators=shares.emulators / seconds,
            held=shares.held / seconds,
            learn=shares.learn / seconds,
        )

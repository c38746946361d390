"""Does what the controls say: the state that they change, and what each of them comes to.

Schedules that are changed here stay changed when the run is resumed, but for a pulse. All else is for a session.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quarterup.agents.schedules import schedule_json, value_at
from quarterup.training.adjustments import differences_in_words, schedules_of
from quarterup.training.controls import find_control
from quarterup.training.errors import SettingsError
from quarterup.training.requests import DoControl, Request
from quarterup.training.settings import TrainSettings

if TYPE_CHECKING:
    from quarterup.training.trainer import Trainer

PULSE_EPSILON = 0.25
PULSE_STEPS = 25_000
LEARNING_RATES = (1e-7, 1e-1)
"""A key held down goes no further."""
SLOWEST, FASTEST = 1 / 8, 32.0
"""Times the machine's own speed. The next above is full speed."""
MOST_VERBOSE = 2


@dataclass
class Steering:
    """What people have chosen."""

    paused: bool = False
    learning: bool = True
    exploring: bool = True
    speed: float | None = None
    """Times the machine's own; None is full speed."""
    verbosity: int = 0
    """1 says each game, 2 also where the training stands each second."""
    stopped: bool = False
    """The session is to end."""


class Helm:
    """Steers one training by the names of `quarterup.training.controls`."""

    def __init__(self, trainer: Trainer, begun_with: TrainSettings) -> None:
        """`begun_with`: the settings of the run, whose schedules "auto" goes back to."""
        self._trainer = trainer
        self._steering = trainer.steering
        self._begun_with = begun_with
        self._pulse_ends: int | None = None
        self._after_pulse: Any = None
        self._actions: Mapping[str, Callable[[], str]] = {
            "pause": self._pause,
            "save": self._save,
            "stop": self._stop,
            "speed": lambda: self._set_speed(1.0 if self._steering.speed is None else None),
            "slower": lambda: self._set_speed(max(SLOWEST, (self._steering.speed or 2 * FASTEST) / 2)),
            "faster": lambda: self._set_speed(_faster(self._steering.speed)),
            "learning": self._switch_learning,
            "explore": self._switch_exploring,
            "learning-rate-down": lambda: self._scale_learning_rate(0.5),
            "learning-rate-up": lambda: self._scale_learning_rate(2.0),
            "learning-rate-auto": lambda: self._automatic("learning_rate"),
            "flush": self._flush,
            "epsilon-down": lambda: self._step("epsilon", -1),
            "epsilon-auto": lambda: self._automatic("epsilon"),
            "epsilon-up": lambda: self._step("epsilon", +1),
            "pulse": self._pulse,
            "expert-down": lambda: self._step("expert_ratio", -1),
            "expert-auto": lambda: self._automatic("expert_ratio"),
            "expert-up": lambda: self._step("expert_ratio", +1),
            "expert-only": lambda: self._set_expert(1.0),
            "expert-off": lambda: self._set_expert(0.0),
            "record": self._record,
            "look": self._look,
            "replay": self._replay,
            "verbose": lambda: self._set_verbosity(+1),
            "quiet": lambda: self._set_verbosity(-1),
        }

    def take(self, request: Request) -> tuple[str, str]:
        """Do what is asked for. Returns the kind of event that it is, and what was done, in words.

        Raises SettingsError if it cannot be done, CheckpointError if there was to be a checkpoint and could not.
        """
        if isinstance(request, DoControl):
            return "control", self._actions[find_control(request.name).name]()
        before = self._trainer.settings
        self._trainer.adjust(request.changes)
        return "adjusted", differences_in_words(before, self._trainer.settings)

    def after_step(self) -> None:
        """End a pulse that is over."""
        if self._pulse_ends is not None and self._trainer.counters.env_steps >= self._pulse_ends:
            self._pulse_ends = None
            self._trainer.adjust({"epsilon": self._after_pulse}, keep=False)

    # ------------------------------------------------------------------------------------------------------------ run

    def _pause(self) -> str:
        self._steering.paused = not self._steering.paused
        return "paused" if self._steering.paused else "goes on"

    def _save(self) -> str:
        self._trainer.save()
        return f"saved at step {self._trainer.counters.env_steps:,}"

    def _stop(self) -> str:
        self._steering.stopped = True
        return "saves and ends"

    def _set_speed(self, speed: float | None) -> str:
        if self._trainer.env.seconds_per_step is None:
            raise SettingsError("This environment has no speed of its own: it always runs at full speed.")
        self._steering.speed = speed
        return speed_in_words(speed)

    # ------------------------------------------------------------------------------------------------------- learning

    def _switch_learning(self) -> str:
        self._steering.learning = not self._steering.learning
        if self._steering.learning:
            self._trainer.begin_episodes()
            return "learns again"
        self._trainer.stop_learning()
        return "plays without learning"

    def _switch_exploring(self) -> str:
        self._steering.exploring = not self._steering.exploring
        return "explores" if self._steering.exploring else "plays only by what is learned"

    def _scale_learning_rate(self, factor: float) -> str:
        low, high = LEARNING_RATES
        return self._set("learning_rate", min(high, max(low, self._value("learning_rate") * factor)))

    def _flush(self) -> str:
        self._trainer.flush()
        return "the replay is empty"

    # -------------------------------------------------------------------------------------------- exploration, expert

    def _step(self, name: str, direction: int) -> str:
        """By 0.05, and by 0.01 below 0.1."""
        self._check_expert(name)
        value = self._value(name)
        step = 0.01 if value + min(direction, 0) * 1e-9 < 0.1 else 0.05
        return self._set(name, round(min(1.0, max(0.0, value + direction * step)), 2))

    def _pulse(self) -> str:
        if self._pulse_ends is None:
            self._after_pulse = schedule_json(schedules_of(self._trainer.settings)["epsilon"])
        self._trainer.adjust({"epsilon": max(PULSE_EPSILON, self._value("epsilon"))}, keep=False)
        self._pulse_ends = self._trainer.counters.env_steps + PULSE_STEPS
        return f"epsilon {self._value('epsilon'):g} for {PULSE_STEPS:,} steps"

    def _set_expert(self, ratio: float) -> str:
        self._check_expert("expert_ratio")
        return self._set("expert_ratio", ratio)

    def _check_expert(self, name: str) -> None:
        if name == "expert_ratio" and not self._trainer.env.has_expert:
            raise SettingsError("This game has no rule-based player.")

    def _automatic(self, name: str) -> str:
        self._check_expert(name)
        return self._set(name, schedule_json(schedules_of(self._begun_with)[name]))

    def _value(self, name: str) -> float:
        return value_at(schedules_of(self._trainer.settings)[name], self._trainer.counters.env_steps)

    def _set(self, name: str, value: float | str) -> str:
        if name == "epsilon":
            self._pulse_ends = None
        self._trainer.adjust({name: value})
        return f"{name.replace('_', ' ')} {value if isinstance(value, str) else f'{value:g}'}"

    # -------------------------------------------------------------------------------------------------------- watching

    def _record(self) -> str:
        if not self._trainer.env.leaves_traces:
            raise SettingsError("Games of this environment cannot be recorded.")
        self._trainer.record_next()
        return "records the game that ends next"

    def _look(self) -> str:
        try:
            return f"what the agent sees is in {self._trainer.look()}"
        except OSError as error:
            raise SettingsError(f"What the agent sees cannot be written down: {error}.") from error

    def _replay(self) -> str:
        fill = self._trainer.progress.replay_fill
        if fill is None:
            return "this agent has no replay"
        return f"the replay is {fill:.1%} full; {self._trainer.counters.updates:,} updates were made from it"

    def _set_verbosity(self, change: int) -> str:
        self._steering.verbosity = min(MOST_VERBOSE, max(0, self._steering.verbosity + change))
        return ("says what matters", "says each game", "says each game, and more each second")[self._steering.verbosity]


class Pace:
    """Holds a loop to a speed."""

    def __init__(self, step_s: float | None) -> None:
        """`step_s`: seconds that a step takes at the machine's own speed; None where it has none."""
        self._step_s = step_s
        self._next_step_at = 0.0

    def keep(self, speed: float | None) -> None:
        """Wait until it is time for the next step at so many times the machine's own speed; None is full speed."""
        if speed is None or self._step_s is None:
            return
        now, step_s = time.perf_counter(), self._step_s / speed
        self._next_step_at = min(max(now, self._next_step_at + step_s), now + step_s)
        time.sleep(self._next_step_at - now)


def speed_in_words(speed: float | None) -> str:
    if speed is None:
        return "full speed"
    if speed == 1:
        return "the machine's own speed"
    times = f"{speed:g} times" if speed > 1 else f"1/{1 / speed:g} of"
    return f"{times} the machine's own speed"


def _faster(speed: float | None) -> float | None:
    return None if speed is None or speed >= FASTEST else speed * 2

"""Schedules: a setting as a function of the environment steps taken so far.

A schedule is a plain number, which is always the same, or one of the dataclasses here. On the command line and in
`config.json` they are written as they are made in Python, in small letters:

    3e-4
    linear(1, 0.01, 50_000)
    cosine(3e-4, 1e-5, 1_000_000, warmup=1000, restarts=2)
    pulses(0, 0.5, every=100_000, length=10_000)
    bent(1, 0.1, 0.01, 100_000, 5_000_000)
    inverse(1e-4, 4_000_000)
"""

from __future__ import annotations

import ast
import dataclasses
import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from tyro.constructors import PrimitiveConstructorSpec


@dataclass(frozen=True)
class Linear:
    """A straight line from `start` at step 0 to `end` at `steps`, and `end` from then on."""

    start: float
    end: float
    steps: int
    off_at: int | None = None
    """Env step from which on the value is 0. None: never."""

    def __post_init__(self) -> None:
        _check_numbers(self)

    def value(self, env_steps: int) -> float:
        if self.off_at is not None and env_steps >= self.off_at:
            return 0.0
        return linear(self.start, self.end, self.steps, env_steps)

    def extremes(self) -> tuple[float, ...]:
        """Values between which all others lie."""
        return (self.start, self.end) if self.off_at is None else (self.start, self.end, 0.0)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from `start` to `end`, perhaps with a warm-up before it and restarts within it.

    Loshchilov and Hutter, 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    https://arxiv.org/abs/1608.03983, equation 5.
    """

    start: float
    end: float
    steps: int
    """Env steps of all of it, warm-up included. From then on the value is `end`."""
    warmup: int = 0
    """Env steps at the beginning in which the value rises from 0 to `start` in a straight line."""
    restarts: int = 0
    """How often the value jumps back to `start` to fall again, each time for as long."""

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.warmup > self.steps:
            raise ValueError(f"cosine has a warmup of {self.warmup} and only {self.steps} steps in all.")

    def value(self, env_steps: int) -> float:
        if env_steps >= self.steps:
            return self.end
        if env_steps < self.warmup:
            return linear(0.0, self.start, self.warmup, env_steps)
        falls = (env_steps - self.warmup) * (self.restarts + 1) / (self.steps - self.warmup)
        return self.end + (self.start - self.end) * (1.0 + math.cos(math.pi * (falls % 1.0))) / 2.0

    def extremes(self) -> tuple[float, ...]:
        """Values between which all others lie."""
        return (self.start, self.end, 0.0) if self.warmup else (self.start, self.end)


@dataclass(frozen=True)
class Pulses:
    """`high` in the first `length` of every `every` env steps, `low` in the others."""

    low: float
    high: float
    every: int
    length: int

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.length > self.every or not self.every:
            raise ValueError(f"pulses of a length of {self.length} cannot begin every {self.every} steps.")

    def value(self, env_steps: int) -> float:
        return self.high if env_steps % self.every < self.length else self.low

    def extremes(self) -> tuple[float, ...]:
        """Values between which all others lie."""
        return (self.low, self.high)


@dataclass(frozen=True)
class Bent:
    """Two straight lines: from `start` at step 0 to `middle` at `middle_at`, on to `end` at `steps`, then `end`."""

    start: float
    middle: float
    end: float
    middle_at: int
    steps: int

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.middle_at > self.steps:
            raise ValueError(f"bent has its middle at {self.middle_at}, behind its end at {self.steps}.")

    def value(self, env_steps: int) -> float:
        if env_steps < self.middle_at:
            return linear(self.start, self.middle, self.middle_at, env_steps)
        return linear(self.middle, self.end, self.steps - self.middle_at, env_steps - self.middle_at)

    def extremes(self) -> tuple[float, ...]:
        """Values between which all others lie."""
        return (self.start, self.middle, self.end)


@dataclass(frozen=True)
class Inverse:
    """`start` at step 0, half of it at `halved_at`, a third at twice as many steps, and so on: never quite 0."""

    start: float
    halved_at: int

    def __post_init__(self) -> None:
        _check_numbers(self)
        if not self.halved_at:
            raise ValueError("inverse is half of its start at step 1 or later, not at step 0.")

    def value(self, env_steps: int) -> float:
        return self.start / (1.0 + env_steps / self.halved_at)

    def extremes(self) -> tuple[float, ...]:
        """Values between which all others lie."""
        return (self.start, 0.0)


Changing: TypeAlias = Linear | Cosine | Pulses | Bent | Inverse
"""A schedule that is not always the same number."""
KINDS: dict[str, type[Changing]] = {kind.__name__.lower(): kind for kind in (Linear, Cosine, Pulses, Bent, Inverse)}
"""The schedules by the name that their text begins with."""


def linear(start: float, end: float, duration: int, env_steps: int) -> float:
    """`start` at step 0, `end` from step `duration` on, a straight line between. With a duration of 0 always
    `end`."""
    if env_steps >= duration:
        return end
    return start + (end - start) * env_steps / duration


def value_at(schedule: Schedule, env_steps: int) -> float:
    """The value that `schedule` has after so many env steps."""
    return float(schedule) if isinstance(schedule, int | float) else schedule.value(env_steps)


def lowest(schedule: Schedule) -> float:
    """The smallest value that `schedule` ever has."""
    return float(schedule) if isinstance(schedule, int | float) else min(schedule.extremes())


def highest(schedule: Schedule) -> float:
    """The largest value that `schedule` ever has."""
    return float(schedule) if isinstance(schedule, int | float) else max(schedule.extremes())


def check_range(name: str, schedule: Schedule, low: float, high: float = math.inf) -> None:
    """Raise ValueError, saying `name`, if `schedule` ever leaves the range from `low` to `high`."""
    if not (low <= lowest(schedule) and highest(schedule) <= high):
        expected = f"from {low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
        raise ValueError(f"{name} must be {expected}, not {schedule_text(schedule)}.")


def parse_schedule(text: str) -> Schedule:
    """The schedule that `text` describes. Raises ValueError, saying what was expected, if it describes none."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body  # Python's grammar; nothing of it is ever executed.
        if not isinstance(tree, ast.Call):
            return _number(tree)
        kind = KINDS[tree.func.id if isinstance(tree.func, ast.Name) else ""]
        positional = [_number(argument) for argument in tree.args]
        named = {keyword.arg or "": _number(keyword.value) for keyword in tree.keywords}
    except (SyntaxError, ValueError, KeyError, OverflowError, RecursionError, MemoryError):
        known = ", ".join(map(_signature, KINDS.values()))
        raise ValueError(f"{text!r} is no schedule. Give a number, or one of: {known}.") from None
    try:
        return kind(*positional, **named)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{text!r} does not have the numbers expected: {_signature(kind)}.") from None


def schedule_text(schedule: Schedule) -> str:
    """What `parse_schedule` reads as `schedule` again, every bit of it."""
    if isinstance(schedule, int | float):
        return _number_text(schedule)
    parts = []
    for field in dataclasses.fields(schedule):
        value = getattr(schedule, field.name)
        if field.default is dataclasses.MISSING:
            parts.append(_number_text(value))
        elif value != field.default:
            parts.append(f"{field.name}={_number_text(value)}")
    return f"{type(schedule).__name__.lower()}({', '.join(parts)})"


def schedule_json(schedule: Schedule) -> float | str:
    """As `config.json` keeps it: a number, or the text."""
    return schedule if isinstance(schedule, int | float) else schedule_text(schedule)


def schedule_from_json(value: Any) -> Schedule:
    """What `schedule_json` gave. Raises ValueError if it is neither a number nor such a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no schedule.")
    return parse_schedule(value if isinstance(value, str) else _number_text(value))


Schedule: TypeAlias = Annotated[
    float | Changing,
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="NUMBER|SCHEDULE",
        instance_from_str=lambda words: parse_schedule(words[0]),
        is_instance=lambda value: isinstance(value, int | float | Changing),
        str_from_instance=lambda schedule: [schedule_text(schedule)],
    ),
]
"""The type of a setting that may change with the env steps. The annotation lets flags take its text."""


def _number(node: ast.expr) -> float:
    """The number that `node` is, perhaps with a sign; whole ones as int. Raises ValueError if it is none."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        node = node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{ast.dump(node)} is not a number")
    number = sign * value
    return int(number) if number == int(number) else number


def _number_text(number: float) -> str:
    return f"{int(number):_}" if number == int(number) and abs(number) < 1e15 else repr(number)


def _signature(kind: type[Any]) -> str:
    parts = [
        field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default}"
        for field in dataclasses.fields(kind)
    ]
    return f"{kind.__name__.lower()}({', '.join(parts)})"


def _check_numbers(schedule: Any) -> None:
    """Raise ValueError unless all numbers are finite and numbers of steps are whole and not negative."""
    for field in dataclasses.fields(schedule):
        value = getattr(schedule, field.name)
        name = f"{type(schedule).__name__.lower()}: {field.name}"
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, not {value}.")
        if "int" in str(field.type) and value is not None and (value < 0 or value != int(value)):
            raise ValueError(f"{name} must be a whole number and not negative, got {value}.")

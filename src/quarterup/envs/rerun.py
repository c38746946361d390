"""A game that somebody played, played again by its trace under other rules, as an agent would have seen it.

The machine is sent exactly what it was sent then. What changes is the look of it: another kind of observation, steps of
more frames, episodes that end with a lost life. A step in which several actions were held counts as the one that was
held longest; of two held equally long, as the one that holds more, then as the later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from quarterup.envs.cabinet import Cabinet
from quarterup.envs.trace import IDLE, Trace, digest
from quarterup.games.game import Action

Holds = list[tuple[int, int]]
"""Actions, or IDLE, each with its frames."""
MAX_NOOPS = 10_000
"""Idle frames at a game's start beyond these were not played by anyone."""


class RerunError(Exception):
    """A trace is of another game or machine, has other steps, or did not come out as it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step, as `agents.agent.Transitions` has them, next-step autoreset included."""

    observation: NDArray[Any]
    action: int
    reward: float
    terminated: bool
    truncated: bool
    valid: bool
    """False: the observation is an episode's last, and nothing was chosen after it."""


def check_trace(trace: Trace, game: str, num_actions: int, frame_skip: int) -> None:
    """Raise RerunError if a trace cannot be played again in `game` in steps of `frame_skip`."""
    if trace.game != game:
        raise RerunError(f"it is a game of {trace.game}, not of {game}.")
    if not 0 < trace.frame_skip <= frame_skip or frame_skip % trace.frame_skip:
        raise RerunError(
            f"its actions were chosen every {trace.frame_skip} frames, which cannot become steps of {frame_skip}."
            f" Choose a --frame-skip that {trace.frame_skip} divides."
        )
    actions = trace.holds & IDLE
    if not len(actions) or actions[actions != IDLE].max(initial=0) >= num_actions or not (trace.holds >> 16).all():
        raise RerunError("it holds what this game does not have.")
    if not 0 <= trace.noops <= MAX_NOOPS:
        raise RerunError(f"it begins with {trace.noops} idle frames.")


def rerun(cabinet: Cabinet, trace: Trace) -> Iterator[Row]:
    """Play `trace` again in a cabinet that has been powered on. Observations are copies.

    Raises RerunError if the trace does not belong here, or at its end if the machine's memory is not what it was.
    """
    actions, frame_skip = cabinet.game.actions, cabinet.settings.frame_skip
    check_trace(trace, cabinet.game.id, len(actions), frame_skip)
    cabinet.reset(noops=trace.noops)
    steps = steps_of(trace, frame_skip)
    last = max((number for number, holds in enumerate(steps) if not _is_idle(holds)), default=0)
    over = lost = False
    for number, holds in enumerate(steps):
        if not number and _is_idle(holds):
            continue  # That was part of the reset.
        if over and not lost:
            cabinet.begin_episode_here()
        observation = cabinet.observation.copy()
        cabinet.send_holds(holds)
        result = cabinet.receive()
        if lost or _is_idle(holds):
            continue
        is_last, no_lives = number == last, cabinet.episode.lives == 0
        over = result.terminated or (is_last and no_lives)
        lost = over and no_lives  # What follows the last life is the machine's own affair.
        yield Row(observation, label(holds, actions), result.reward, over, is_last and not over, valid=True)
        if over or is_last:
            yield Row(cabinet.observation.copy(), 0, 0.0, terminated=False, truncated=False, valid=False)
    if digest(cabinet.memory) != trace.memory_sha256:
        raise RerunError(f"it did not come out as it was when it was played, in {trace.emulator}.")


def steps_of(trace: Trace, frame_skip: int) -> list[Holds]:
    """What was held, cut into steps of `frame_skip` frames. Idle frames are steps of their own; the last before them,
    and the last of all, may be shorter."""
    steps: list[Holds] = []
    room = 0
    for action, frames in trace.each_hold():
        if action == IDLE:
            steps.append([(IDLE, frames)])
            room = 0
            continue
        while frames:
            if not room:
                steps.append([])
                room = frame_skip
            taken = min(frames, room)
            _append(steps[-1], action, taken)
            frames -= taken
            room -= taken
    return steps


def _is_idle(holds: Holds) -> bool:
    """Whether nobody chose anything for these frames."""
    return holds[0][0] == IDLE


def _append(holds: Holds, action: int, frames: int) -> None:
    if holds and holds[-1][0] == action:
        frames += holds.pop()[1]
    holds.append((action, frames))


def label(holds: Holds, actions: Sequence[Action]) -> int:
    """The one action that a step counts as."""
    frames: dict[int, int] = {}
    for action, count in holds:
        frames[action] = frames.pop(action, 0) + count
    latest = {action: place for place, action in enumerate(frames)}
    return max(frames, key=lambda action: (frames[action], len(actions[action].inputs), latest[action]))

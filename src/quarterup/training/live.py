"""The trainer's side of the live file: shows progress always, and games while somebody looks on.

A game is shown in two halves, both in between steps. First an emulator is told to draw; a step later the picture is
there, the agent has chosen what to do next, and both are written together with what the agent expects of each action.
Nobody looking, a step costs a look at the clock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.agent import Actor
from quarterup.agents.schedules import schedule_text, value_at
from quarterup.emulators.emulator import EmulatorError
from quarterup.envs.vector_env import Look
from quarterup.training.adjustments import schedules_of
from quarterup.training.environment import TrainingEnv
from quarterup.training.live_file import SLOT, LiveFile
from quarterup.training.progress import Progress
from quarterup.training.settings import TrainSettings

LOOK_FOR_WISHES_EVERY_S = 0.1
MIND_EVERY_S = 0.23
"""So often at most what an agent sees and expects is written beside its pictures: nobody reads numbers any faster."""
DIGITS = 4
"""Behind the point, in what is shown."""
NUMBERS_BYTES = 1 << 17
"""Room for the numbers beside a picture."""


class Live:
    """What one session shows. Without a live file, as on a full disk, it shows nothing."""

    def __init__(self, run: Path, env: TrainingEnv, actor: Actor) -> None:
        self._env = env
        self._actor = actor
        self._next_look = 0.0
        self._pending: int | None = None
        """The environment that was told to draw."""
        self._envs = itertools.cycle((0,))
        self._wanted: tuple[int, ...] = ()
        self._next_mind: dict[int, float] = {}
        space = env.vector.single_observation_space
        picture_bytes = self._picture_bytes()
        view_bytes = math.prod(space.shape or ()) if space.dtype == np.uint8 else 0
        self._file: LiveFile | None = None
        with contextlib.suppress(OSError):
            self._file = LiveFile.create(run, env.num_envs, SLOT.size + NUMBERS_BYTES + picture_bytes + view_bytes)
            self._file.write_about(_json(about(env)))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def show(self, progress: Progress, settings: TrainSettings) -> None:
        """Leave the newest numbers of the training."""
        if self._file is None:
            return
        schedules = {
            name: {"text": schedule_text(schedule), "now": value_at(schedule, progress.env_steps)}
            for name, schedule in schedules_of(settings).items()
        }
        values = {**dataclasses.asdict(progress), "seconds_left": progress.seconds_left, "schedules": schedules}
        self._file.write_progress(_json({**values, "time": time.time()}))

    def decided(
        self, observations: NDArray[Any], actions: NDArray[np.int64], expert: NDArray[np.bool_], env_steps: int
    ) -> None:
        """In between steps: the agent has chosen `actions` after `observations`, both of shape (N, ...)."""
        if self._file is None:
            return
        if self._pending is not None:
            index, self._pending = self._pending, None
            with contextlib.suppress(EmulatorError):  # The next step sees to an emulator that is gone.
                look = self._env.look(index) if self._env.can_be_watched else None
                action = {"action": int(actions[index]), "expert": bool(expert[index])}
                self._write(index, look, observations[index], {**action, "env_step": env_steps})
        now = time.monotonic()
        if now < self._next_look:
            return
        wish = self._file.wish()
        if wish is None:
            self._next_look = now + LOOK_FOR_WISHES_EVERY_S
            return
        self._next_look = max(now, self._next_look + 1 / wish.rate)
        if wish.envs != self._wanted:
            self._wanted, self._envs = wish.envs, itertools.cycle(wish.envs)
        self._pending = next(self._envs)
        if self._env.can_be_watched:
            with contextlib.suppress(EmulatorError):
                self._env.prepare_look(self._pending)

    def _write(self, index: int, look: Look | None, observation: NDArray[Any], values: dict[str, Any]) -> None:
        beliefs = self._actor.beliefs(observation)
        values |= {"env": index, "best": int(beliefs.values.argmax()), "time": time.time()}
        picture = view = b""
        if look is not None:
            values |= {"frame": look.frame, **dataclasses.asdict(look.episode), "picture": look.picture.shape}
            picture = look.picture.tobytes()
        now = time.monotonic()
        if now >= self._next_mind.get(index, 0.0):
            self._next_mind[index] = now + MIND_EVERY_S
            believed = {name: None if of is None else of.astype(np.float64) for name, of in vars(beliefs).items()}
            mind: dict[str, Any] = {"beliefs": believed}
            values["mind"] = mind
            if observation.ndim == 1:
                mind["observation"] = observation.astype(np.float64)
            elif observation.dtype == np.uint8:
                mind["view"], view = observation.shape, observation.tobytes()
        numbers = _json(values)
        if self._file is not None:
            self._file.write_env(index, len(numbers).to_bytes(4, "little"), numbers, picture, view)

    def _picture_bytes(self) -> int:
        """Of the native picture, which is known once an emulator runs; 0 where there is none."""
        with contextlib.suppress(EmulatorError):
            return self._env.look(0).picture.nbytes if self._env.can_be_watched else 0
        return 0


def about(env: TrainingEnv) -> dict[str, Any]:
    """What does not change in a session: names of actions, buttons and features."""
    facts = env.facts
    values: dict[str, Any] = {
        "num_envs": env.num_envs,
        "frames_per_step": env.frames_per_step,
        "actions": [{"name": str(index), "inputs": ()} for index in range(env.num_actions)],
        "features": [],
        "machine": dataclasses.asdict(facts) if facts else {},
    }
    game = getattr(env.vector, "game", None)
    if game is not None:
        values["title"] = game.title
        values["actions"] = [dataclasses.asdict(action) for action in game.actions]
        if env.vector.single_observation_space.shape == (len(game.features),):
            values["features"] = [dataclasses.asdict(feature) for feature in game.features]
    return values


def _json(values: Any) -> bytes:
    return json.dumps(_plain(values), separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """As JSON has it: a number that is not finite is null."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and np.isfinite(value).all():
            return np.round(value, DIGITS).tolist()
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value

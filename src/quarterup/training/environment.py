"""The environments of a training: any Gymnasium vector environment, with what the arcade's have beyond that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from quarterup.emulators.emulator import MachineFacts
from quarterup.envs.rerun import Row
from quarterup.envs.trace import Trace
from quarterup.envs.vector_env import Look
from quarterup.mirror import Mirror
from quarterup.training.errors import SettingsError
from quarterup.training.policies import has_expert, num_actions
from quarterup.training.settings import TrainSettings

Step = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class TrainingEnv:
    """N environments whose step has two halves, so that the learner can work while the emulators do.

    A vector environment without halves does all its work in the second one.
    """

    def __init__(self, vector: VectorEnv[Any, Any, Any], frames_per_step: int) -> None:
        """Raises ValueError if `vector` does not reset by Gymnasium's next-step mode."""
        mode = vector.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.NEXT_STEP:
            raise ValueError(f"Training needs an environment with next-step autoreset, this one has {mode}.")
        self.vector = vector
        self.num_envs = int(vector.num_envs)
        self.num_actions = num_actions(vector)
        self.frames_per_step = frames_per_step
        self.has_expert = has_expert(vector)
        self.facts: MachineFacts | None = getattr(vector, "facts", None)
        self.seconds_per_step = frames_per_step / self.facts.refresh_hz if self.facts else None
        """Of a step on the machine itself; None where there is no machine."""
        self.feature_names: tuple[str, ...] = getattr(vector, "feature_names", ())
        """Of vector observations, if they have names."""
        self.mirror: Mirror | None = getattr(vector, "mirror", None)
        """Of its observations, if they have one."""
        self.leaves_traces = hasattr(vector, "trace")
        """Games can be seen again."""
        self._has_halves = hasattr(vector, "send") and hasattr(vector, "receive")
        self._actions: NDArray[np.int64] | None = None

    def reset(self, seed: int) -> NDArray[Any]:
        """Begin all episodes anew. Shape (N, *observation_shape)."""
        observations, _ = self.vector.reset(seed=seed)
        return np.asarray(observations)

    def send(self, actions: NDArray[np.int64]) -> None:
        """Begin a step."""
        if self._has_halves:
            self.vector.send(actions)  # type: ignore[attr-defined]
        else:
            self._actions = actions

    def receive(self) -> Step:
        """Finish the step. The arrays are the caller's own."""
        step: Step = self.vector.receive() if self._has_halves else self.vector.step(self._actions)  # type: ignore
        return step

    def expert_actions(self) -> NDArray[np.int64]:
        """What the game's rule-based player would do now, shape (N,)."""
        actions: NDArray[np.int64] = self.vector.expert_actions()  # type: ignore[attr-defined]
        return actions

    def trace(self, index: int) -> Trace | None:
        """Of the game that has just ended in environment `index`; None where games leave none."""
        return self.vector.trace(index) if self.leaves_traces else None  # type: ignore[attr-defined]

    def rerun(self, trace: Trace) -> Iterator[Row]:
        """Before the first reset: a game played again, as an agent would have seen it. Raises RerunError."""
        rows: Iterator[Row] = self.vector.rerun(trace)  # type: ignore[attr-defined]
        return rows

    @property
    def can_be_watched(self) -> bool:
        """Whether `prepare_look` and `look` work."""
        return hasattr(self.vector, "look")

    def prepare_look(self, index: int) -> None:
        """In between two steps: have what environment `index` shows drawn from the next step on."""
        self.vector.prepare_look(index)  # type: ignore[attr-defined]

    def look(self, index: int) -> Look:
        """In between two steps: what environment `index` shows now."""
        look: Look = self.vector.look(index)  # type: ignore[attr-defined]
        return look

    def close(self) -> None:
        self.vector.close()


def make_arcade_env(settings: TrainSettings) -> TrainingEnv:
    """The emulators that `settings` ask for, started. Raises SettingsError and the emulator's own errors."""
    from quarterup.envs import make_vector_env

    env = settings.env
    try:
        vector = make_vector_env(settings.game, settings.envs, **vars(env))
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return TrainingEnv(vector, env.frame_skip)

"""When the updates are done that the env steps have earned: here, in between them, or beside them in another process.

Either way the replay ratio holds: so many updates for each env step, none skipped and none done early. An agent without
a replay has no such ratio: it makes updates for as long as it is ready.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.agent import Actor, Agent, AgentState, Transitions
from quarterup.training.settings import TrainSettings


@dataclass(frozen=True)
class Snapshot:
    """Where the learning stands, all of one moment."""

    agent: AgentState
    updates: int
    due: float


class Learner(Protocol):
    """Takes in what happened, turns it into updates, and gives the trainer an actor that plays by them."""

    beside: ClassVar[bool]
    """Updates are done while other things go on."""
    actor: Actor
    updates: int
    """Done so far, over the whole run."""
    due: float
    """Earned and not done yet."""
    learning_s: float
    """Seconds spent on updates."""
    held_s: float
    """Seconds that env steps were held up by updates."""

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """Actions by the newest weights there are; shape (N, *observation_shape) -> (N,)."""
        ...

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step."""
        ...

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        """Take in what somebody else did: see `Agent.demonstrate`."""
        ...

    def earn(self, env_steps: int) -> None:
        """`env_steps` decisions were made, and are being carried out: time to learn.

        Raises what went wrong in an update: FloatingPointError for bad numbers.
        """
        ...

    def ready(self) -> bool:
        """Whether enough has been observed for an update."""
        ...

    def fill(self) -> float | None:
        """How full the agent's replay is, 0 to 1, if it has one."""
        ...

    def take_metrics(self) -> dict[str, float]:
        """The agent's metrics since the last call."""
        ...

    def snapshot(self) -> Snapshot:
        """The state after all that was observed."""
        ...

    def load(self, snapshot: Snapshot) -> None:
        """Go on from there. Raises ValueError if it belongs to another network."""
        ...

    def adjust(self, settings: TrainSettings) -> None:
        """Go on with other schedules."""
        ...

    def forget(self) -> None:
        """Forget what was observed, not what was learned from it. What comes next begins new episodes."""
        ...

    def finish(self) -> None:
        """Do what is due."""
        ...

    def stop(self) -> None:
        """End. What is due stays due. Safe to call twice; nothing else may be called after it, but the actor plays."""
        ...


class LearnerBetween:
    """Updates in between env steps, in this thread: the same run every time."""

    beside: ClassVar[bool] = False

    def __init__(self, agent: Agent, replay_ratio: float) -> None:
        self.actor = agent.actor
        self.updates = 0
        self.due = self.learning_s = self.held_s = 0.0
        self._agent = agent
        self._replay_ratio = replay_ratio
        self._metrics: dict[str, float] = {}

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        return self.actor.act(observations, explore=explore)

    def observe(self, transitions: Transitions) -> None:
        self._agent.observe(transitions)

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        self._agent.demonstrate(steps, stream)

    def earn(self, env_steps: int) -> None:
        if not self._agent.ready():
            return
        began = time.perf_counter()
        if self._agent.replays:
            self.due += self._replay_ratio * env_steps
            while self.due >= 1:
                self._update()
                self.due -= 1
        else:
            while self._agent.ready():
                self._update()
        took = time.perf_counter() - began
        self.learning_s += took
        self.held_s += took

    def _update(self) -> None:
        self._metrics.update(self._agent.learn())
        self.updates += 1

    def ready(self) -> bool:
        return self._agent.ready()

    def fill(self) -> float | None:
        return self._agent.fill()

    def take_metrics(self) -> dict[str, float]:
        metrics, self._metrics = self._metrics, {}
        return metrics

    def snapshot(self) -> Snapshot:
        return Snapshot(self._agent.state(), self.updates, self.due)

    def load(self, snapshot: Snapshot) -> None:
        self._agent.load(snapshot.agent)
        self.updates, self.due = snapshot.updates, snapshot.due

    def adjust(self, settings: TrainSettings) -> None:
        self._agent.adjust(settings.agent_settings)

    def forget(self) -> None:
        self._agent.forget()

    def finish(self) -> None:
        """Nothing whole is ever due."""

    def stop(self) -> None:
        """There is nothing to end."""

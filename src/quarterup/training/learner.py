"""When the updates are done that the env steps have earned: in between them, or beside them in a thread.

Either way the replay ratio holds: so many updates for each env step, none skipped and none done early. An agent without
a replay has no such ratio: it makes updates for as long as it is ready.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from quarterup.agents.agent import Agent

MAX_UPDATES_BEHIND = 32
"""The thread may be this many updates behind before the environments wait for it."""


class Learner(Protocol):
    """Turns env steps into updates."""

    updates: int
    """Done so far, over the whole run."""
    due: float
    """Earned and not done yet."""
    learning_s: float
    """Seconds spent on updates."""
    held_s: float
    """Seconds that env steps were held up by updates."""

    def earn(self, env_steps: int) -> None:
        """`env_steps` decisions were made. Raises what went wrong in an update: FloatingPointError for bad numbers."""
        ...

    def take_metrics(self) -> dict[str, float]:
        """The agent's metrics since the last call."""
        ...

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Within it no update is done, so that the agent's state is of one moment."""
        ...

    def finish(self) -> None:
        """Do what is due, then end."""
        ...

    def stop(self) -> None:
        """End now. What is due stays due."""
        ...


class LearnerBetween:
    """Updates in between env steps, in the caller's thread: the same run every time."""

    def __init__(self, agent: Agent, replay_ratio: float, updates: int, due: float) -> None:
        self.updates = updates
        self.due = due
        self.learning_s = self.held_s = 0.0
        self._agent = agent
        self._replay_ratio = replay_ratio
        self._metrics: dict[str, float] = {}

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

    def take_metrics(self) -> dict[str, float]:
        metrics, self._metrics = self._metrics, {}
        return metrics

    def paused(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def finish(self) -> None:
        """Nothing whole is ever due."""

    def stop(self) -> None:
        """There is nothing to end."""


class LearnerBeside:
    """Updates in a thread, while environments run. Torch leaves the interpreter to others while it computes.

    Updates see the transitions up to some recent step, so no two runs are quite the same.
    """

    def __init__(self, agent: Agent, replay_ratio: float, updates: int, due: float) -> None:
        self.updates = updates
        self.due = due
        self.learning_s = self.held_s = 0.0
        self._agent = agent
        self._replay_ratio = replay_ratio
        self._metrics: dict[str, float] = {}
        self._changed = threading.Condition()
        """Guards all that follows, and `updates`, `due` and `_metrics`."""
        self._is_learning = False
        self._pauses = 0
        self._ending = False
        self._problem: BaseException | None = None
        agent.act_apart()
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)
        self._thread.start()

    def earn(self, env_steps: int) -> None:
        ready = self._agent.ready()
        with self._changed:
            if ready:
                self.due += self._replay_ratio * env_steps
                self._changed.notify_all()
            if self.due > MAX_UPDATES_BEHIND:
                began = time.perf_counter()
                self._changed.wait_for(lambda: self.due <= MAX_UPDATES_BEHIND or self._problem)
                self.held_s += time.perf_counter() - began
            self._raise_problem()

    def take_metrics(self) -> dict[str, float]:
        with self._changed:
            metrics, self._metrics = self._metrics, {}
        return metrics

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        with self._changed:
            self._pauses += 1
            self._changed.wait_for(lambda: not self._is_learning)
        try:
            yield
        finally:
            with self._changed:
                self._pauses -= 1
                self._changed.notify_all()

    def finish(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.due < 1 or self._problem)
            self._raise_problem()
        self.stop()

    def stop(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _raise_problem(self) -> None:
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        while self._begin_update():
            began = time.perf_counter()
            metrics, problem = {}, None
            try:
                metrics = dict(self._agent.learn())
            except Exception as error:
                problem = error
            with self._changed:
                self.learning_s += time.perf_counter() - began
                self._is_learning = False
                self._problem = problem
                if problem is None:
                    self._metrics.update(metrics)
                    self.updates += 1
                    self.due -= 1
                self._changed.notify_all()
            if problem is not None:
                return

    def _begin_update(self) -> bool:
        """Wait for an update to do. False: there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending or (self.due >= 1 and not self._pauses))
            self._is_learning = not self._ending
            return self._is_learning

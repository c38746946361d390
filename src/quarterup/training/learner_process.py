"""The trainer's side of a learner in a process of its own: see `learner_worker` for the other one.

Python lets one thread of a process run at a time, so a learner in a thread makes its emulators wait. Here transitions
go one way through shared memory, weights the other, and both sides keep a processor busy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, ClassVar, NoReturn, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from quarterup.agents.agent import Actor, Transitions
from quarterup.agents.replay.storage import ReplayDirectoryError, ReplayTooLargeError
from quarterup.emulators.child import last_lines, tail_of
from quarterup.mirror import Mirror
from quarterup.training.errors import RunFolderError, TrainingError
from quarterup.training.learner import Snapshot
from quarterup.training.messages import (
    Message,
    demonstration_message,
    read_message,
    snapshot_message,
    snapshot_of,
    write_message,
)
from quarterup.training.settings import TrainSettings, to_json
from quarterup.training.shared_arrays import Layout, SharedArrays, num_weight_bytes

QUEUE_STEPS = 64
"""Vector steps that may be on their way to the learner before the environments wait for it."""
LOOK_AGAIN_S = 0.0005
"""While the queue is full: seconds between two looks."""
PATIENCE_S = 10.0
"""How long the process may take to end by itself."""
RAISED_AS: Mapping[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (FloatingPointError, ReplayDirectoryError, ReplayTooLargeError, RunFolderError, ValueError)
}
"""What went wrong in the process is raised here as what it was there; all else as `LearnerDied`."""


class LearnerDied(TrainingError):
    """The learner process ended, or failed in a way that nobody foresaw. What it had learned since is lost."""


@dataclass(frozen=True)
class LearnerFacts:
    """What the process must know."""

    settings: TrainSettings
    observation_space: gym.spaces.Box
    """Of one environment."""
    num_actions: int
    num_envs: int
    replay: Path
    """Folder of the replay."""
    device: str
    threads: int
    """For torch."""
    processors: list[int] | None
    """Those that it keeps to, or None for all."""
    mirror: Mirror | None = None
    """Of the observations, if they have one."""


class LearnerBeside:
    """Updates in another process, while environments run. Implements `quarterup.training.learner.Learner`.

    Updates see the transitions up to some recent step, and actions come from the weights of some recent update, so no
    two runs are quite the same.
    """

    beside: ClassVar[bool] = True

    def __init__(self, facts: LearnerFacts, actor: Actor) -> None:
        """Start the process. `actor` is to play by what it learns.

        Raises the replay's errors, and LearnerDied if the process fails in another way.
        """
        self.actor = actor
        self.due = self.held_s = self.learning_s = 0.0
        self.updates = 0
        space = facts.observation_space
        weights = actor.weights()
        layout = Layout(facts.num_envs, space.shape, np.dtype(space.dtype).str, QUEUE_STEPS, num_weight_bytes(weights))
        self._shared = SharedArrays.create(layout)
        self._log = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "quarterup.training.learner_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=os.name == "posix",  # Ctrl-C is for the trainer, which then ends the process.
        )
        self._end = weakref.finalize(self, _end, self._process, self._shared)
        self._replies: SimpleQueue[Message | None] = SimpleQueue()
        self._metrics: deque[Message] = deque()
        self._problem: Message | None = None
        self._ended = False
        self._weights = weights
        self._version = 0
        threading.Thread(target=self._listen, name="learner messages", daemon=True).start()
        try:
            self._ask("begin", _begin_values(facts, layout, self._shared.path))
            self._shared.forget_name()
            self._look()
        except BaseException:
            self.stop()
            raise

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        self._version = self._shared.take_up(self._weights, self._version)
        return self.actor.act(observations, explore=explore)

    def observe(self, transitions: Transitions) -> None:
        """Hand over one vector step. Waits while there is no room for it, and counts that as held up."""
        queue = self._shared.queue
        if queue.is_full:
            began = time.perf_counter()
            while queue.is_full:
                self._raise_problem()
                time.sleep(LOOK_AGAIN_S)
            self.held_s += time.perf_counter() - began
        queue.put(transitions)
        self.actor.env_steps += int(np.count_nonzero(transitions.valid))

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        self._tell(demonstration_message(steps, stream))
        self._reply()

    def earn(self, env_steps: int) -> None:
        """The process counts what is earned by itself; here only its counters are read."""
        self._raise_problem()
        self._look()

    def ready(self) -> bool:
        return bool(self._shared.board["ready"][0])

    def fill(self) -> float | None:
        fill = float(self._shared.board["fill"][0])
        return fill if fill >= 0 else None

    def take_metrics(self) -> dict[str, float]:
        metrics: dict[str, float] = {}
        while self._metrics:
            metrics.update(self._metrics.popleft().values)
        return metrics

    def snapshot(self) -> Snapshot:
        return snapshot_of(self._ask("snapshot", {"steps": self._written()}))

    def load(self, snapshot: Snapshot) -> None:
        self._tell(snapshot_message("load", snapshot))
        self._reply()
        self.actor.load(snapshot.agent)
        self._look()

    def adjust(self, settings: TrainSettings) -> None:
        self._ask("adjust", {"settings": to_json(settings)})
        self.actor.adjust(settings.agent_settings)

    def forget(self) -> None:
        self._ask("forget", {"steps": self._written()})

    def finish(self) -> None:
        self._ask("finish", {"steps": self._written()})
        self._version = self._shared.take_up(self._weights, self._version)
        self._look()

    def stop(self) -> None:
        self._end()
        self._log.close()

    def _written(self) -> int:
        return int(self._shared.board["written"][0])

    def _look(self) -> None:
        board = self._shared.board[0]
        self.updates, self.due, self.learning_s = int(board["updates"]), float(board["due"]), float(board["learning_s"])

    def _ask(self, name: str, values: Mapping[str, Any]) -> Message:
        self._tell(Message(name, values))
        return self._reply()

    def _tell(self, message: Message) -> None:
        assert self._process.stdin is not None
        try:
            write_message(cast(BinaryIO, self._process.stdin), message)
        except (OSError, ValueError):
            self._raise_death()

    def _reply(self) -> Message:
        reply = self._replies.get()
        if reply is None:
            self._raise_death()
        if reply.name == "problem":
            self._raise(reply)
        return reply

    def _raise_problem(self) -> None:
        if self._problem is not None:
            self._raise(self._problem)
        if self._ended:
            self._raise_death()

    def _raise(self, problem: Message) -> NoReturn:
        kind, text = problem.values["kind"], problem.values["text"]
        if kind in RAISED_AS:
            raise RAISED_AS[kind](text)
        raise LearnerDied(f"The learner failed: {kind}: {text}\n{problem.values['trace']}")

    def _raise_death(self) -> NoReturn:
        status = self._process.wait()
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        raise LearnerDied(
            f"The learner process {how}; out of memory, perhaps. The run can go on from its last checkpoint: add"
            f" --resume. The last the process printed:\n{last_lines(tail_of(self._log))}"
        )

    def _listen(self) -> None:
        """In a thread: sort what comes."""
        stream = cast(BinaryIO, self._process.stdout)
        with contextlib.suppress(OSError, ValueError):
            while (message := read_message(stream)) is not None:
                if message.name == "metrics":
                    self._metrics.append(message)
                elif message.values.get("unasked"):
                    self._problem = message
                else:
                    self._replies.put(message)
        self._ended = True
        self._replies.put(None)


def _begin_values(facts: LearnerFacts, layout: Layout, shared: Path) -> dict[str, Any]:
    return {
        "trainer": os.getpid(),
        "settings": to_json(facts.settings),
        "observation_shape": facts.observation_space.shape,
        "observation_dtype": layout.observation_dtype,
        "num_actions": facts.num_actions,
        "num_envs": facts.num_envs,
        "replay": str(facts.replay),
        "device": facts.device,
        "threads": facts.threads,
        "processors": facts.processors,
        "mirror": dataclasses.asdict(facts.mirror) if facts.mirror else None,
        "shared": str(shared),
        "queue_steps": layout.queue_steps,
        "num_weight_bytes": layout.num_weight_bytes,
    }


def _end(process: subprocess.Popen[bytes], shared: SharedArrays) -> None:
    """What stopping comes to. It also runs when a `LearnerBeside` is forgotten and when Python ends."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()  # The process's sign to end.
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shared.forget_name()

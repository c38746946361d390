"""The learner process: `python -m quarterup.training.learner_worker`, started by `learner_process`.

It takes vector steps from a queue in shared memory into the agent's replay, does the updates that they earn, and
publishes the weights. Requests come on its standard input. When that ends, because the trainer closed it or is dead,
the process ends too, and the replay is as it was left.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO

import gymnasium as gym
import numpy as np
import torch

from quarterup.emulators.processors import keep_to
from quarterup.mirror import Mirror
from quarterup.training.errors import RunFolderError
from quarterup.training.learner import Snapshot
from quarterup.training.loading import kind_of_agent
from quarterup.training.locks import LEARNER_LOCK, LEARNER_PATIENCE_S, open_and_lock
from quarterup.training.messages import (
    Message,
    demonstration_of,
    read_message,
    snapshot_message,
    snapshot_of,
    write_message,
)
from quarterup.training.settings import TrainSettings, from_json
from quarterup.training.shared_arrays import Layout, SharedArrays

MAX_UPDATES_BEHIND = 32
"""With so many updates earned and not done, no more vector steps are taken in: the queue fills, and the environments
wait."""
PUBLISH_EVERY_S = 0.05
"""Seconds between weights that are published, at least."""
PUBLISHING_SHARE = 0.05
"""Of the time that it may take: large weights on a GPU, which has to finish its update first, are published less often.
"""
IDLE_S = 0.0005
"""With nothing to do: seconds until the next look."""


class Worker:
    """The agent, and the updates that are due."""

    def __init__(self, begin: Mapping[str, Any], replies: BinaryIO) -> None:
        settings = _settings(begin)
        shape = tuple(begin["observation_shape"])
        layout = Layout(
            begin["num_envs"], shape, begin["observation_dtype"], begin["queue_steps"], begin["num_weight_bytes"]
        )
        torch.set_num_threads(begin["threads"])
        keep_to(begin["processors"])
        self._shared = SharedArrays(Path(begin["shared"]), layout)
        replay = Path(begin["replay"])
        self._lock, locked = open_and_lock(replay.with_name(LEARNER_LOCK), LEARNER_PATIENCE_S)
        """Held until the process ends."""
        if not locked:
            raise RunFolderError(f"Another learner process writes to {replay}. Wait for it to end.")
        if os.name == "posix" and os.getppid() != begin["trainer"]:
            # It was killed while this process started, and the next training may have begun: the replay is its.
            raise RunFolderError("The training that started this learner process is gone.")
        dtype = np.dtype(begin["observation_dtype"])
        low, high = (0, 255) if dtype == np.uint8 else (-np.inf, np.inf)
        self._agent = kind_of_agent(settings.agent).make(
            gym.spaces.Box(low, high, shape, dtype.type),
            begin["num_actions"],
            begin["num_envs"],
            settings.agent_settings,
            settings.seed,
            replay,
            begin["device"],
            Mirror(**begin["mirror"]) if begin["mirror"] else None,
        )
        self._replies = replies
        self._replay_ratio = settings.replay_ratio
        self._board = self._shared.board
        self._updates, self._due, self._learning_s = 0, 0.0, 0.0
        self._failed = False
        """An update went wrong: no more are done, but what was learned before can be asked for."""
        self._publish()

    # ------------------------------------------------------------------------------------------------------- the loop

    def turn(self) -> bool:
        """Take in what is there, do an update if one is due. Returns whether there was anything to do."""
        taken = False
        while self._may_take() and self._take_one():
            taken = True
        if self._is_update_due():
            try:
                self._update()
            except Exception as error:
                self._say(_problem(error, unasked=True))
        elif not taken:
            if self._published < self._updates:
                self._publish()
            return False
        self._show()
        return True

    def answer(self, request: Message) -> None:
        """Do what the trainer asks for, and say so."""
        try:
            self._say(self._do(request))
        except Exception as error:
            self._say(_problem(error))

    def _do(self, request: Message) -> Message:
        if request.name == "snapshot":
            self._catch_up(request.values["steps"])
            return snapshot_message("snapshot", Snapshot(self._agent.state(), self._updates, self._due))
        if request.name == "load":
            snapshot = snapshot_of(request)
            self._agent.load(snapshot.agent)
            self._updates, self._due = snapshot.updates, snapshot.due
        elif request.name == "demonstrate":
            self._agent.demonstrate(*demonstration_of(request))
        elif request.name == "adjust":
            self._agent.adjust(_settings(request.values).agent_settings)
        elif request.name == "forget":
            self._catch_up(request.values["steps"])
            self._agent.forget()
        elif request.name == "finish":
            self._catch_up(request.values["steps"])
            while self._is_update_due():
                self._update()
        else:
            raise ValueError(f"There is no request {request.name!r}.")
        self._publish()
        self._show()
        return Message("done")

    def _catch_up(self, steps: int) -> None:
        """Take in all vector steps up to this one since the start; updates wait, unless the agent has no replay."""
        while self._board["read"][0] < steps:
            if self._may_take() or self._agent.replays:
                self._take_one()
            elif self._is_update_due():
                self._update()
            else:
                return  # The update failed that would make room.

    def _take_one(self) -> bool:
        """One vector step from the queue to the agent. Returns whether there was one."""
        queue = self._shared.queue
        if queue.is_empty:
            return False
        transitions = queue.first()
        self._agent.observe(transitions)
        if self._agent.replays and self._agent.ready():
            self._due += self._replay_ratio * int(np.count_nonzero(transitions.valid))
        queue.remove_first()
        return True

    def _may_take(self) -> bool:
        return not self._agent.ready() or (self._agent.replays and self._due < MAX_UPDATES_BEHIND)

    def _is_update_due(self) -> bool:
        """What is due waits while the replay is too empty: it was flushed, or lost between two sessions."""
        return not self._failed and self._agent.ready() and (self._due >= 1 or not self._agent.replays)

    def _update(self) -> None:
        began = time.perf_counter()
        try:
            metrics = self._agent.learn()
        except Exception:
            self._failed = True
            raise
        now = time.perf_counter()
        self._learning_s += now - began
        self._updates += 1
        self._due -= float(self._agent.replays)
        if metrics:
            self._say(Message("metrics", dict(metrics)))
        if now >= self._publish_at:
            self._publish()

    def _publish(self) -> None:
        began = time.perf_counter()
        self._shared.publish(self._agent.actor.weights())
        self._published = self._updates
        took = time.perf_counter() - began
        self._publish_at = began + max(PUBLISH_EVERY_S, took / PUBLISHING_SHARE)

    def _show(self) -> None:
        board, fill = self._board[0], self._agent.fill()
        board["updates"], board["due"], board["learning_s"] = self._updates, self._due, self._learning_s
        board["ready"] |= self._agent.ready()
        board["fill"] = -1.0 if fill is None else fill

    def _say(self, message: Message) -> None:
        with contextlib.suppress(OSError):  # The trainer is gone, and soon this process is.
            write_message(self._replies, message)


def main() -> None:
    """Serve until standard input ends."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Nothing that is printed gets between the messages.
    begin = read_message(requests)
    if begin is None:
        return
    try:
        worker = Worker(begin.values, replies)
    except Exception as error:
        write_message(replies, _problem(error))
        return
    write_message(replies, Message("done"))
    inbox: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), name="requests", daemon=True).start()
    is_busy = True
    while True:
        try:
            request = inbox.get(block=not is_busy, timeout=None if is_busy else IDLE_S)
        except Empty:
            is_busy = worker.turn()
            continue
        if request is None:
            return
        worker.answer(request)


def _listen(requests: BinaryIO, inbox: SimpleQueue[Message | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while (request := read_message(requests)) is not None:
            inbox.put(request)
    inbox.put(None)


def _settings(begin: Mapping[str, Any]) -> TrainSettings:
    recorded = begin["settings"]
    return from_json(recorded, kind_of_agent(recorded["agent"]).settings)


def _problem(error: Exception, *, unasked: bool = False) -> Message:
    trace = "".join(traceback.format_exception(error))
    values = {"kind": type(error).__name__, "text": str(error), "trace": trace, "unasked": unasked}
    return Message("problem", values)


if __name__ == "__main__":
    main()

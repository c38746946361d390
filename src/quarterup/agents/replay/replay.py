"""Prioritised replay of N parallel streams of transitions, with n-step targets and frame stacks made by index.

Every observation is kept once: the next observation of a slot is the observation of the slot after it in its stream.
All streams advance together, one row of N slots each vector step, round a ring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.replay.gather import gather_stacks, n_step_targets, slots_with_new_targets
from quarterup.agents.replay.storage import Field, ReplayDirectoryError, in_directory, in_memory
from quarterup.agents.replay.sum_tree import SumTree, num_nodes

PRIORITY_FLOOR = 1e-6
"""Added to every error, so that no transition is lost for good (epsilon in section 3.3 of Schaul et al., 2016)."""

MAX_STACK = 255
"""Steps into the episode are kept in one byte."""


@dataclass(frozen=True)
class Batch:
    """B sampled transitions. All tensors are the replay's own memory: the next `sample` of the same size reuses
    it."""

    observations: torch.Tensor
    """Shape (B, *observation_shape), in the environment's dtype."""
    actions: torch.Tensor
    """int64, shape (B,)."""
    returns: torch.Tensor
    """Discounted sum of the next k rewards, float32, shape (B,). k is n_step, or less at an episode's end."""
    next_observations: torch.Tensor
    """The observation k steps later, like `observations`. Of no meaning where the discount is 0."""
    discounts: torch.Tensor
    """gamma^k, or 0 where the episode terminated within the k steps. float32, shape (B,)."""
    weights: torch.Tensor
    """Importance weights, the largest of the batch 1. float32, shape (B,)."""
    expert: torch.Tensor
    """The action was the expert's. bool, shape (B,)."""
    indices: NDArray[np.int64]
    """Slots, for `update_priorities`. Shape (B,)."""

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on `device`; itself if they are there."""
        if device == self.observations.device:
            return self
        tensors = {name: value.to(device) for name, value in vars(self).items() if name != "indices"}
        return Batch(**tensors, indices=self.indices)


class Replay:
    """Ring of the newest transitions of N environments, sampled by priority.

    A slot can be sampled from the moment on that its n-step target is known, and until its frame stack or itself is
    overwritten. At an episode's end all its slots become known: the last n - 1 of them have shorter targets.
    """

    def __init__(
        self,
        *,
        observation_shape: tuple[int, ...],
        observation_dtype: DTypeLike,
        num_envs: int,
        capacity: int,
        n_step: int,
        gamma: float,
        stack: int = 1,
        priority_exponent: float = 0.5,
        directory: Path | None = None,
    ) -> None:
        """Make an empty replay, or open the one in `directory`.

        Args:
            observation_shape: of one environment's observation, as it comes and as it is returned. With `stack` above
                1 its first axis is the stack of frames, newest last; only the newest frame is kept.
            observation_dtype: kept and returned as it is.
            num_envs: number of streams.
            capacity: slots over all streams, rounded down to a multiple of `num_envs`.
            n_step: rewards in a target before it bootstraps.
            gamma: discount of one step.
            stack: frames that the environment stacks; at an episode's start they must be copies of its first frame,
                as Gymnasium's FrameStackObservation gives them.
            priority_exponent: 0 samples uniformly, 1 in proportion to the error.
            directory: keep everything in files there, or only in memory. The files are memory-mapped: they survive
                the end of the process, however it ends, but not for certain that of the machine.

        Raises:
            ReplayDirectoryError: `directory` holds something other than a replay made with the same arguments.
        """
        self._frame_shape = _frame_shape(observation_shape, stack)
        self.num_envs = num_envs
        self.num_rows = capacity // num_envs
        if n_step < 1 or self.num_rows < n_step + stack:
            raise ValueError(
                f"A capacity of {capacity} gives {self.num_rows} slots to each of {num_envs} environments;"
                f" n_step {n_step} and stack {stack} need at least {max(n_step, 1) + stack} slots each."
            )
        self.capacity = self.num_rows * num_envs
        self.n_step = n_step
        self.gamma = gamma
        self.stack = stack
        self.priority_exponent = priority_exponent
        self.observation_shape = observation_shape
        self.observation_dtype = np.dtype(observation_dtype)
        fields = _fields(self._frame_shape, self.observation_dtype, self.capacity)
        reopened = False
        if directory is None:
            arrays = in_memory(fields)
        else:
            facts = {"num_envs": num_envs, "n_step": n_step, "stack": stack}
            arrays, reopened = in_directory(directory, fields, facts)
        self._frames = arrays["frames"]
        self._actions = arrays["actions"]
        self._rewards = arrays["rewards"]
        self._terminated = arrays["terminated"]
        self._valid = arrays["valid"]
        self._expert = arrays["expert"]
        self._steps_into_episode = arrays["steps_into_episode"]
        self._cursor = arrays["cursor"]
        self._leaves = arrays["tree"][num_nodes(self.capacity) // 2 :]
        try:
            self._tree = SumTree(self.capacity, arrays["tree"])
        except ValueError as error:
            raise ReplayDirectoryError(f"{directory}: {error} Delete the directory to start anew.") from error
        if not reopened:
            self._cursor["max_priority"] = 1.0
        self._check_cursor(directory)
        self._is_cut = reopened
        self._has_ended = np.zeros(num_envs, dtype=np.bool_)
        self._released = np.empty(num_envs * n_step, dtype=np.int64)
        self._all_streams = np.arange(num_envs, dtype=np.int64)
        self._batches: dict[int, tuple[Batch, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        """Slots that hold something, those that cannot be sampled included."""
        return min(self.rows_written, self.num_rows) * self.num_envs

    @property
    def rows_written(self) -> int:
        """Vector steps taken in since the replay was new."""
        return int(self._cursor["rows_written"][0])

    @property
    def max_priority(self) -> float:
        """The largest priority given so far, which new transitions get."""
        return float(self._cursor["max_priority"][0])

    @property
    def can_sample(self) -> bool:
        """Whether at least one transition has a known target."""
        return self._tree.total > 0

    def add(self, transitions: Transitions) -> None:
        """Take in one vector step: row i of `transitions` goes on stream i.

        Raises ValueError if the step does not follow from the one before: see `Transitions` for what must follow an
        episode's end. An invalid row without an end before it counts as a truncation (an emulator that was replaced).
        """
        if self._is_cut:
            self._end_all_episodes()
        self._check(transitions)
        row = self.rows_written % self.num_rows
        here = slice(row * self.num_envs, (row + 1) * self.num_envs)
        newest = transitions.observations if self.stack == 1 else transitions.observations[:, -1]
        starts = self._starts_episode()
        before = (row - 1) % self.num_rows
        steps = np.minimum(self._row(self._steps_into_episode, before), MAX_STACK - 1) + np.uint8(1)
        if self.stack > 1:
            self._check_first_stacks(transitions.observations, starts)
        self._close_rows(row)
        self._frames[here] = newest
        self._actions[here] = transitions.actions
        self._rewards[here] = transitions.rewards
        self._terminated[here] = transitions.terminated
        self._valid[here] = transitions.valid
        self._expert[here] = transitions.expert
        self._steps_into_episode[here] = np.where(starts, np.uint8(0), steps)
        self._has_ended = (transitions.terminated | transitions.truncated) & transitions.valid
        self._cursor["rows_written"] += 1
        self._release(row)

    def sample(self, batch_size: int, beta: float, rng: np.random.Generator) -> Batch:
        """Draw `batch_size` transitions, stratified by priority. Raises ValueError if there is none yet.

        Args:
            batch_size: B.
            beta: how far the importance weights make up for the uneven sampling: 0 not at all, 1 in full.
            rng: source of the draw.
        """
        if batch_size not in self._batches:
            self._batches[batch_size] = self._new_batch(batch_size)
        batch, bootstrap_slots = self._batches[batch_size]
        slots = self._tree.sample(rng.random(batch_size))
        batch.indices[:] = slots
        n_step_targets(
            slots,
            self._rewards,
            self._terminated,
            self._valid,
            self.num_envs,
            self.n_step,
            self.gamma,
            batch.returns.numpy(),
            batch.discounts.numpy(),
            bootstrap_slots,
        )
        self._gather(slots, batch.observations)
        self._gather(bootstrap_slots, batch.next_observations)
        np.take(self._actions, slots, out=batch.actions.numpy(), mode="clip")
        np.take(self._expert, slots, out=batch.expert.numpy(), mode="clip")
        batch.weights.numpy()[:] = importance_weights(self._tree.get(slots), beta)
        return batch

    def update_priorities(self, slots: NDArray[np.int64], errors: NDArray[np.floating[Any]]) -> None:
        """Give `slots` new priorities: (|error| + floor) ^ priority_exponent. Slots that closed since keep 0."""
        priorities = (np.abs(errors, dtype=np.float64) + PRIORITY_FLOOR) ** self.priority_exponent
        priorities *= self._tree.get(slots) > 0
        self._tree.set(slots, priorities)
        self._cursor["max_priority"] = max(self.max_priority, float(priorities.max()))

    def begin_new_episodes(self) -> None:
        """Say that the next rows do not follow from the newest ones, as after a restart.

        The newest observations then count as the last of truncated episodes. Until the next `add` nothing changes.
        """
        self._is_cut = True

    def _row(self, array: NDArray[Any], row: int) -> NDArray[Any]:
        return array[row * self.num_envs : (row + 1) * self.num_envs]

    def _starts_episode(self) -> NDArray[np.bool_]:
        """Which streams begin an episode with the row that is written next, shape (N,)."""
        if self.rows_written == 0:
            return np.ones(self.num_envs, dtype=np.bool_)
        return ~self._row(self._valid, (self.rows_written - 1) % self.num_rows)

    def _close_rows(self, row: int) -> None:
        """Take away the priority of the row to be overwritten, and of those after it whose stacks reach into it."""
        if self.rows_written < self.num_rows:
            return
        for offset in range(self.stack):
            slots = (row + offset) % self.num_rows * self.num_envs + self._all_streams
            reaches = self._steps_into_episode[slots] >= offset
            self._tree.set(slots[reaches], np.zeros(int(reaches.sum())))

    def _release(self, row: int) -> None:
        """Give the maximal priority to the slots whose targets the newest row completes."""
        rows_before = min(self.rows_written, self.num_rows) - 1
        count = slots_with_new_targets(
            row, rows_before, self._valid, self._leaves, self.num_envs, self.n_step, self._released
        )
        if count:
            self._tree.set(self._released[:count], np.full(count, self.max_priority))

    def _end_all_episodes(self) -> None:
        """After a restart new episodes begin: the newest row's outcome stays unknown, its observation is the last."""
        self._is_cut = False
        self._has_ended[:] = False
        if self.rows_written:
            row = (self.rows_written - 1) % self.num_rows
            self._row(self._valid, row)[:] = False
            self._release(row)

    def _gather(self, slots: NDArray[np.int64], out: torch.Tensor) -> None:
        if self.stack == 1:
            np.take(self._frames, slots, axis=0, out=out.numpy(), mode="clip")
        else:
            stacks = out.numpy().reshape(slots.size, self.stack, -1)
            frames = self._frames.reshape(self.capacity, -1)
            gather_stacks(slots, frames, self._steps_into_episode, self.num_envs, stacks)

    def _new_batch(self, size: int) -> tuple[Batch, NDArray[np.int64]]:
        observations = np.zeros((2, size, *self.observation_shape), dtype=self.observation_dtype)
        batch = Batch(
            observations=torch.from_numpy(observations[0]),
            actions=torch.zeros(size, dtype=torch.int64),
            returns=torch.zeros(size),
            next_observations=torch.from_numpy(observations[1]),
            discounts=torch.zeros(size),
            weights=torch.zeros(size),
            expert=torch.zeros(size, dtype=torch.bool),
            indices=np.zeros(size, dtype=np.int64),
        )
        return batch, np.zeros(size, dtype=np.int64)

    def _check(self, transitions: Transitions) -> None:
        expected = (self.num_envs, *self.observation_shape)
        found = transitions.observations
        if found.shape != expected or found.dtype != self.observation_dtype:
            raise ValueError(
                f"The replay takes {self.observation_dtype} observations of shape {expected}, got"
                f" {found.dtype} of shape {found.shape}."
            )
        if not np.all(np.isfinite(transitions.rewards)):
            raise ValueError(f"Rewards must be finite, got {transitions.rewards}.")
        if np.any(self._has_ended & transitions.valid):
            stream = int(np.flatnonzero(self._has_ended & transitions.valid)[0])
            raise ValueError(
                f"Environment {stream} ended its episode in the step before, so this row must hold the final"
                " observation and have `valid` False (Gymnasium's AutoresetMode.NEXT_STEP)."
            )

    def _check_first_stacks(self, observations: NDArray[Any], starts: NDArray[np.bool_]) -> None:
        if not np.any(starts):
            return
        first = observations[starts]
        if not np.array_equal(first, np.broadcast_to(first[:, -1:], first.shape)):
            raise ValueError(
                f"At an episode's start all {self.stack} frames of a stack must be its first frame, as"
                " Gymnasium's FrameStackObservation gives them with padding_type='reset'."
            )

    def _check_cursor(self, directory: Path | None) -> None:
        if self.rows_written < 0 or not (0 < self.max_priority < math.inf):
            raise ReplayDirectoryError(
                f"{directory}: the cursor is damaged ({self.rows_written} rows, maximal priority"
                f" {self.max_priority}). Delete the directory to start with an empty replay."
            )


def importance_weights(priorities: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """(slots * probability)^-beta, divided by the largest of the batch: section 3.4 of Schaul et al., 2016.

    The number of slots and the sum of priorities cancel, so that (smallest priority / priority)^beta is left.
    """
    weights: NDArray[np.float64] = (priorities.min() / priorities) ** beta
    return weights


def replay_bytes(
    *,
    observation_shape: tuple[int, ...],
    observation_dtype: DTypeLike,
    num_envs: int,
    capacity: int,
    stack: int = 1,
) -> int:
    """Bytes that a `Replay` of these arguments takes in memory or on disk, batches not counted."""
    slots = capacity // num_envs * num_envs
    fields = _fields(_frame_shape(observation_shape, stack), np.dtype(observation_dtype), slots)
    return sum(field.num_bytes for field in fields.values())


def _frame_shape(observation_shape: tuple[int, ...], stack: int) -> tuple[int, ...]:
    if stack == 1:
        return observation_shape
    if not 1 <= stack <= MAX_STACK or len(observation_shape) < 2 or observation_shape[0] != stack:
        raise ValueError(
            f"With a stack of {stack} (1 to {MAX_STACK}) observations must have the shape ({stack}, height,"
            f" width), got {observation_shape}."
        )
    return observation_shape[1:]


def _fields(frame_shape: tuple[int, ...], dtype: np.dtype[Any], slots: int) -> dict[str, Field]:
    cursor = np.dtype([("rows_written", np.int64), ("max_priority", np.float64)])
    return {
        "frames": Field((slots, *frame_shape), dtype),
        "actions": Field((slots,), np.dtype(np.int64)),
        "rewards": Field((slots,), np.dtype(np.float32)),
        "terminated": Field((slots,), np.dtype(np.bool_)),
        "valid": Field((slots,), np.dtype(np.bool_)),
        "expert": Field((slots,), np.dtype(np.bool_)),
        "steps_into_episode": Field((slots,), np.dtype(np.uint8)),
        "tree": Field((num_nodes(slots),), np.dtype(np.float64)),
        "cursor": Field((1,), cursor),
    }

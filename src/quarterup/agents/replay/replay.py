"""Prioritised replay of N parallel streams of transitions, with n-step targets and frame stacks made by index.

Every observation is kept once: the next observation of a slot is the observation of the slot after it in its stream.
Each stream is a ring of its own, so streams need not advance together: several actors can each write theirs.
"""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.replay import gather, rows
from quarterup.agents.replay.batch import Batch, BatchMemory, new_batch_memory
from quarterup.agents.replay.layout import dtype_to_keep, replay_fields
from quarterup.agents.replay.storage import ReplayDirectoryError, in_directory, in_memory
from quarterup.agents.replay.sum_tree import LARGEST_PRIORITY, SumTree

PRIORITY_FLOOR = 1e-6
"""Added to every error, so that no transition is lost for good (epsilon in section 3.3 of Schaul et al., 2016)."""

BUFFERS = 2
"""Batches of one size that exist at a time: one in use, one that is being prepared."""


class Replay:
    """Ring of the newest transitions of each of N environments, sampled by priority.

    A slot can be sampled from the moment on that its n-step target is known, and until its frame stack or itself is
    overwritten. At an episode's end all its slots become known: the last n - 1 of them have shorter targets.

    Any number of threads may call any method: each call does its work while it holds the one lock, and the compiled
    functions let other threads run Python meanwhile. A stream should have one writer.
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
        num_actions: int = 256,
        kept_dtype: DTypeLike | None = None,
        priority_exponent: float = 0.5,
        death_boost_steps: int = 0,
        death_boost: float = 2.0,
        directory: Path | None = None,
        pinned: bool = False,
    ) -> None:
        """Make an empty replay, or open the one in `directory`.

        Args:
            observation_shape: of one environment's observation, as it comes and as it is returned. With `stack` above
                1 its first axis is the stack of frames, newest last; only the newest frame is kept.
            observation_dtype: as observations come.
            num_envs: number of streams.
            capacity: slots over all streams, rounded down to a multiple of `num_envs`.
            n_step: rewards in a target before it bootstraps.
            gamma: discount of one step.
            stack: frames that the environment stacks; at an episode's start they must be copies of its first frame,
                as Gymnasium's FrameStackObservation gives them.
            num_actions: actions are below this; up to 256 take one byte each.
            kept_dtype: float16 or float32, to keep floating-point observations as; they come back as float32. None
                keeps and returns them as they come.
            priority_exponent: 0 samples uniformly, 1 in proportion to the error.
            death_boost_steps: how many of the last steps before a termination get a higher priority.
            death_boost: by how much it is multiplied; the next update of a priority forgets it.
            directory: keep everything in files there, or only in memory. The files are memory-mapped: they survive
                the end of the process, however it ends, but not for certain that of the machine.
            pinned: keep batches in page-locked memory, for faster copies to a CUDA device.

        Raises:
            ReplayDirectoryError: `directory` holds something other than a replay made with the same arguments.
            ReplayTooLargeError: memory, or the disk of `directory`, is too small. It says what would fit.
        """
        self.num_envs = num_envs
        self.num_rows = capacity // num_envs
        if n_step < 1 or self.num_rows < n_step + stack:
            raise ValueError(
                f"A capacity of {capacity} gives {self.num_rows} slots to each of {num_envs} environments;"
                f" n_step {n_step} and stack {stack} need at least {max(n_step, 1) + stack} slots each."
            )
        if death_boost_steps < 0 or not 0 < death_boost < math.inf:
            raise ValueError(
                f"death_boost_steps must be 0 or more, and death_boost above 0, got {death_boost_steps} and"
                f" {death_boost}."
            )
        self.capacity = self.num_rows * num_envs
        self.n_step = n_step
        self.gamma = gamma
        self.stack = stack
        self.num_actions = num_actions
        self.priority_exponent = priority_exponent
        self.death_boost_steps = min(death_boost_steps, self.num_rows)
        self.death_boost = death_boost
        self.observation_shape = observation_shape
        self.observation_dtype = np.dtype(observation_dtype)
        self.kept_dtype = dtype_to_keep(self.observation_dtype, kept_dtype)
        self._pinned = pinned
        self._lock = threading.Lock()
        self._open(directory)
        self._first_priorities = np.zeros((num_envs, n_step + 1))
        self._all_streams = np.arange(num_envs, dtype=np.int64)
        self._batches: dict[int, list[BatchMemory]] = {}

    def _open(self, directory: Path | None) -> None:
        fields = replay_fields(
            observation_shape=self.observation_shape,
            dtype=self.kept_dtype,
            num_envs=self.num_envs,
            slots=self.capacity,
            stack=self.stack,
            num_actions=self.num_actions,
        )
        reopened = False
        if directory is None:
            arrays = in_memory(fields, self.capacity)
        else:
            facts = {"num_envs": self.num_envs, "n_step": self.n_step, "stack": self.stack}
            arrays, reopened = in_directory(directory, fields, facts, self.capacity)
        self._frames = arrays["frames"]
        self._actions = arrays["actions"]
        self._rewards = arrays["rewards"]
        self._flags = arrays["flags"]
        self._steps_into_episode = arrays["steps_into_episode"]
        self._rows_written = arrays["rows_written"]
        self._max_priority = arrays["max_priority"]
        try:
            self._tree = SumTree(self.capacity, arrays["priorities"])
        except ValueError as error:
            raise ReplayDirectoryError(f"{directory}: {error} Delete the directory to start anew.") from error
        if not reopened:
            self._max_priority[0] = 1.0
        if np.any(self._rows_written < 0) or not 0 < self.max_priority <= LARGEST_PRIORITY:
            raise ReplayDirectoryError(
                f"{directory}: the counters are damaged ({self._rows_written.tolist()} rows, maximal priority"
                f" {self.max_priority}). Delete the directory to start with an empty replay."
            )
        self._is_cut = np.full(self.num_envs, reopened)

    def __len__(self) -> int:
        """Slots that hold something, those that cannot be sampled included."""
        return int(np.minimum(self._rows_written, self.num_rows).sum())

    @property
    def rows_written(self) -> NDArray[np.int64]:
        """Steps taken in on each stream since the replay was new, shape (num_envs,)."""
        return self._rows_written.copy()

    @property
    def max_priority(self) -> float:
        """The largest priority given so far, which new transitions get."""
        return float(self._max_priority[0])

    @property
    def can_sample(self) -> bool:
        """Whether at least one transition has a known target."""
        return self._tree.total > 0

    # -------------------------------------------------------------------------------------------------------- writing

    def add(
        self,
        transitions: Transitions,
        *,
        streams: ArrayLike | None = None,
        errors: NDArray[np.floating[Any]] | None = None,
    ) -> None:
        """Take in one step of some or all streams: row i of `transitions` goes on stream i, or on `streams[i]`.

        Args:
            transitions: of N environments.
            streams: N different stream numbers; all in their order if not given.
            errors: what the actor expects these transitions' errors to be, shape (N,); they get the priorities of
                these errors when their targets are known. If not given they get the largest priority so far.

        Raises ValueError, and changes nothing, if a step does not follow from the one before on its stream: see
        `Transitions` for what must follow an episode's end. An invalid row without an end before it counts as a
        truncation (an emulator that was replaced). So does a number that cannot be kept: an observation beyond
        `kept_dtype`, an action from `num_actions` on, a reward or error that is not finite.
        """
        chosen = self._all_streams if streams is None else self._check_streams(streams)
        self._check_values(transitions, chosen.size, errors)
        frames = self._as_kept(transitions.observations if self.stack == 1 else transitions.observations[:, -1])
        with self._lock:
            newest = np.empty(chosen.size, np.uint8)
            rows.newest_flags(chosen, self._rows_written, self._is_cut, self._flags, self.num_rows, newest)
            starts = newest & gather.VALID == 0
            self._check_order(transitions, chosen, newest)
            if self.stack > 1:
                self._check_first_stacks(transitions.observations, starts)
            if self._is_cut.any():
                self._end_open_episodes(chosen)
            self._write(transitions, chosen, frames, starts, errors)

    def begin_new_episodes(self, streams: ArrayLike | None = None) -> None:
        """Say that the next rows of `streams`, or of all, do not follow from the newest ones, as after a restart.

        The newest observations then count as the last of truncated episodes. Until the next `add` nothing changes.
        """
        with self._lock:
            self._is_cut[self._all_streams if streams is None else self._check_streams(streams)] = True

    def clear(self) -> None:
        """Forget everything. The next rows begin new episodes."""
        with self._lock:
            self._tree.clear()  # First: whatever ends the process now, nothing half forgotten can be sampled.
            self._rows_written[:] = 0
            self._flags[:] = 0
            self._steps_into_episode[:] = 0
            self._max_priority[0] = 1.0
            self._is_cut[:] = False

    def _write(
        self,
        transitions: Transitions,
        streams: NDArray[np.int64],
        frames: NDArray[Any],
        starts: NDArray[np.bool_],
        errors: NDArray[np.floating[Any]] | None,
    ) -> None:
        slots = np.empty(streams.size, np.int64)
        rows.begin_rows(
            streams, self._rows_written, self._steps_into_episode, self.num_rows, self.stack, self._tree.nodes, slots
        )
        self._frames[slots] = frames
        rows.write_scalars(
            slots,
            starts,
            transitions.actions,
            transitions.rewards,
            (transitions.valid, transitions.terminated, transitions.truncated, transitions.expert),
            self.num_rows,
            self._actions,
            self._rewards,
            self._flags,
            self._steps_into_episode,
        )
        self._first_priorities[streams, self._rows_written[streams] % (self.n_step + 1)] = (
            0.0 if errors is None else (np.abs(errors, dtype=np.float64) + PRIORITY_FLOOR) ** self.priority_exponent
        )
        self._rows_written[streams] += 1
        self._complete(streams)

    def _complete(self, streams: NDArray[np.int64]) -> None:
        """Open the slots whose targets the newest rows of `streams` have completed."""
        rows.end_rows(
            streams,
            self._rows_written,
            self._flags,
            self.num_rows,
            self.n_step,
            self._tree.nodes,
            self._first_priorities,
            self.max_priority,
            self.death_boost_steps,
            self.death_boost,
        )

    def _end_open_episodes(self, streams: NDArray[np.int64]) -> None:
        """After a restart new episodes begin: the newest row's outcome stays unknown, its observation is the last."""
        cut = streams[self._is_cut[streams] & (self._rows_written[streams] > 0)]
        newest = cut * self.num_rows + (self._rows_written[cut] - 1) % self.num_rows
        is_open = self._flags[newest] & gather.VALID != 0
        self._flags[newest[is_open]] &= ~np.uint8(gather.VALID)
        self._complete(cut[is_open])
        self._is_cut[streams] = False

    # -------------------------------------------------------------------------------------------------------- reading

    def sample(self, batch_size: int, beta: float, rng: np.random.Generator) -> Batch:
        """Draw `batch_size` transitions, stratified by priority. Raises ValueError if there is none yet.

        Calls with the same size take turns between two pieces of memory, so the next batch can be prepared, in
        another thread, while the last one is in use.

        Args:
            batch_size: B.
            beta: how far the importance weights make up for the uneven sampling: 0 not at all, 1 in full.
            rng: source of the draw.
        """
        with self._lock:
            if batch_size not in self._batches:
                self._batches[batch_size] = [self._new_memory(batch_size) for _ in range(BUFFERS)]
            memory = self._batches[batch_size].pop(0)
            self._batches[batch_size].append(memory)
            self._tree.sample(rng.random(batch_size), memory.slots)
            self._fill(memory, beta)
        return memory.batch

    def update_priorities(self, slots: NDArray[np.int64], errors: NDArray[np.floating[Any]]) -> None:
        """Give `slots` new priorities: (|error| + floor) ^ priority_exponent. Slots that closed since keep 0.

        Raises ValueError, and changes nothing, if an error is not finite or a slot is out of range.
        """
        self._tree.check_slots(slots)
        if slots.shape != errors.shape:
            raise ValueError(f"{slots.size} slots were given {errors.size} errors.")
        with self._lock:
            largest = rows.new_priorities(self._tree.nodes, slots, errors, PRIORITY_FLOOR, self.priority_exponent)
            if largest < 0:
                raise ValueError(f"Errors must be finite, got {errors}.")
            self._max_priority[0] = max(self.max_priority, largest)

    def _fill(self, memory: BatchMemory, beta: float) -> None:
        """Everything about `memory.slots`."""
        gather.n_step_targets(
            memory.slots,
            self._rewards,
            self._flags,
            self.num_rows,
            self.n_step,
            self.gamma,
            memory.returns,
            memory.discounts,
            memory.bootstrap_slots,
        )
        gather.gather_scalars(
            memory.slots,
            self._actions,
            self._flags,
            self._tree.nodes[0],
            beta,
            memory.actions,
            memory.expert,
            memory.weights,
        )
        self._gather_frames(memory.slots, memory.sources, memory.observations)
        self._gather_frames(memory.bootstrap_slots, memory.sources, memory.next_observations)

    def _gather_frames(self, slots: NDArray[np.int64], sources: NDArray[np.int64], into: NDArray[Any]) -> None:
        gather.stack_slots(slots, self._steps_into_episode, self.num_rows, sources)
        frames = self._frames.reshape(self.capacity, -1)
        if self.kept_dtype == np.float16:
            gather.copy_float16_frames(frames.view(np.uint16), sources.ravel(), into, into.view(np.uint32))
        else:
            gather.copy_frames(frames, sources.ravel(), into)

    def _new_memory(self, size: int) -> BatchMemory:
        dtype = np.dtype(np.float32) if self.kept_dtype == np.float16 else self.kept_dtype
        return new_batch_memory(size, self.observation_shape, dtype, self.stack, pinned=self._pinned)

    # ------------------------------------------------------------------------------------------------- what is refused

    def _check_streams(self, streams: ArrayLike) -> NDArray[np.int64]:
        chosen = np.asarray(streams, dtype=np.int64)
        outside = (chosen < 0) | (chosen >= self.num_envs)
        if chosen.ndim != 1 or outside.any() or len(set(chosen.tolist())) < chosen.size:
            raise ValueError(f"Streams must be different numbers from 0 to {self.num_envs - 1}, got {streams!r}.")
        return chosen

    def _check_values(self, transitions: Transitions, count: int, errors: NDArray[np.floating[Any]] | None) -> None:
        expected = (count, *self.observation_shape)
        found = transitions.observations
        if found.shape != expected or found.dtype != self.observation_dtype:
            raise ValueError(
                f"The replay takes {self.observation_dtype} observations of shape {expected}, got"
                f" {found.dtype} of shape {found.shape}."
            )
        for name in ("actions", "rewards", "terminated", "truncated", "valid", "expert"):
            if getattr(transitions, name).shape != (count,):
                raise ValueError(f"`{name}` must have {count} numbers, got {getattr(transitions, name)}.")
        if not rows.are_good(transitions.rewards, transitions.actions, self.num_actions):
            raise ValueError(
                f"Rewards must be finite, and actions lie in 0 to {self.num_actions - 1}, got {transitions.rewards}"
                f" and {transitions.actions}."
            )
        if errors is not None and not (errors.shape == (count,) and np.isfinite(errors).all()):
            raise ValueError(f"Errors must be {count} finite numbers, got {errors}.")

    def _as_kept(self, frames: NDArray[Any]) -> NDArray[Any]:
        if self.kept_dtype == self.observation_dtype:
            return frames
        with np.errstate(over="ignore"):
            kept = frames.astype(self.kept_dtype)
        if not np.isfinite(kept).all():
            number, limit = float(frames[~np.isfinite(kept)][0]), float(np.finfo(self.kept_dtype).max)
            raise ValueError(
                f"An observation holds {number:g}, which {self.kept_dtype} cannot: {limit:g} is its largest number."
                " Scale that feature, or keep observations as they come: replay_dtype as_given."
            )
        return kept

    def _check_order(self, transitions: Transitions, streams: NDArray[np.int64], newest: NDArray[np.uint8]) -> None:
        ends = gather.TERMINATED | gather.TRUNCATED
        follows_end = (newest & gather.VALID != 0) & (newest & ends != 0) & transitions.valid
        if np.any(follows_end):
            raise ValueError(
                f"Environment {streams[follows_end][0]} ended its episode in the step before, so this row must hold"
                " the final observation and have `valid` False (Gymnasium's AutoresetMode.NEXT_STEP)."
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

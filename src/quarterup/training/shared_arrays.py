"""Arrays that the trainer and its learner process both see: transitions on their way, weights on theirs, and counters.

They lie in one file that both processes map. Each number in them has one writer.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

from quarterup.agents.agent import Transitions
from quarterup.training.errors import TrainingError

ALIGNMENT = 64
"""Bytes: no two arrays share a cache line."""
MEMORY_FOLDER = Path("/dev/shm")
"""Where Linux keeps files in memory."""
FILE_PREFIX = "quarterup-learner-"

BOARD = np.dtype(
    [
        ("written", np.int64),  # Vector steps in the queue so far; by the trainer, all others by the learner.
        ("read", np.int64),
        ("version", np.int64),  # Of the weights, counted from 0.
        ("updates", np.int64),
        ("due", np.float64),
        ("learning_s", np.float64),
        ("fill", np.float64),  # Of the replay; below 0 if there is none.
        ("ready", np.int64),
    ]
)


@dataclass(frozen=True)
class Layout:
    """Which arrays there are. Both processes make it from the same facts."""

    num_envs: int
    observation_shape: tuple[int, ...]
    observation_dtype: str
    queue_steps: int
    """Vector steps that the queue has room for."""
    num_weight_bytes: int
    """Of one set of weights."""

    def arrays(self) -> dict[str, tuple[tuple[int, ...], DTypeLike]]:
        """Shapes and dtypes by name."""
        steps = (self.queue_steps, self.num_envs)
        return {
            "board": ((1,), BOARD),
            "observations": ((*steps, *self.observation_shape), self.observation_dtype),
            "actions": (steps, np.int64),
            "rewards": (steps, np.float32),
            "terminated": (steps, np.bool_),
            "truncated": (steps, np.bool_),
            "valid": (steps, np.bool_),
            "expert": (steps, np.bool_),
            "weights": ((2, self.num_weight_bytes), np.uint8),
        }

    def places(self) -> tuple[dict[str, tuple[int, tuple[int, ...], np.dtype[Any]]], int]:
        """Offset, shape and dtype by name, and the bytes of all."""
        places, offset = {}, 0
        for name, (shape, dtype) in self.arrays().items():
            kind = np.dtype(dtype)
            places[name] = (offset, shape, kind)
            offset += -(-int(np.prod(shape, dtype=np.int64)) * kind.itemsize // ALIGNMENT) * ALIGNMENT
        return places, offset


class SharedArrays:
    """The arrays of a layout, in a file."""

    def __init__(self, path: Path, layout: Layout) -> None:
        """Map the file that `create` made."""
        self.path = path
        places, size = layout.places()
        with path.open("r+b") as file:
            memory = mmap.mmap(file.fileno(), size)
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.frombuffer(memory, dtype, int(np.prod(shape, dtype=np.int64)), offset).reshape(shape)
            for name, (offset, shape, dtype) in places.items()
        }
        self.board: NDArray[Any] = self._arrays["board"]
        self.queue = TransitionQueue(self._arrays)
        self._weights = self._arrays["weights"]

    @classmethod
    def create(cls, layout: Layout) -> SharedArrays:
        """Make the file, in memory where there is room, and map it. Raises TrainingError if there is room nowhere."""
        size = layout.places()[1]
        problem: OSError | None = None
        for folder in (MEMORY_FOLDER, Path(tempfile.gettempdir())):
            if not folder.is_dir():
                continue
            try:
                return cls(_reserve(folder, size), layout)
            except OSError as error:
                problem = error
        raise TrainingError(
            f"{size / 2**20:,.0f} MiB could not be reserved to share with the learner process: {problem}. Make room in"
            f" {tempfile.gettempdir()}, or train with --mode sync."
        )

    def forget_name(self) -> None:
        """Remove the file's name. The arrays stay for as long as a process has them; on Windows that is too early."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def publish(self, weights: Sequence[torch.Tensor]) -> None:
        """By the learner: let the trainer have these weights. It may be reading those of before meanwhile."""
        version = int(self.board["version"][0]) + 1
        with torch.no_grad():
            torch._foreach_copy_(self._views(version, weights), list(weights))
        _fence()
        self.board["version"] = version

    def take_up(self, weights: Sequence[torch.Tensor], known: int) -> int:
        """By the trainer: bring `weights` up to date, in place, unless version `known` is the newest; returns which
        is. They are never half of one set and half of another."""
        version = int(self.board["version"][0])
        while version != known:
            known = version
            _fence()
            with torch.no_grad():
                torch._foreach_copy_(list(weights), self._views(version, weights))
            _fence()
            version = int(self.board["version"][0])  # A newer one: its successor may have overwritten what was read.
        return known

    def _views(self, version: int, like: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """One of the two sets of weights, as tensors of the shapes and dtypes of `like`."""
        row, offset, views = torch.from_numpy(self._weights[version % 2]), 0, []
        for tensor in like:
            num_bytes = tensor.numel() * tensor.element_size()
            views.append(row[offset : offset + num_bytes].view(tensor.dtype).view(tensor.shape))
            offset += -(-num_bytes // ALIGNMENT) * ALIGNMENT
        return views


class TransitionQueue:
    """Vector steps from the trainer to the learner, in order. Whoever finds it full waits; nothing is dropped."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._board = arrays["board"]
        self._columns = {field.name: arrays[field.name] for field in fields(Transitions)}
        self._room = len(arrays["actions"])

    @property
    def is_full(self) -> bool:
        return bool(self._board["written"][0] - self._board["read"][0] >= self._room)

    @property
    def is_empty(self) -> bool:
        return bool(self._board["written"][0] == self._board["read"][0])

    def put(self, transitions: Transitions) -> None:
        """By the trainer; not when it is full."""
        written = int(self._board["written"][0])
        for name, column in self._columns.items():
            column[written % self._room] = getattr(transitions, name)
        _fence()
        self._board["written"] = written + 1

    def first(self) -> Transitions:
        """By the learner, not when it is empty: the oldest step. Its arrays are the queue's until `remove_first`."""
        _fence()
        row = int(self._board["read"][0]) % self._room
        return Transitions(**{name: column[row] for name, column in self._columns.items()})

    def remove_first(self) -> None:
        """By the learner: make room."""
        _fence()
        self._board["read"] += 1


def num_weight_bytes(weights: Sequence[torch.Tensor]) -> int:
    """Bytes that one set of these weights takes."""
    return sum(-(-tensor.numel() * tensor.element_size() // ALIGNMENT) * ALIGNMENT for tensor in weights)


_fences = threading.Lock(), threading.Lock()


def _fence() -> None:
    """What was written before is seen by other processors before what is written after: locks promise that."""
    for lock in _fences:
        with lock:
            pass


def _reserve(folder: Path, size: int) -> Path:
    """A new file of `size` bytes in `folder`, with its room taken now rather than when it is written to."""
    descriptor, name = tempfile.mkstemp(prefix=FILE_PREFIX, dir=folder)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except OSError:
        Path(name).unlink()
        raise
    finally:
        os.close(descriptor)
    return Path(name)

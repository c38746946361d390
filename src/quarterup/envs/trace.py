"""The trace of a game: what was sent to the machine, from the game's start to its end.

A machine in an emulator is deterministic, so this is all that is needed to see the game again, in every frame. It takes
four bytes a step and costs the one who plays nothing; pictures are made later, elsewhere, by playing it again.

In a file it is a safetensors array, the holds, whose metadata says the rest as JSON: no more is read than is there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from quarterup.emulators.emulator import MachineFacts
from quarterup.games.memory_map import MemoryMap

IDLE = 0xFFFF
"""Stands for an action where nothing is held and no step of the agent's is taken: the frame before a first observation,
at the game's start and after a lost life that was reported as an episode's end."""
SUFFIX = ".trace"
FORMAT = 1
MAX_FILE_BYTES = 1 << 26
"""A game of a week would fit. A file that is larger is none of ours, and is not read."""
_HOLDS = "holds"
_METADATA = "trace"


class TraceError(Exception):
    """A trace cannot be read."""


@dataclass(frozen=True)
class Trace:
    """A game as it was played. The fields but the last are what the file's metadata says."""

    game: str
    machine: str
    emulator: str
    """With its version: another one may play another game."""
    rom_status: str
    rom_sha256: Mapping[str, str]
    frame_skip: int
    """Frames that make a step. Holds in a row, but for idle ones, fill whole steps."""
    noops: int
    """Idle frames after the game's own start, before the first hold."""
    score: float
    level: int
    steps: int
    memory_sha256: str
    """Of the game's memory at the end: who plays the trace again finds the very same bytes."""
    holds: NDArray[np.uint32] = field(repr=False)
    """One after another: see `hold`."""

    @property
    def frames(self) -> int:
        """From the first hold to the end."""
        return int((self.holds >> 16).sum())

    def each_hold(self) -> Iterator[tuple[int, int]]:
        """The action that is held, or IDLE, and for how many frames."""
        for code in self.holds.tolist():
            yield code & IDLE, code >> 16


def hold(action: int, frames: int) -> int:
    """One hold as a number: the action's index in the lower half, the frames in the upper one."""
    return frames << 16 | action


def trace_of(facts: MachineFacts, holds: array[int], memory: MemoryMap, **rest: Any) -> Trace:
    """The trace of a game that came to `memory` on the machine of `facts`; `rest` are the other fields."""
    return Trace(
        machine=facts.machine,
        emulator=facts.emulator,
        rom_status=facts.rom_status,
        memory_sha256=digest(memory),
        holds=np.array(holds, np.uint32),
        **rest,
    )


def digest(memory: MemoryMap) -> str:
    """SHA-256 of what a game reads of its machine's memory."""
    return hashlib.sha256(memory.data).hexdigest()


def trace_to_bytes(trace: Trace) -> bytes:
    """What a trace's file holds."""
    values = {item.name: getattr(trace, item.name) for item in dataclasses.fields(trace) if item.name != _HOLDS}
    sums = {"format": FORMAT, "holds_sha256": _sha256(trace.holds)}
    return safetensors.numpy.save({_HOLDS: trace.holds}, {_METADATA: json.dumps({**sums, **values})})


def read_trace(path: Path) -> Trace:
    """Raises TraceError if there is none, or it is damaged, or of another version of quarterup."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TraceError(f"{path} is no trace: it is larger than any.")
        with safetensors.safe_open(path, "np") as file:
            metadata, holds = json.loads(file.metadata()[_METADATA]), file.get_tensor(_HOLDS)
        if metadata.pop("format") != FORMAT:
            raise TraceError(f"{path} is a trace of another version of quarterup, which this one can't read.")
        if metadata.pop("holds_sha256") != _sha256(holds) or holds.dtype != np.uint32 or holds.ndim != 1:
            raise TraceError(f"{path} is damaged: what it holds does not match its checksum.")
        return Trace(holds=holds, **metadata)
    except FileNotFoundError as error:
        raise TraceError(f"There is no trace {path}.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, safetensors.SafetensorError) as error:
        raise TraceError(f"{path} is damaged, or no trace: {error}.") from error


def _sha256(holds: NDArray[np.uint32]) -> str:
    return hashlib.sha256(holds.tobytes()).hexdigest()

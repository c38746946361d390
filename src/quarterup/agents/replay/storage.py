"""Where a replay's arrays live: in memory, or as `.npy` files in a directory that survives the process."""

from __future__ import annotations

import json
import math
import os
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.replay.memory import available_memory

LAYOUT_FILE = "replay.json"
MEMORY_SHARE = 0.9
"""Of the available memory that a replay may fill: the networks and emulators need some too."""


@dataclass(frozen=True)
class Field:
    """Shape and type of one array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class ReplayError(ValueError):
    """A replay cannot be made as it was asked for."""


class ReplayDirectoryError(ReplayError):
    """The directory does not hold the replay that was asked for."""


class ReplayTooLargeError(ReplayError):
    """The replay is larger than the memory, or the disk, that is there for it."""


def in_memory(fields: Mapping[str, Field], capacity: int) -> dict[str, NDArray[Any]]:
    """Arrays of zeros. The system gives the memory only when a part of it is first written.

    Raises ReplayTooLargeError if there is less of it available; `capacity` is what the fields are for.
    """
    needed, free = bytes_of(fields), usable_memory()
    if free is not None and needed > free:
        raise ReplayTooLargeError(too_large(needed, free, "are available in memory", capacity))
    return {name: np.zeros(field.shape, field.dtype) for name, field in fields.items()}


def bytes_of(fields: Mapping[str, Field]) -> int:
    return sum(field.num_bytes for field in fields.values())


def usable_memory() -> int | None:
    """Bytes of memory that a replay may fill, or None where the system doesn't say."""
    available = available_memory()
    return None if available is None else int(MEMORY_SHARE * available)


def too_large(needed: int, free: int, where: str, capacity: int) -> str:
    """A sentence with the capacity that would fit, to two digits."""
    fits = capacity * free // needed
    unit = 10 ** max(0, len(str(fits)) - 2)
    return (
        f"A replay of {capacity:,} transitions needs {needed / 2**30:.2f} GiB, and {free / 2**30:.2f} GiB"
        f" {where}. About {fits // unit * unit:,} transitions fit."
    )


def check_disk(directory: Path, needed: int, capacity: int) -> None:
    """Raise ReplayTooLargeError unless so many bytes are free where `directory` is, or will be."""
    there = next(folder for folder in (directory, *directory.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise ReplayTooLargeError(too_large(needed, free, f"are free on the disk of {directory}", capacity))


def what_memory_lacks(needed: int, capacity: int) -> str | None:
    """A sentence, if memory cannot hold so many bytes of files, that says what would fit."""
    memory = usable_memory()
    if memory is None or needed <= memory:
        return None
    message = too_large(needed, memory, "of memory are available to keep it at hand", capacity)
    return f"{message} Beyond that, learning waits for the disk."


def in_directory(
    directory: Path, fields: Mapping[str, Field], facts: Mapping[str, int], capacity: int
) -> tuple[dict[str, NDArray[Any]], bool]:
    """Memory-mapped arrays, and whether they were there already.

    A new or empty directory gets one file of zeros for each field, its disk space reserved, so that a full disk is an
    error now and not a crash later. `facts` are further numbers that must be the same when the directory is reopened;
    `capacity` is what the fields are for. If memory cannot hold the files, a warning says what would fit.

    Raises:
        ReplayDirectoryError: the directory holds something else, another replay, or a damaged one.
        ReplayTooLargeError: the disk is too small.
    """
    if slow := what_memory_lacks(bytes_of(fields), capacity):
        warnings.warn(slow, stacklevel=3)
    layout = {
        "facts": dict(facts),
        "fields": {name: {"shape": list(f.shape), "dtype": f.dtype.str} for name, f in fields.items()},
    }
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / LAYOUT_FILE).exists():
        _check_layout(directory, layout)
        return {name: np.asarray(_open(directory, name, field)) for name, field in fields.items()}, True
    allowed = {f"{name}.npy" for name in fields} | {f"{LAYOUT_FILE}.tmp"}
    foreign = sorted(path.name for path in directory.iterdir() if path.name not in allowed)
    if foreign:
        raise ReplayDirectoryError(
            f"{directory} holds no replay but other files, {foreign[0]} for one. Choose an empty or new directory."
        )
    check_disk(directory, bytes_of(fields), capacity)
    arrays = {name: np.asarray(_create(directory, name, field)) for name, field in fields.items()}
    # The layout comes last: a directory that has one is complete.
    temporary = directory / f"{LAYOUT_FILE}.tmp"
    temporary.write_text(json.dumps(layout, indent=1))
    temporary.replace(directory / LAYOUT_FILE)
    return arrays, False


def _create(directory: Path, name: str, field: Field) -> NDArray[Any]:
    path = directory / f"{name}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=field.dtype, shape=field.shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                raise ReplayDirectoryError(f"No disk space could be reserved for {path}: {error}.") from error
    return array


def _open(directory: Path, name: str, field: Field) -> NDArray[Any]:
    path = directory / f"{name}.npy"
    advice = f"The replay in {directory} is damaged: delete that directory to start with an empty one."
    try:
        # Writable maps lengthen a file that is too short; read-only ones refuse it.
        np.lib.format.open_memmap(path, mode="r")
        array = np.lib.format.open_memmap(path, mode="r+")
    except (OSError, ValueError) as error:
        raise ReplayDirectoryError(f"{path} cannot be read ({error}). {advice}") from error
    if array.shape != field.shape or array.dtype != field.dtype:
        raise ReplayDirectoryError(
            f"{path} holds {array.dtype} of shape {array.shape}, not {field.dtype} of shape {field.shape}. {advice}"
        )
    return array


def _check_layout(directory: Path, expected: dict[str, Any]) -> None:
    path = directory / LAYOUT_FILE
    try:
        found = json.loads(path.read_text())
        pairs = [
            (f"{part} {name!r}", found[part].get(name), expected[part].get(name))
            for part in expected
            for name in sorted({*expected[part], *found[part]})
        ]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ReplayDirectoryError(
            f"{path} is not the description of a replay ({type(error).__name__}: {error}). Delete the"
            " directory to start with an empty replay."
        ) from error
    for name, is_there, is_needed in pairs:
        if is_there != is_needed:
            raise ReplayDirectoryError(
                f"{directory} holds another replay: {name} is {is_there} there and {is_needed} here. Use the"
                " settings that it was made with, or delete the directory to start with an empty replay."
            )

"""Where a replay's arrays live: in memory, or as `.npy` files in a directory that survives the process."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAYOUT_FILE = "replay.json"


@dataclass(frozen=True)
class Field:
    """Shape and type of one array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class ReplayDirectoryError(ValueError):
    """The directory does not hold the replay that was asked for."""


def in_memory(fields: Mapping[str, Field]) -> dict[str, NDArray[Any]]:
    """Arrays of zeros. The system gives the memory only when a part of it is first written."""
    return {name: np.zeros(field.shape, field.dtype) for name, field in fields.items()}


def in_directory(
    directory: Path, fields: Mapping[str, Field], facts: Mapping[str, int]
) -> tuple[dict[str, NDArray[Any]], bool]:
    """Memory-mapped arrays, and whether they were there already.

    A new or empty directory gets one file of zeros for each field, its disk space reserved, so that a full disk is an
    error now and not a crash later. `facts` are further numbers that must be the same when the directory is reopened.

    Raises:
        ReplayDirectoryError: the directory holds something else, another replay, or a damaged one; or the disk is too
            small.
    """
    layout = {
        "facts": dict(facts),
        "fields": {name: {"shape": list(f.shape), "dtype": f.dtype.str} for name, f in fields.items()},
    }
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / LAYOUT_FILE).exists():
        _check_layout(directory, layout)
        return {name: _open(directory, name, field) for name, field in fields.items()}, True
    allowed = {f"{name}.npy" for name in fields} | {f"{LAYOUT_FILE}.tmp"}
    foreign = sorted(path.name for path in directory.iterdir() if path.name not in allowed)
    if foreign:
        raise ReplayDirectoryError(
            f"{directory} holds no replay but other files, {foreign[0]} for one. Choose an empty or new directory."
        )
    needed = sum(field.num_bytes for field in fields.values())
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise ReplayDirectoryError(
            f"The replay needs {needed / 2**30:.1f} GiB and the disk of {directory} has {free / 2**30:.1f}"
            " GiB free. Choose a smaller capacity or another disk."
        )
    arrays = {name: _create(directory, name, field) for name, field in fields.items()}
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
                " settings that it was made with, or another directory."
            )

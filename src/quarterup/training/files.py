"""Writing files so that they are whole, and outlive a machine that goes down."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """A name to write a file under, which takes the place of `path` once the block has ended well, and is gone if not.

    Whoever reads `path`, at any time, reads a whole one.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside and rename it, on the disk before it has its name."""
    with written_beside(path) as unfinished:
        write_file(unfinished, content)


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk. Windows does so by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

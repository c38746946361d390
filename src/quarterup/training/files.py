"""Writing files so that they outlive a machine that goes down."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside and rename it: whoever reads `path`, at any time, reads a whole one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    write_file(unfinished, content)
    unfinished.replace(path)


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk. Windows does so by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

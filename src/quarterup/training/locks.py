"""Files that one process at a time can claim, until it lets go or dies, however that comes about."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO

LOOK_AGAIN_S = 0.05
RUN_LOCK = "lock"
"""In a run folder, for whoever trains it."""
LEARNER_LOCK = "learner.lock"
"""Beside a replay, for whoever writes to it."""
LOOK_PATIENCE_S = 0.5
"""How long a training waits for a run's lock: longer than somebody has it who only looks whether it is held."""
LEARNER_PATIENCE_S = 30.0
"""How long to wait for the learner process of a training that was killed: it ends after its update."""


def open_and_lock(path: Path, patience_s: float = 0.0) -> tuple[IO[str], bool]:
    """The file, made if need be, and whether it is ours now; if not, after waiting for `patience_s`.

    It is locked until it is closed. Raises OSError if it cannot be opened.
    """
    file = path.open("a+")
    deadline = time.monotonic() + patience_s
    while not (locked := _try_lock(file)) and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)
    return file, locked


def is_run_in_use(run: Path) -> bool:
    """Whether a training holds the run folder. Several may look at once, and a training waits until they have."""
    with (run / RUN_LOCK).open("a+") as file:
        return not _try_lock(file, shared=True)


def _try_lock(file: IO[str], *, shared: bool = False) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # A byte far behind the text, so that others can still read who holds it.
            file.seek(1 << 20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

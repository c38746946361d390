"""The process that makes the video of one game while a training goes on.

`python -m … PACE TRACE VIDEO [ROM FOLDER]…`. The trainer holds the other end of its standard input: when that
closes, this process ends, and its emulator with it.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from quarterup.emulators.guard import run_when_idle
from quarterup.envs.trace import read_trace
from quarterup.training.recording import record_video

WHEN_IDLE, AT_ONCE = "when-idle", "at-once"
"""Whether a training goes on, for whose processes this one makes room, or somebody waits for the video."""


def main() -> int:
    if sys.argv[1] == WHEN_IDLE:
        run_when_idle()
    threading.Thread(target=_end_with_trainer, daemon=True).start()
    trace, video, *roms = map(Path, sys.argv[2:])
    try:
        record_video(read_trace(trace), video, roms=roms, threads=1)
    except Exception as error:
        if not type(error).__module__.startswith("quarterup.") and not isinstance(error, OSError):
            raise
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


def _end_with_trainer() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

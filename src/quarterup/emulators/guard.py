"""The guard of one emulator: it starts the emulator, and ends it when its owner is gone, however that came about.

Run by `child.py` as a script of its own: `python -I -S guard.py FOLDER PROGRAM ARGUMENTS…`. It starts with every
emulator, so it imports little.

The owner holds the other end of the guard's standard input. When that end closes (the owner closed it, crashed, or was
killed with kill -9) the guard kills the emulator and removes its private folder. When the emulator ends first, the
guard writes its exit status to standard output, which tells the owner, and goes on waiting.
"""

import contextlib
import os
import subprocess
import sys
import threading

LOG_NAME = "output.log"
LOCK_NAME = "lock"


def main() -> None:
    folder, *command = sys.argv[1:]
    lock = hold_lock(os.path.join(folder, LOCK_NAME))
    try:
        with open(os.path.join(folder, LOG_NAME), "wb") as log:
            child = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
            )
        threading.Thread(target=report_end, args=(child,), daemon=True).start()
        while os.read(0, 4096):
            pass
        child.kill()
        child.wait()
    finally:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def hold_lock(path: str) -> int:
    """Lock `path` for as long as this process lives: a later start tells a dead folder from a live one by it."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def die_with_parent() -> None:
    """In the emulator, before it starts: ask Linux to kill it should the guard itself be killed."""
    import ctypes
    import signal

    pr_set_pdeathsig = 1  # linux/prctl.h
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def report_end(child: "subprocess.Popen[bytes]") -> None:
    status = child.wait()
    with contextlib.suppress(BrokenPipeError):  # the owner is gone: nobody is left to tell
        os.write(1, f"{status}\n".encode())
    os.close(1)


if __name__ == "__main__":
    main()

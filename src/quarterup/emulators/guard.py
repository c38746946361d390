"""The guard of one emulator: it starts the emulator, and ends it when its owner is gone, however that came about.

Run by `child.py` as a script of its own: `python -I -S guard.py FOLDER PROCESSOR PROGRAM ARGUMENTS…`. It starts with
every emulator, so it imports little. The emulator keeps to PROCESSOR, a number, or runs on `any`.

The owner holds the other end of the guard's standard input. When that end closes (the owner closed it, crashed, or was
killed with kill -9) the guard kills the emulator and removes its private folder. When the emulator ends first, the
guard leaves its exit status in a file, which tells an owner who still waits for the start, and goes on waiting.
"""

import contextlib
import os
import subprocess
import sys
import threading

LOG_NAME = "output.log"
LOCK_NAME = "guard.lock"
STATUS_NAME = "status"
ANY_PROCESSOR = "any"
NICENESS = 5
LOWEST_PRIORITY = 19


def main() -> None:
    folder, processor, *command = sys.argv[1:]
    give_way()
    if processor != ANY_PROCESSOR:
        with contextlib.suppress(OSError):  # a container that forbids it is only slower
            os.sched_setaffinity(0, {int(processor)})
    lock = hold_lock(os.path.join(folder, LOCK_NAME))
    child = reporter = None
    try:
        child = start(command, folder)
        if child is not None:
            reporter = threading.Thread(target=report_end, args=(child, folder))
            reporter.start()
        while os.read(0, 4096):
            pass
    finally:
        if child is not None:
            child.kill()
            child.wait()
        if reporter is not None:
            reporter.join()  # else it may write into the folder while that is being removed
        remove(folder)
        os.close(lock)


def start(command: list[str], folder: str) -> "subprocess.Popen[bytes] | None":
    """Returns None, and says why in the log, if there is no such program."""
    with open(os.path.join(folder, LOG_NAME), "wb") as log:
        try:
            return subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
            )
        except OSError as problem:
            log.write(f"{command[0]} cannot be run: {problem}\n".encode())
            log.flush()
            report(folder, -1)
            return None


def give_way() -> None:
    """Let the emulator, when it is woken, wait for a processor rather than take the owner's.

    The owner may have others to wake just then: two emulators that it drives on two processors ran one after the other
    in a fifth of all steps, because the first one pushed the owner aside. An owner that itself runs only on idle
    processors has an emulator that does so, too.
    """
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_IDLE:
        return run_when_idle()
    if os.name == "posix":
        os.nice(NICENESS)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def run_when_idle() -> None:
    """Make room for everybody who wants the processor. It holds for this process, and those that it starts.

    Linux shares processors between sessions first ("autogroups") and between processes only within one, so a session of
    low processes must itself be a low one.
    """
    if os.name == "posix":
        os.nice(LOWEST_PRIORITY)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container that forbids it is only slower
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as file:
            file.write(str(LOWEST_PRIORITY))


def hold_lock(path: str) -> int:
    """Lock `path` for as long as this process lives: a later start tells a dead folder from a live one by it.

    The lock appears under its name only once it is held, so that nobody takes a new folder for a dead one.
    """
    descriptor = os.open(path + ".new", os.O_CREAT | os.O_RDWR, 0o600)
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.rename(path + ".new", path)
    return descriptor


def die_with_parent() -> None:
    """In the emulator, before it starts: ask Linux to kill it should the guard itself be killed."""
    import ctypes
    import signal

    pr_set_pdeathsig = 1  # linux/prctl.h
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def report_end(child: "subprocess.Popen[bytes]", folder: str) -> None:
    report(folder, child.wait())


def report(folder: str, status: int) -> None:
    with contextlib.suppress(OSError), open(os.path.join(folder, STATUS_NAME), "w") as file:
        file.write(str(status))


def remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

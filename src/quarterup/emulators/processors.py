"""The processors that this process may use, and which of them each of many emulators keeps to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence


def usable_processors() -> list[int]:
    """Their numbers. On a shared machine a process may be confined to some."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def keep_to(processors: Sequence[int] | None) -> None:
    """Let this thread, and whatever it starts, run on `processors` only; None changes nothing.

    Where that cannot be chosen (not Linux), or a container forbids it, all goes on as it was, only slower.
    """
    if processors is not None and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, processors)


@contextlib.contextmanager
def confined_to(processors: Sequence[int] | None) -> Iterator[None]:
    """Within it this thread, and whatever it starts, keeps to `processors`; None changes nothing."""
    before = usable_processors()
    keep_to(processors)
    try:
        yield
    finally:
        keep_to(before)


def spread(emulators: int) -> list[int | None]:
    """A processor for each of `emulators` that run side by side and are waited for together, or None for any.

    With as many as there are processors, or more, each keeps to one. Left to itself Linux often lets two share a
    processor while another is idle: all pause so shortly that it does not think moving one worth while.
    """
    processors = usable_processors()
    if not hasattr(os, "sched_setaffinity") or emulators < max(2, len(processors)):
        return [None] * emulators
    return [processors[index % len(processors)] for index in range(emulators)]

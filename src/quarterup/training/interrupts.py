"""Ctrl-C while training: the first asks for a clean end, the second ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

CLEAN_END = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Within the `with` block, a first Ctrl-C or SIGTERM only sets `signal_number`.

    A second one raises KeyboardInterrupt wherever the program is. Outside the main thread it does nothing.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in CLEAN_END}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
